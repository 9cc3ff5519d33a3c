"""The reference's entries on series small enough to follow by hand.

RSI over one change is 100 after a rise and 0 after a fall or a stand-still; a band of two closes with no deviation is
their mean; a candle without range has an ease of movement of its move / 10^10.
"""

from __future__ import annotations

import pytest
from builders import Candle
from reference.series import flat, flats, signals

ONE_CHANGE = {"rsi_period": 1, "bb_period": 2, "bb_dev": 0}


def test_rsi_and_band_together() -> None:
    zigzag = flats(10, 11, 10, 9, 10, 9)
    assert signals("RSIBBEntryMixin", zigzag, **ONE_CHANGE, rsi_oversold=0) == [2, 3, 5]
    assert signals("RSIBBEntryMixin", zigzag, **ONE_CHANGE, rsi_oversold=0, rsi_cross=True, bb_reentry=True) == [4]
    assert signals("RSIBBEntryMixin", zigzag, **ONE_CHANGE, rsi_oversold=0, bb_reentry=True) == []


def test_a_signal_silences_the_cooldown_but_a_silenced_one_does_not_prolong_it() -> None:
    falling = flats(10, 11, 10, 9, 8, 7, 6)
    assert signals("RSIBBEntryMixin", falling, **ONE_CHANGE, rsi_oversold=0, cooldown_bars=2) == [2, 4, 6]
    assert signals("RSIOrBBEntryMixin", falling, **ONE_CHANGE, rsi_oversold=0, cooldown_bars=3) == [2, 5]


def test_either_rsi_or_band() -> None:
    still = flats(10, 10, 10)
    assert signals("RSIOrBBEntryMixin", still, **ONE_CHANGE, rsi_oversold=-1) == [2], "the close touches the band"
    assert signals("RSIOrBBEntryMixin", still, **ONE_CHANGE, rsi_oversold=-1, use_bb_touch=False) == []
    assert signals("RSIOrBBEntryMixin", still, **ONE_CHANGE, rsi_oversold=0, use_bb_touch=False) == [2]


def test_rsi_band_and_volume() -> None:
    candles = [flat(10), flat(11), flat(10), flat(9, 200), flat(8)]
    volume = {"vol_ma_period": 2, "min_volume_ratio": 1.2}
    # Bar 3: 200 > 150 x 1.2.
    assert signals("RSIBBVolumeEntryMixin", candles, **ONE_CHANGE, rsi_oversold=0, **volume) == [3]
    assert (
        signals("RSIBBVolumeEntryMixin", candles, **ONE_CHANGE, rsi_oversold=0, **volume | {"vol_ma_period": 1}) == []
    )


def test_ichimoku_s_cloud_is_the_one_of_some_bars_ago() -> None:
    lines = {"tenkan_period": 2, "kijun_period": 2, "senkou_period": 2, "rsi_period": 1, "rsi_oversold": 100}
    candles = flats(1, 1, 1, 5, 4, 6, 3, 4)
    # Every line is the mean of two closes; the close crosses it upwards at bars 3, 5, 7 with 5, 6, 4.
    # Two bars before, the cloud was at 1 (not yet asked), 3 and 5; on the bar itself it is at 3, 5 and 3.5.
    assert signals("RSIIchimokuEntryMixin", candles, **lines, senkou_lead=2) == [5]
    assert signals("RSIIchimokuEntryMixin", candles, **lines, senkou_lead=0) == [3, 5, 7]
    assert signals("RSIIchimokuEntryMixin", candles, **lines | {"rsi_oversold": 99}, senkou_lead=0) == []


def test_rsi_and_volume_while_supertrend_points_up() -> None:
    # True ranges 1, 1, 7, 1, 14: lines 10, 11, then down at 12 and 7, then up again at 6.
    candles = flats(10, 11, 12, 5, 6, 20)
    trend = {"st_period": 1, "st_multiplier": 1, "vol_ma_period": 1, "rsi_period": 1}
    assert signals("RSIVolumeSupertrendEntryMixin", candles, **trend, rsi_oversold=100, min_volume_ratio=0) == [2, 5]
    assert signals("RSIVolumeSupertrendEntryMixin", candles, **trend, rsi_oversold=99, min_volume_ratio=0) == []
    assert signals("RSIVolumeSupertrendEntryMixin", candles, **trend, rsi_oversold=100) == [], "volume 100 of 150"


@pytest.mark.parametrize("name", ["BBVolumeSuperTrendEntryMixin", "BBVolumeSupertrendEntryMixin"])
def test_band_and_volume_while_supertrend_points_up(name: str) -> None:
    # Falls at bars 3, 4 and 5; the line stands at 11, and 5 breaks it.
    candles = flats(10, 11, 12, 11.8, 5, 4)
    trend = {"st_period": 1, "st_multiplier": 1, "vol_ma_period": 1, "bb_period": 2, "bb_dev": 0}
    assert signals(name, candles, **trend, min_volume_ratio=0.5) == [3]
    assert signals(name, candles, **trend) == []


def test_a_break_of_the_previous_bar_s_resistance() -> None:
    # The high of bar 2, 5, is known at bar 3; bar 6 closes at 6 with an ease that grows and volume 200 over 150.
    candles = [*flats(1, 2, 5, 3, 3.5, 4), flat(6, 200)]
    quick = {
        "resistance_lookback": 1,
        "eom_period": 1,
        "volume_sma_period": 2,
        "atr_period": 1,
        "atr_sma_period": 2,
        "rsi_period": 1,
    }
    name = "EOMBreakoutEntryMixin"
    assert signals(name, candles, **quick, rsi_overbought=101, breakout_threshold=0.1) == [6]
    assert signals(name, candles, **quick, rsi_overbought=101, breakout_threshold=0.2) == [], "6 is not above 6"
    assert signals(name, candles, **quick, rsi_overbought=100, breakout_threshold=0.1) == []
    slow = quick | {"atr_sma_period": 1}
    assert signals(name, candles, **slow, rsi_overbought=101) == [], "a range is not above itself"
    assert signals(name, candles, **slow, rsi_overbought=101, use_atr_filter=False) == [6]


def test_a_macd_cross_near_resistance() -> None:
    # MACD and signal: -0.056, -0.019 at bar 4, then 0.481, 0.315. Resistance is 6, the close 4.5.
    candles = flats(3, 6, 3, 3, 3, 4.5)
    quick = {
        "macd_fast": 1,
        "macd_slow": 2,
        "macd_signal": 2,
        "resistance_lookback": 1,
        "eom_period": 1,
        "vol_sma_period": 2,
    }
    name = "EOMMAcdBreakoutEntryMixin"
    assert signals(name, candles, **quick, resistance_range_low=0.75) == [5]
    assert signals(name, candles, **quick, resistance_range_low=0.76) == []
    assert signals(name, candles, **quick, resistance_range_low=0.5, resistance_range_high=0.7) == []
    assert signals(name, candles, **quick, resistance_range_low=0.75, volume_threshold=1.1) == []


def test_a_turn_at_support() -> None:
    # Support is 2, the low of bar 6 2.5; RSI over two changes goes from 26.7 to 44.4.
    candles = [*flats(5, 4, 2, 3, 3.5, 2.5), Candle(2.5, 2.9, 2.5, 2.8)]
    quick = {"resistance_lookback": 1, "eom_period": 1, "rsi_period": 2, "atr_period": 1, "atr_sma_period": 1}
    name = "EOMPullbackEntryMixin"
    assert signals(name, candles, **quick, rsi_oversold=50, support_threshold=0.3) == [6]
    assert signals(name, candles, **quick, rsi_oversold=50, support_threshold=0.2) == []
    assert signals(name, candles, **quick, rsi_oversold=44, support_threshold=0.3) == []
    assert signals(name, candles, **quick, rsi_oversold=50, support_threshold=0.3, atr_floor_multiplier=1) == []
    red = [*candles[:-1], Candle(2.9, 2.9, 2.5, 2.8)]
    assert signals(name, red, **quick, rsi_oversold=50, support_threshold=0.3) == []
