"""The entry rules on ease of movement where a comparison decides on equality and where a level does not exist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from entry_signals import decided, entries
from tape import Bar

BREAKOUT, CROSS, PULLBACK = "EOMBreakoutEntryMixin", "EOMMAcdBreakoutEntryMixin", "EOMPullbackEntryMixin"

BREAKING = {
    "resistance_lookback": 1,
    "eom_period": 1,
    "volume_sma_period": 2,
    "rsi_period": 2,
    "rsi_overbought": 100,
    "use_atr_filter": False,
    "atr_period": 1,
    "atr_sma_period": 1,
}
UNDER_12 = [
    Bar(10.0, 10.25, 9.75, 10.0),
    Bar(10.0, 12.0, 9.875, 10.0),
    Bar(10.0, 10.25, 9.75, 10.0),
    Bar(10.0, 10.125, 9.5, 9.75),
    Bar(9.75, 10.0, 9.5, 9.875),
    Bar(9.875, 10.25, 9.5, 10.0),
]
"""The high of bar 1 is the resistance of the last bar."""
OVER = Bar(10.0, 12.5, 10.0, 12.25, 300.0)


def test_a_breakout_is_a_close_above_the_resistance_of_the_bar_before() -> None:
    assert entries(BREAKOUT, [*UNDER_12, OVER], BREAKING) == [6]
    assert entries(BREAKOUT, [*UNDER_12, replace(OVER, close=12.02)], BREAKING) == []
    assert entries(BREAKOUT, [*UNDER_12, replace(OVER, close=12.02)], {**BREAKING, "breakout_threshold": 0}) == [6]
    assert entries(BREAKOUT, [*UNDER_12, replace(OVER, close=12.0)], {**BREAKING, "breakout_threshold": 0}) == []


def test_without_a_resistance_there_is_no_breakout() -> None:
    no_level = [replace(bar, high=min(bar.high, 10.25)) for bar in UNDER_12]
    no_level[3] = replace(no_level[3], high=10.25)
    no_level[4] = replace(no_level[4], high=10.25)
    assert entries(BREAKOUT, [*no_level, OVER], BREAKING) == []


@pytest.mark.parametrize(
    "bar",
    [
        replace(OVER, volume=100.0),  # not more than the mean of itself and the bar before
        replace(OVER, volume=1e7),  # so much volume that the movement was less easy than on the bar before
        replace(OVER, volume=0.0),
    ],
)
def test_a_breakout_needs_volume_and_growing_ease(bar: Bar) -> None:
    assert entries(BREAKOUT, [*UNDER_12, bar], BREAKING) == []


def test_the_rsi_must_be_below_overbought_at_a_breakout() -> None:
    flat_then_up = [Bar(10.0, bar.high, bar.low, 10.0) for bar in UNDER_12]
    # nothing but one rise: the RSI is exactly 100
    assert entries(BREAKOUT, [*flat_then_up, OVER], BREAKING) == []
    assert entries(BREAKOUT, [*UNDER_12, OVER], BREAKING) == [6]


def test_the_atr_filter_off_waits_for_no_value_of_the_atr_but_for_the_bars_of_its_periods() -> None:
    waiting = {"atr_period": 5, "atr_sma_period": 6}  # the first mean would be at bar 5 + 5
    assert entries(BREAKOUT, [*UNDER_12, OVER], {**BREAKING, **waiting}) == [6]
    assert entries(BREAKOUT, [*UNDER_12, OVER], {**BREAKING, **waiting, "use_atr_filter": True}) == []
    assert entries(BREAKOUT, [*UNDER_12, OVER], {**BREAKING, "atr_sma_period": 7}) == []


def test_the_atr_filter_on_needs_the_mean_of_the_atr_to_exist() -> None:
    filtered = {**BREAKING, "use_atr_filter": True, "atr_period": 3}
    assert entries(BREAKOUT, [*UNDER_12, OVER], {**filtered, "atr_sma_period": 4}) == [6]
    # the first mean of 5 is at bar 3 + 4
    assert entries(BREAKOUT, [*UNDER_12, OVER], {**filtered, "atr_sma_period": 5}) == []


def test_the_atr_must_be_more_than_its_mean() -> None:
    # the mean of one value is that value
    filtered = {**BREAKING, "use_atr_filter": True, "atr_period": 3, "atr_sma_period": 1}
    assert entries(BREAKOUT, [*UNDER_12, OVER], filtered) == []


CROSSING = {
    "macd_fast": 1,
    "macd_slow": 2,
    "macd_signal": 2,
    "resistance_lookback": 1,
    "eom_period": 1,
    "vol_sma_period": 2,
    "volume_threshold": 1,
    "resistance_range_low": 0.5,
    "resistance_range_high": 0.5,
}
TURNING = [
    Bar(close, 20.0 if i == 1 else close + 0.5, close - 0.5, close)
    for i, close in enumerate([12.0, 12.0, 11.5, 11.0, 10.5, 10.0, 9.5, 10.0])
]
"""Falls and turns at the last bar, whose close is exactly half the resistance."""


def test_both_ends_of_the_range_around_the_resistance_count() -> None:
    assert entries(CROSS, TURNING, CROSSING) == [7]
    assert entries(CROSS, TURNING, {**CROSSING, "resistance_range_low": 0.501, "resistance_range_high": 1}) == []
    assert entries(CROSS, TURNING, {**CROSSING, "resistance_range_low": 0, "resistance_range_high": 0.499}) == []
    assert entries(CROSS, TURNING, {**CROSSING, "resistance_range_low": 0, "resistance_range_high": 0.501}) == [7]


def test_a_volume_of_exactly_the_wanted_share_counts() -> None:
    assert entries(CROSS, TURNING, {**CROSSING, "volume_threshold": 1.001}) == []
    assert entries(CROSS, [*TURNING[:7], replace(TURNING[7], volume=99.0)], CROSSING) == []


def test_without_a_resistance_no_range_is_wide_enough() -> None:
    anywhere = {**CROSSING, "resistance_range_low": 0, "resistance_range_high": 1000}
    assert entries(CROSS, TURNING, anywhere) == [7]
    no_level = [replace(bar, high=bar.close + 0.5) for bar in TURNING]
    assert entries(CROSS, no_level, anywhere) == []


@pytest.mark.parametrize(
    ("name", "parameters", "bars"), [(BREAKOUT, BREAKING, [*UNDER_12, OVER]), (CROSS, CROSSING, TURNING)]
)
def test_a_missing_resistance_does_not_hold_up_the_exit(name: str, parameters: dict[str, Any], bars: list[Bar]) -> None:
    over_every_swing = [Bar(30.0, 31.0, 29.0, 30.5)] * 4
    desk = decided({"name": name, "params": parameters}, [*bars, *over_every_swing])
    assert [bar for bar, _ in desk.entries] == [len(bars) - 1]
    assert [bar for bar, _ in desk.exits] == [len(bars) + 2]


BOUNCING = {
    "support_threshold": 0,
    "rsi_oversold": 50.5,
    "atr_floor_multiplier": 0.9,
    "resistance_lookback": 1,
    "eom_period": 1,
    "rsi_period": 2,
    "atr_period": 1,
    "atr_sma_period": 1,
}
BOUNCE = Bar(10.625, 11.125, 10.5, 10.75)
DOWN_TO_SUPPORT = [
    *[Bar(10.875, 11.0, 10.75, 10.875)] * 5,
    Bar(10.875, 11.0, 10.5, 10.875),
    Bar(10.75, 10.875, 10.625, 10.625),
]
"""The low of bar 5, 10.5, is the support from bar 6 on; the middle of bar 6 is that of bar 5, so its EOM is 0."""


def test_a_low_exactly_on_the_support_bounces() -> None:
    assert entries(PULLBACK, [*DOWN_TO_SUPPORT, BOUNCE], BOUNCING) == [7]
    above = [*DOWN_TO_SUPPORT, replace(BOUNCE, low=10.5625)]
    assert entries(PULLBACK, above, BOUNCING) == []
    assert entries(PULLBACK, above, {**BOUNCING, "support_threshold": 0.006}) == [7]


def test_a_bounce_closes_above_its_open() -> None:
    assert entries(PULLBACK, [*DOWN_TO_SUPPORT, replace(BOUNCE, open=10.75)], BOUNCING) == []


def test_the_rsi_of_a_bounce_must_be_below_the_level_and_rising() -> None:
    # the averages of gain and loss are equal at the last bar: the RSI is exactly 50
    assert entries(PULLBACK, [*DOWN_TO_SUPPORT, BOUNCE], {**BOUNCING, "rsi_oversold": 50}) == []
    lower = replace(BOUNCE, open=10.5, close=10.5625)
    assert entries(PULLBACK, [*DOWN_TO_SUPPORT, lower], BOUNCING) == []


def test_ease_of_movement_must_cross_zero_at_a_bounce() -> None:
    falling = [*DOWN_TO_SUPPORT, replace(BOUNCE, high=10.875)]
    assert entries(PULLBACK, falling, BOUNCING) == []
    eased_before = [*DOWN_TO_SUPPORT[:6], replace(DOWN_TO_SUPPORT[6], high=11.25), BOUNCE]
    assert entries(PULLBACK, eased_before, BOUNCING) == []


def test_the_atr_of_a_bounce_must_exceed_its_floor() -> None:
    # the mean of one value is that value
    assert entries(PULLBACK, [*DOWN_TO_SUPPORT, BOUNCE], {**BOUNCING, "atr_floor_multiplier": 1}) == []
    assert entries(PULLBACK, [*DOWN_TO_SUPPORT, BOUNCE], {**BOUNCING, "atr_floor_multiplier": 0.999}) == [7]


def test_without_a_support_there_is_no_bounce() -> None:
    no_level = [replace(bar, low=10.5) for bar in [*DOWN_TO_SUPPORT, BOUNCE]]
    assert entries(PULLBACK, no_level, {**BOUNCING, "support_threshold": 1}) == []


def test_a_missing_support_does_not_hold_up_the_exit() -> None:
    under_every_swing = [Bar(5.0, 6.0, 4.0, 5.0)] * 4
    desk = decided({"name": PULLBACK, "params": BOUNCING}, [*DOWN_TO_SUPPORT, BOUNCE, *under_every_swing])
    assert [bar for bar, _ in desk.entries] == [7]
    assert [bar for bar, _ in desk.exits] == [10]
