"""SUPERTREND against its definition."""

from __future__ import annotations

import math
from itertools import pairwise

import exact_levels
import pytest
from indicator_series import RECORDED_FILES, assert_same, columns, first_valid, output, recorded_bars, run, run_on_bars
from tape import Bar, random_bars

from worker.strategies.indicators.supertrend import SUPERTREND


def assert_by_definition(bars: list[Bar], length: int, multiplier: float) -> None:
    states = exact_levels.supertrend(*columns(bars, "high", "low", "close"), length, multiplier)
    ours = run_on_bars(SUPERTREND(length, multiplier), bars)
    assert_same(output(ours, 0), [state and state[0] for state in states], max(bar.high for bar in bars))
    assert_same(output(ours, 1), [state and state[1] for state in states])


@pytest.mark.parametrize(("length", "multiplier"), [(10, 3.0), (1, 1.0), (5, 0.7), (7, 0.0)])
@pytest.mark.parametrize("seed", [1, 2])
def test_line_and_direction_are_those_of_the_definition(length: int, multiplier: float, seed: int) -> None:
    assert_by_definition(random_bars(seed, 200), length, multiplier)


@pytest.mark.parametrize("name", RECORDED_FILES)
def test_line_and_direction_are_those_of_the_definition_on_recorded_candles(name: str) -> None:
    bars = recorded_bars(name)[:800]
    assert_by_definition(bars, 10, 3.0)
    assert {direction for _, direction in run_on_bars(SUPERTREND(10, 3.0), bars)[10:]} == {1.0, -1.0}


def test_it_begins_rising_on_the_lower_band_when_its_mean_is_complete() -> None:
    highs, lows, closes = [11.0] * 4, [9.0] * 4, [10.0] * 4
    values = run(SUPERTREND(3, 1.5), highs, lows, closes)
    assert [first_valid(output(values, index)) for index in range(2)] == [3, 3]
    assert values[3] == (7.0, 1.0)


def rising_then(close: float) -> tuple[float, float]:
    """Line at 7 and rising, then a bar from 11 to 5 with this close."""
    return run(SUPERTREND(3, 1.5), [11.0] * 4 + [11.0], [9.0] * 4 + [5.0], [10.0] * 4 + [close])[-1]  # type: ignore[return-value]


def test_a_close_on_the_line_turns_it_and_one_above_it_does_not() -> None:
    mean_range = (2.0 + 2.0 + 6.0) / 3
    assert rising_then(7.0) == (pytest.approx(8.0 + 1.5 * mean_range), -1.0)
    assert rising_then(7.0000001) == (7.0, 1.0)


def test_a_falling_line_only_falls_until_a_close_reaches_it() -> None:
    bars = random_bars(4, 300)
    values = run_on_bars(SUPERTREND(10, 2.0), bars)
    pairs = list(pairwise(values[10:]))
    falls = [(a[0], b[0]) for a, b in pairs if a[1] == b[1] == -1.0]
    rises = [(a[0], b[0]) for a, b in pairs if a[1] == b[1] == 1.0]
    assert falls
    assert rises
    assert all(after <= before for before, after in falls)
    assert all(after >= before for before, after in rises)


def test_a_gap_through_the_line_turns_it_at_once() -> None:
    closes = [10.0] * 6 + [2.0, 2.0, 30.0]
    directions = output(run(SUPERTREND(3, 1.0), [c + 0.5 for c in closes], [c - 0.5 for c in closes], closes), 1)
    assert directions[3:] == [1.0, 1.0, 1.0, -1.0, -1.0, 1.0]


def test_a_market_at_one_price_lies_on_its_line_which_turns_at_every_bar() -> None:
    values = run(SUPERTREND(3, 2.0), *[[0.1] * 8] * 3)
    assert output(values, 0)[3:] == [0.1] * 5
    assert output(values, 1)[3:] == [1.0, -1.0, 1.0, -1.0, 1.0]
    assert math.isnan(values[2][1])
