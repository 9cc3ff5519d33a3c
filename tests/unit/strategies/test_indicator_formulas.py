"""RSI, ATR, BBANDS and SMA against their definitions, and where the definitions alone speak."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import exact_formulas as exact
import pytest
from indicator_series import assert_same, first_valid, output, run
from tape import random_bars

from worker.strategies.indicators.atr import ATR
from worker.strategies.indicators.bbands import BBANDS
from worker.strategies.indicators.rsi import RSI
from worker.strategies.indicators.sma import SMA
from worker.strategies.indicators.window import mean

PERIODS = (1, 2, 5, 14, 20, 33)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_calculator_equals_its_definition_in_exact_arithmetic(period: int, seed: int) -> None:
    bars = random_bars(seed, 90)
    closes, highs, lows = [b.close for b in bars], [b.high for b in bars], [b.low for b in bars]
    assert_same(output(run(SMA(period), closes)), exact.sma(closes, period), 100)
    assert_same(output(run(RSI(period), closes)), exact.rsi(closes, period), 100)
    assert_same(output(run(ATR(period), highs, lows, closes)), exact.atr(highs, lows, closes, period), 100)
    ours = run(BBANDS(period, 2.5, 2.5), closes)
    for index, band in enumerate(exact.bands(closes, period, 2.5)):
        assert_same(output(ours, index), band, 100)


def test_the_first_valid_bar_is_the_one_of_the_definition() -> None:
    bars = random_bars(6, 30)
    closes, highs, lows = [b.close for b in bars], [b.high for b in bars], [b.low for b in bars]

    assert first_valid(output(run(SMA(7), closes))) == 6
    assert first_valid(output(run(BBANDS(7, 2.0, 2.0), closes))) == 6
    assert first_valid(output(run(RSI(7), closes))) == 7
    assert first_valid(output(run(ATR(7), highs, lows, closes))) == 7


@pytest.mark.parametrize("price", [0.1, 1 / 3, 0.07123457, 100.0, 43211.7])
def test_on_a_flat_stretch_the_bands_and_the_mean_are_exactly_the_price(price: float) -> None:
    for period in PERIODS:
        *_, last = run(BBANDS(period, 2.0, 2.0), [price] * 60)
        assert last == (price, price, price)
        assert run(SMA(period), [price] * 60)[-1] == (price,)


def test_rsi_is_zero_only_when_nothing_ever_moved() -> None:
    assert run(RSI(14), [0.1] * 40)[-1] == (0.0,)
    moved_once = run(RSI(14), [1.0, 1.0 + 1e-9] + [1.0 + 1e-9] * 400)
    assert moved_once[-1] == (100.0,)
    fell_and_rose = output(run(RSI(3), [10.0, 9.0, 11.0, 11.0, 11.0, 11.0]))
    assert fell_and_rose[3:] == pytest.approx([200 / 3] * 3)


def test_rsi_of_a_rise_is_100_and_of_a_fall_is_0() -> None:
    assert run(RSI(5), [float(i) for i in range(1, 20)])[-1] == (100.0,)
    assert run(RSI(5), [float(i) for i in range(20, 1, -1)])[-1] == (0.0,)


def test_atr_of_bars_without_range_is_zero_and_a_gap_counts() -> None:
    assert run(ATR(3), [5.0] * 10, [5.0] * 10, [5.0] * 10)[-1] == (0.0,)
    highs, lows, closes = [5.0, 8.0, 8.0], [5.0, 8.0, 8.0], [5.0, 8.0, 8.0]
    assert output(run(ATR(2), highs, lows, closes))[-1] == 1.5


def test_the_mean_of_zero_volumes_is_zero() -> None:
    assert run(SMA(4), [0.0] * 9)[-1] == (0.0,)
    assert output(run(SMA(4), [8.0, 0.0, 0.0, 0.0, 0.0]))[-2:] == [2.0, 0.0]


def test_sums_are_exact_whatever_the_order_of_magnitude() -> None:
    assert mean([1e16, 1.0, -1e16, 1.0]) == 0.5
    chance = random.Random(8)
    values = [chance.uniform(-1e8, 1e8) for _ in range(50)]
    with_precision = sum((Decimal(value) for value in values), Decimal(0)) / 50
    assert mean(values) == pytest.approx(float(with_precision), rel=1e-15)


def test_an_input_that_is_not_valid_yet_delays_the_output_and_poisons_nothing() -> None:
    inputs = [math.nan, math.nan, 1.0, 2.0, 3.0, 4.0]
    assert_same(output(run(SMA(2), inputs)), [None, None, None, 1.5, 2.5, 3.5])
    assert_same(output(run(BBANDS(2, 1.0, 1.0), inputs), 1), [None, None, None, 1.5, 2.5, 3.5])
    assert_same(output(run(RSI(2), inputs)), [None, None, None, None, 100.0, 100.0])
