"""STOCH, ICHIMOKU and the extremes under both, against their definitions."""

from __future__ import annotations

import math

import exact_formulas as exact
import exact_levels
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_series import RECORDED_FILES, assert_same, columns, first_valid, output, recorded_bars, run, run_on_bars
from tape import Bar, closes_to_bars, random_bars

from worker.strategies.indicators.extremes import Highest, Lowest
from worker.strategies.indicators.ichimoku import ICHIMOKU
from worker.strategies.indicators.stoch import STOCH

prices = st.floats(min_value=1e-6, max_value=1e6)


@settings(deadline=None)
@given(values=st.lists(st.integers(-5, 5).map(float), max_size=60), size=st.integers(1, 12))
def test_extremes_are_those_of_the_window_rises_falls_and_ties_alike(values: list[float], size: int) -> None:
    highest, lowest = Highest(size), Lowest(size)
    for i, value in enumerate(values):
        top, bottom = highest.take(value), lowest.take(value)
        window = values[max(0, i - size + 1) : i + 1]
        if i < size - 1:
            assert math.isnan(top)
            assert math.isnan(bottom)
        else:
            assert (top, bottom) == (max(window), min(window))


@pytest.mark.parametrize("periods", [(5, 3, 3), (14, 1, 3), (1, 1, 1), (9, 4, 6)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_stochastic_equals_its_definition_in_exact_arithmetic(periods: tuple[int, int, int], seed: int) -> None:
    bars = random_bars(seed, 90)
    ours = run_on_bars(STOCH(*periods), bars)
    for index, line in enumerate(exact.stochastic(*columns(bars, "high", "low", "close"), *periods)):
        assert_same(output(ours, index), line, 100)


def test_both_lines_of_the_stochastic_begin_together() -> None:
    values = run_on_bars(STOCH(5, 3, 4), random_bars(6, 30))
    assert [first_valid(output(values, index)) for index in range(2)] == [9, 9]


def test_the_stochastic_is_100_at_the_highest_0_at_the_lowest_and_0_at_one_price() -> None:
    rise, fall = [float(i) for i in range(1, 20)], [float(i) for i in range(20, 1, -1)]
    assert run(STOCH(5, 3, 3), rise, rise, rise)[-1] == (100.0, 100.0)
    assert run(STOCH(5, 3, 3), fall, fall, fall)[-1] == (0.0, 0.0)
    assert run(STOCH(5, 3, 3), *[[0.1] * 20] * 3)[-1] == (0.0, 0.0)


def test_a_close_at_the_high_is_exactly_100_where_multiplying_first_would_pass_it() -> None:
    low, high = 2.69, 5.43
    assert (high - low) * 100.0 / (high - low) > 100.0
    assert run(STOCH(1, 1, 1), [high], [low], [high]) == [(100.0, 100.0)]


def test_a_jump_out_of_a_flat_stretch_counts_by_the_values_in_the_mean() -> None:
    jump = [7.0] * 10 + [9.0]
    slowk, slowd = run(STOCH(5, 2, 2), jump, jump, jump)[-1]
    assert (slowk, slowd) == (50.0, 25.0)


@settings(deadline=None)
@given(closes=st.lists(prices, min_size=12, max_size=40))
def test_the_stochastic_never_leaves_its_scale(closes: list[float]) -> None:
    for row in run_on_bars(STOCH(5, 3, 2), closes_to_bars(closes)):
        assert all(math.isnan(value) or 0.0 <= value <= 100.0 for value in row)


@pytest.mark.parametrize(("spans", "lead"), [((9, 26, 52), 26), ((3, 5, 8), 0), ((4, 2, 7), 1), ((1, 1, 1), 3)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_cloud_equals_its_definition_in_exact_arithmetic(spans: tuple[int, int, int], lead: int, seed: int) -> None:
    bars = random_bars(seed, 120)
    ours = run_on_bars(ICHIMOKU(*spans, lead), bars)
    for index, line in enumerate(exact_levels.ichimoku(*columns(bars, "high", "low"), spans, lead)):
        assert_same(output(ours, index), line, 100)


@pytest.mark.parametrize("name", RECORDED_FILES)
def test_the_cloud_equals_its_definition_on_recorded_candles(name: str) -> None:
    bars = recorded_bars(name)[:600]
    ours = run_on_bars(ICHIMOKU(9, 26, 52), bars)
    for index, line in enumerate(exact_levels.ichimoku(*columns(bars, "high", "low"), (9, 26, 52), 26)):
        assert_same(output(ours, index), line)


def test_each_line_of_the_cloud_begins_at_the_bar_of_its_definition() -> None:
    values = run_on_bars(ICHIMOKU(9, 26, 52), random_bars(6, 120))
    assert [first_valid(output(values, index)) for index in range(5)] == [8, 25, 51, 77, 0]


def test_the_spans_in_force_are_those_computed_as_many_bars_ago_as_the_lead() -> None:
    bars = random_bars(9, 150)
    unshifted, shifted = (run_on_bars(ICHIMOKU(9, 26, 52, lead), bars) for lead in (0, 26))
    for index in (2, 3):
        assert repr(output(shifted, index)[26:]) == repr(output(unshifted, index)[:-26])


def test_nothing_of_the_cloud_depends_on_a_later_bar() -> None:
    bars = random_bars(9, 150)
    changed = [*bars[:100], *(Bar(900.0, 999.0, 800.0, 950.0) for _ in bars[100:])]
    assert repr(run_on_bars(ICHIMOKU(9, 26, 52), bars)[:100]) == repr(run_on_bars(ICHIMOKU(9, 26, 52), changed)[:100])


def test_the_lagging_span_is_the_close() -> None:
    bars = random_bars(9, 40)
    assert output(run_on_bars(ICHIMOKU(9, 26, 52), bars), 4) == [bar.close for bar in bars]
