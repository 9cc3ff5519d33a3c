"""The reference's indicators against TA-Lib where it has them, and by hand where it has not."""

from __future__ import annotations

import math

import pytest
from builders import RECORDED, Candle
from reference import formulas
from reference.recording import read_rows

NAN = math.nan


def same(ours: list[float], theirs: list[float]) -> bool:
    return len(ours) == len(theirs) and all(
        (math.isnan(mine) and math.isnan(other)) or math.isclose(mine, other, rel_tol=1e-6, abs_tol=1e-9)
        for mine, other in zip(ours, theirs, strict=True)
    )


@pytest.mark.skipif(not (RECORDED / "ETH_BTC-5m.csv").exists(), reason="recorded market data is not at hand")
def test_the_formulas_agree_with_ta_lib_on_recorded_candles() -> None:
    numpy, talib = pytest.importorskip("numpy"), pytest.importorskip("talib")
    rows = read_rows(RECORDED / "ETH_BTC-5m.csv", {})[:1500]
    columns = {name: [getattr(row, name) for row in rows] for name in ("high", "low", "close", "volume")}
    high, low, close, volume = (numpy.array(column) for column in columns.values())
    highs, lows, closes, volumes = columns.values()
    pairs = [
        ([formulas.rsi(closes, 14)], [talib.RSI(close, 14)]),
        ([formulas.atr(highs, lows, closes, 14)], [talib.ATR(high, low, close, 14)]),
        (formulas.bollinger(closes, 20, 2.0, 1.5), talib.BBANDS(close, 20, 2, 1.5, 0)),
        ([formulas.sma(volumes, 20)], [talib.SMA(volume, 20)]),
        ([formulas.ema(closes, 20)], [talib.EMA(close, 20)]),
        (formulas.macd(closes, 12, 26, 9), talib.MACD(close, 12, 26, 9)),
        (formulas.stochastic(highs, lows, closes, 5, 3, 4), talib.STOCH(high, low, close, 5, 3, 0, 4, 0)),
    ]
    for number, (ours, theirs) in enumerate(pairs):
        for mine, other in zip(ours, theirs, strict=True):
            assert same(mine, list(other)), number


def test_ease_of_movement_is_the_move_over_the_box_and_a_huge_box_without_range_or_volume() -> None:
    candles = [Candle(0, 11, 9, 10), Candle(0, 12, 10, 11, 2e8), Candle(0, 13, 13, 13, 2e8), Candle(0, 13, 9, 11, 0)]
    highs, lows, volumes = ([candle[k] for candle in candles] for k in (1, 2, 4))
    # 1 / (2 / 2), 2 / 10^10, -2 / 10^10.
    assert same(formulas.ease_of_movement(highs, lows, volumes, 1), [NAN, 1.0, 2e-10, -2e-10])
    assert same(formulas.ease_of_movement(highs, lows, volumes, 2)[:3], [NAN, NAN, 0.5 + 1e-10])


def test_a_swing_is_strictly_beyond_its_neighbours_and_known_late() -> None:
    highs = [1.0, 2, 5, 3, 3, 4, 4, 2, 9]
    resistance, _ = formulas.support_and_resistance(highs, highs, highs, 1)
    # 5 stands alone and is known at bar 3; the pair of fours is a tie. The close of bar 8, 9, is above all.
    assert same(resistance, [NAN, NAN, NAN, 5.0, 5.0, 5.0, 5.0, 5.0, NAN])
    lows = [9.0 - high for high in highs]
    _, support = formulas.support_and_resistance(lows, lows, lows, 1)
    assert same(support, [NAN, NAN, NAN, 4.0, 4.0, 4.0, 4.0, 4.0, NAN])


def test_a_swing_close_to_the_last_one_of_its_kind_is_dropped() -> None:
    peaks = [1.0, 100.0, 1.0, 99.9901, 1.0, 99.98, 1.0]
    resistance, _ = formulas.support_and_resistance(peaks, peaks, peaks, 1)
    assert [resistance[bar] for bar in (2, 4, 6)] == [100.0, 100.0, 99.98]


def test_the_last_fifty_swings_are_kept() -> None:
    highs = [1.0]
    for number in range(51):
        highs += [100.0 + number, 1.0]
    resistance, _ = formulas.support_and_resistance(highs, highs, highs, 1)
    assert resistance[100] == 100.0, "fifty of them"
    assert resistance[102] == 101.0, "the first one is forgotten"


def test_supertrend_ratchets_and_turns() -> None:
    closes = [10.0, 11, 12, 5, 6, 20]
    values, directions = formulas.supertrend(closes, closes, closes, 1, 1.0)
    # True ranges 1, 1, 7, 1, 14.
    assert same(values, [NAN, 10.0, 11.0, 12.0, 7.0, 6.0])
    assert same(directions, [NAN, 1.0, 1.0, -1.0, -1.0, 1.0])


def test_the_cloud_in_force_was_computed_before() -> None:
    closes = [1.0, 3, 5, 9, 7]
    tenkan, kijun, span_a, span_b = formulas.ichimoku(closes, closes, 1, 2, 3, 1)
    assert same(tenkan, closes)
    assert same(kijun, [NAN, 2.0, 4.0, 7.0, 8.0])
    assert same(span_a, [NAN, NAN, 2.5, 4.5, 8.0])
    assert same(span_b, [NAN, NAN, NAN, 3.0, 6.0])
