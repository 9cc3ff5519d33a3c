"""EMA and MACD against their definitions."""

from __future__ import annotations

import math

import exact_formulas as exact
import pytest
from indicator_series import assert_same, columns, first_valid, output, run
from tape import random_bars

from worker.strategies.indicators.ema import EMA
from worker.strategies.indicators.macd import MACD

PRICES = [0.1, 1 / 3, 0.07123457, 100.0, 43211.7]


@pytest.mark.parametrize("period", [1, 2, 5, 14, 33])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_ema_equals_its_definition_in_exact_arithmetic(period: int, seed: int) -> None:
    (closes,) = columns(random_bars(seed, 90), "close")
    assert_same(output(run(EMA(period), closes)), exact.ema(exact.exact(closes), period), 100)


@pytest.mark.parametrize("periods", [(12, 26, 9), (3, 10, 16), (1, 2, 1), (5, 5, 3)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_macd_equals_its_definition_in_exact_arithmetic(periods: tuple[int, int, int], seed: int) -> None:
    (closes,) = columns(random_bars(seed, 90), "close")
    ours = run(MACD(*periods), closes)
    for index, line in enumerate(exact.macd(closes, *periods)):
        assert_same(output(ours, index), line, 100)


def test_the_first_valid_bar_is_the_one_of_the_definition() -> None:
    (closes,) = columns(random_bars(6, 50), "close")
    assert first_valid(output(run(EMA(7), closes))) == 6
    assert [first_valid(output(run(MACD(4, 10, 6), closes), index)) for index in range(3)] == [14] * 3


def test_the_fast_average_begins_with_the_bars_before_the_first_difference() -> None:
    # slow mean of 1..4 is 2.5, fast mean of the last two of them 3.5
    assert run(MACD(2, 4, 1), [1.0, 2.0, 3.0, 4.0])[-1] == (1.0, 1.0, 0.0)
    assert run(MACD(2, 4, 1), [9e9, 2.0, 3.0, 4.0])[-1][0] == 3.5 - (9e9 + 9.0) / 4


def test_the_longer_period_of_a_macd_is_the_slow_one() -> None:
    (closes,) = columns(random_bars(7, 60), "close")
    assert repr(run(MACD(26, 12, 9), closes)) == repr(run(MACD(12, 26, 9), closes))
    assert MACD(26, 12, 9).lookback == MACD(12, 26, 9).lookback == 35


@pytest.mark.parametrize("price", PRICES)
def test_on_a_flat_stretch_the_average_is_exactly_the_price_and_the_macd_exactly_0(price: float) -> None:
    for period in (1, 2, 5, 14, 33):
        assert run(EMA(period), [price] * 60)[-1] == (price,)
    assert run(MACD(12, 26, 9), [price] * 90)[-1] == (0.0, 0.0, 0.0)


def test_a_gap_moves_the_average_by_its_weight() -> None:
    assert output(run(EMA(3), [10.0, 10.0, 10.0, 18.0])) == pytest.approx([math.nan, math.nan, 10.0, 14.0], nan_ok=True)


def test_an_input_that_is_not_valid_yet_delays_the_output_and_poisons_nothing() -> None:
    (closes,) = columns(random_bars(8, 60), "close")
    late = [math.nan] * 5 + closes
    assert repr(run(EMA(7), late)[5:]) == repr(run(EMA(7), closes))
    assert repr(run(MACD(4, 9, 3), late)[5:]) == repr(run(MACD(4, 9, 3), closes))
