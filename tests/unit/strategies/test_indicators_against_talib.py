"""Calculators against TA-Lib, on random series and on recorded candles, and where the two part on purpose.

TA-Lib carries running sums from bar to bar, so a flat stretch lies some last digits off its own average, by more the
larger the numbers were that went through the sum. Some of its releases take a sum of gain and loss, or a variance, for
zero while it is only small (below 1e-14, older ones below 1e-8). Ours sum each window anew and know one zero, 0.
"""

from __future__ import annotations

from typing import Any

import pytest
from indicator_series import RECORDED_FILES, assert_same, columns, output, recorded_bars, run, run_on_bars
from tape import Bar, random_bars

from worker.strategies.indicators.atr import ATR
from worker.strategies.indicators.bbands import BBANDS
from worker.strategies.indicators.ema import EMA
from worker.strategies.indicators.macd import MACD
from worker.strategies.indicators.rsi import RSI
from worker.strategies.indicators.sma import SMA
from worker.strategies.indicators.stoch import STOCH

MACDS = [(12, 26, 9), (3, 10, 16), (5, 6, 1), (26, 12, 9)]
STOCHASTICS = [(5, 3, 3), (14, 1, 3), (14, 3, 1), (9, 4, 6)]


@pytest.fixture
def talib() -> Any:
    return pytest.importorskip("talib", reason="TA-Lib is not installed; pip install TA-Lib")


def arrays(bars: list[Bar], *names: str) -> list[Any]:
    import numpy

    return [numpy.array(values) for values in columns(bars, *names)]


def assert_one_period_equal(talib: Any, bars: list[Bar], period: int) -> None:
    closes, volumes = columns(bars, "close", "volume")
    high, low, close, volume = arrays(bars, "high", "low", "close", "volume")
    assert_same(output(run(SMA(period), volumes)), talib.SMA(volume, period).tolist(), max(1.0, *volumes))
    assert_same(output(run(EMA(period), volumes)), talib.EMA(volume, period).tolist(), max(1.0, *volumes))
    assert_same(output(run(EMA(period), closes)), talib.EMA(close, period).tolist())
    assert_same(output(run(RSI(period), closes)), talib.RSI(close, period).tolist())
    assert_same(output(run_on_bars(ATR(period), bars)), talib.ATR(high, low, close, period).tolist())
    # TA-Lib's variance is the mean of squares minus the square of the mean: it loses half of the digits.
    theirs = talib.BBANDS(close, period, 2.0, 1.5)
    ours = run(BBANDS(period, 2.0, 1.5), closes)
    for index in range(3):
        assert_same(output(ours, index), theirs[index].tolist(), max(1.0, *closes))


def assert_macd_equal(talib: Any, bars: list[Bar], periods: tuple[int, int, int]) -> None:
    (close,) = arrays(bars, "close")
    ours = run_on_bars(MACD(*periods), bars)
    for index, theirs in enumerate(talib.MACD(close, *periods)):
        assert_same(output(ours, index), theirs.tolist(), max(1.0, *close))


def assert_stochastic_equal(talib: Any, bars: list[Bar], periods: tuple[int, int, int]) -> None:
    fastk, slowk, slowd = periods
    ours = run_on_bars(STOCH(*periods), bars)
    simple = 0
    theirs = talib.STOCH(*arrays(bars, "high", "low", "close"), fastk, slowk, simple, slowd, simple)
    for index in range(2):
        assert_same(output(ours, index), theirs[index].tolist(), 100)


@pytest.mark.parametrize("period", [2, 14, 20])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_indicators_of_one_period_equal_talib_on_random_series(talib: Any, seed: int, period: int) -> None:
    assert_one_period_equal(talib, random_bars(seed, 400), period)


@pytest.mark.parametrize("name", RECORDED_FILES)
@pytest.mark.parametrize("period", [14, 20])
def test_indicators_of_one_period_equal_talib_on_recorded_candles(talib: Any, period: int, name: str) -> None:
    assert_one_period_equal(talib, recorded_bars(name), period)


@pytest.mark.parametrize("periods", MACDS)
@pytest.mark.parametrize("seed", [3, 4])
def test_the_macd_equals_talib_on_random_series(talib: Any, seed: int, periods: tuple[int, int, int]) -> None:
    assert_macd_equal(talib, random_bars(seed, 300), periods)


@pytest.mark.parametrize("name", RECORDED_FILES)
def test_the_macd_equals_talib_on_recorded_candles(talib: Any, name: str) -> None:
    assert_macd_equal(talib, recorded_bars(name), (12, 26, 9))


@pytest.mark.parametrize("periods", STOCHASTICS)
@pytest.mark.parametrize("seed", [3, 4])
def test_the_stochastic_equals_talib_on_random_series(talib: Any, seed: int, periods: tuple[int, int, int]) -> None:
    assert_stochastic_equal(talib, random_bars(seed, 300), periods)


@pytest.mark.parametrize("name", RECORDED_FILES)
def test_the_stochastic_equals_talib_on_recorded_candles(talib: Any, name: str) -> None:
    assert_stochastic_equal(talib, recorded_bars(name), (14, 3, 3))


def test_the_stochastic_of_a_market_at_one_price_is_0_in_both(talib: Any) -> None:
    still = [Bar(0.1, 0.1, 0.1, 0.1)] * 40
    assert_stochastic_equal(talib, still, (5, 3, 3))
    assert run_on_bars(STOCH(5, 3, 3), still)[-1] == (0.0, 0.0)


def test_a_price_that_stops_moving_meets_its_mean_here_and_only_nearly_in_talib(talib: Any) -> None:
    import numpy

    closes = [1e6] * 5 + [0.1] * 40
    assert output(run(SMA(3), closes))[-1] == 0.1
    theirs = talib.SMA(numpy.array(closes), 3)[-1]
    assert theirs != 0.1
    assert theirs == pytest.approx(0.1, abs=1e-9)


def test_the_macd_of_a_flat_market_is_exactly_0_here_and_only_nearly_in_talib(talib: Any) -> None:
    import numpy

    assert run(MACD(12, 26, 9), [0.1] * 60)[-1] == (0.0, 0.0, 0.0)
    theirs = talib.MACD(numpy.array([0.1] * 60), 12, 26, 9)[0][-1]
    assert 0.0 < abs(theirs) < 1e-15
