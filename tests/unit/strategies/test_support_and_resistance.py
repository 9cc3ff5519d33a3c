"""SupportResistance against its definition."""

from __future__ import annotations

import math
from collections.abc import Sequence

import exact_levels
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_series import RECORDED_FILES, columns, recorded_bars, run, run_on_bars
from tape import Bar, random_bars

from worker.strategies.indicators.support_resistance import SupportResistance

NONE = math.nan


def by_definition(bars: Sequence[Bar], reach: int, most: int = 50) -> list[tuple[float, float]]:
    found = exact_levels.levels(*columns(bars, "high", "low", "close"), reach, most)
    return [(NONE if top is None else top, NONE if bottom is None else bottom) for top, bottom in found]


def levels(highs: Sequence[float], reach: int, close: float, most: int = 50) -> list[float]:
    """The resistance of every bar, with a close that stays and lows without a swing."""
    return [row[0] for row in run(SupportResistance(reach, most), highs, [1.0] * len(highs), [close] * len(highs))]


@pytest.mark.parametrize("reach", [1, 2, 5])
@pytest.mark.parametrize("most", [50, 3, 1])
def test_the_levels_are_those_of_the_definition_bit_by_bit(reach: int, most: int) -> None:
    bars = random_bars(1, 250)
    assert repr(run_on_bars(SupportResistance(reach, most), bars)) == repr(by_definition(bars, reach, most))


@pytest.mark.parametrize("name", RECORDED_FILES)
def test_the_levels_are_those_of_the_definition_on_recorded_candles(name: str) -> None:
    bars = recorded_bars(name)[:500]
    assert repr(run_on_bars(SupportResistance(2), bars)) == repr(by_definition(bars, 2))


steps = st.tuples(st.integers(-3, 3), st.integers(0, 2), st.integers(0, 2))


@settings(deadline=None)
@given(walk=st.lists(steps, max_size=60), reach=st.integers(1, 4), most=st.integers(1, 5))
def test_the_levels_are_those_of_the_definition_on_coarse_prices_with_many_ties(
    walk: list[tuple[int, int, int]], reach: int, most: int
) -> None:
    price, bars = 100, []
    for step, above, below in walk:
        price = max(10, price + step)
        bars.append(Bar(price, float(price + above), float(price - below), float(price)))
    assert repr(run_on_bars(SupportResistance(reach, most), bars)) == repr(by_definition(bars, reach, most))


def test_a_swing_is_known_only_as_many_bars_later_as_it_must_stand_out() -> None:
    found = levels([5.0, 6.0, 9.0, 6.0, 5.0, 5.0], 2, 4.0)
    assert [math.isnan(level) for level in found] == [True, True, True, True, False, False]
    assert found[4:] == [9.0, 9.0]


@pytest.mark.parametrize(
    "highs",
    [[5.0, 9.0, 9.0, 5.0, 5.0], [9.0, 6.0, 9.0, 6.0, 5.0], [5.0, 6.0, 9.0, 6.0, 9.0], [9.0, 6.0, 5.0, 4.0, 3.0]],
)
def test_an_equal_high_disqualifies_and_a_bar_needs_neighbours_on_both_sides(highs: list[float]) -> None:
    assert all(math.isnan(level) for level in levels(highs, 2, 4.0))


def test_resistance_is_the_nearest_above_the_close_and_never_the_close_itself() -> None:
    highs = [5.0, 9.0, 5.0, 7.0, 5.0, 8.0, 5.0]
    assert levels(highs, 1, 4.0)[-1] == 7.0
    assert levels(highs, 1, 7.0)[-1] == 8.0
    assert levels(highs, 1, 8.5)[-1] == 9.0
    assert math.isnan(levels(highs, 1, 9.0)[-1])


def test_support_is_the_nearest_below_the_close_and_never_the_close_itself() -> None:
    lows = [9.0, 5.0, 9.0, 7.0, 9.0, 6.0, 9.0]
    supports = {
        close: run(SupportResistance(1), [10.0] * 7, lows, [close] * 7)[-1][1] for close in (9.5, 7.0, 6.0, 5.5, 5.0)
    }
    assert [supports[close] for close in (9.5, 7.0, 6.0, 5.5)] == [7.0, 6.0, 5.0, 5.0]
    assert math.isnan(supports[5.0])


def test_a_swing_less_than_a_ten_thousandth_from_the_last_kept_one_is_dropped() -> None:
    # 100.009 is dropped; 100.018 is that near to it, but not to the last kept one
    highs = [50.0, 100.0, 50.0, 100.009, 50.0, 100.018, 50.0]
    found = levels(highs, 1, 100.001)
    assert [math.isnan(level) for level in found[:6]] == [True] * 6
    assert found[6] == 100.018


def test_near_is_measured_by_the_last_kept_swing_not_by_an_older_one() -> None:
    highs = [5.0, 50.0, 5.0, 100.0, 5.0, 100.006, 5.0]
    assert math.isnan(levels(highs, 1, 100.001)[-1])


def test_only_the_newest_swings_are_kept() -> None:
    highs = [5.0, 7.0, 5.0, 9.0, 5.0, 8.0, 5.0]
    assert [levels(highs, 1, 4.0, most)[-1] for most in (3, 2, 1)] == [7.0, 8.0, 8.0]


def test_a_market_at_one_price_has_no_levels() -> None:
    assert all(math.isnan(value) for row in run(SupportResistance(2), *[[0.1] * 30] * 3) for value in row)
