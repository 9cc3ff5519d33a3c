"""Entry rules where a comparison decides on equality and at the first bars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from entry_signals import HOLD, decided, entries
from tape import Bar, TapeDesk, a_spec, closes_to_bars, play

from common.spec import LogicSpec
from worker.strategies.logic import read_entry

FLAT = closes_to_bars([10.0] * 60)
FALLING = closes_to_bars([100.0 - i for i in range(60)])

BOTH, CLOUD, TREND = "RSIBBEntryMixin", "RSIIchimokuEntryMixin", "RSIVolumeSupertrendEntryMixin"
BAND_TREND, BREAKOUT = "BBVolumeSuperTrendEntryMixin", "EOMBreakoutEntryMixin"
CROSS, PULLBACK = "EOMMAcdBreakoutEntryMixin", "EOMPullbackEntryMixin"


def test_a_close_exactly_on_the_band_counts_only_with_touch() -> None:
    assert entries(BOTH, FLAT, {"rsi_oversold": 0})[0] == 20
    assert entries(BOTH, FLAT, {"rsi_oversold": 0, "use_bb_touch": False}) == []


def test_both_parts_are_needed() -> None:
    rising = closes_to_bars([100.0 + i for i in range(60)])
    assert entries(BOTH, rising, {"rsi_oversold": 99, "bb_reentry": True}) == []
    assert entries(BOTH, rising, {"rsi_oversold": 100, "bb_reentry": True}) != []
    assert entries(BOTH, FALLING, {"bb_dev": 1.0, "bb_reentry": True}) == []
    assert entries(BOTH, FALLING, {"bb_dev": 1.0}) != []


def test_the_rsi_crosses_when_it_was_exactly_at_the_level() -> None:
    # the RSI of a flat market is 0, after a first rise it is 100
    bars = closes_to_bars([10.0] * 30 + [11.0] * 5)
    parameters = {"rsi_cross": True, "bb_reentry": True}
    assert entries(BOTH, bars, {**parameters, "rsi_oversold": 0}) == [30]
    assert entries(BOTH, bars, {**parameters, "rsi_oversold": 100}) == []


def test_the_reason_names_the_two_parts() -> None:
    assert decided({"name": BOTH}, FLAT).entries[0] == (20, "RSI Oversold + BB Lower Touch")


def test_a_refused_signal_starts_the_cooldown_and_a_suppressed_one_does_not() -> None:
    asked: list[int] = []

    def denies(bar: int) -> bool:
        asked.append(bar)
        return True

    parameters = {"bb_dev": 0.5, "bb_period": 5, "rsi_period": 5, "cooldown_bars": 10}
    play(a_spec({"name": BOTH, "params": parameters}, HOLD), TapeDesk(FALLING, denies=denies))
    assert asked == [5, 15, 25, 35, 45, 55]


def test_the_cooldown_outlives_a_restart() -> None:
    parameters = {"bb_dev": 0.5, "bb_period": 5, "rsi_period": 5, "cooldown_bars": 50}
    spec = a_spec({"name": BOTH, "params": parameters}, HOLD)
    memory = play(spec, TapeDesk(FALLING[:30])).state()
    assert memory["entry"] == {"mixin": BOTH, "memory": {"last_signal": 5}}
    mixin = read_entry(spec.strategy.entry).mixin
    assert mixin is not None
    mixin.restore(memory["entry"]["memory"])
    assert mixin.state() == {"last_signal": 5}


def test_a_close_crosses_tenkan_from_exactly_on_it_and_must_end_above_line_and_cloud() -> None:
    # flat: close, tenkan and both spans are all 10
    jump = [*closes_to_bars([10.0] * 90), Bar(10.0, 11.0, 10.0, 11.0)]
    assert entries(CLOUD, jump, {"rsi_oversold": 100}) == [90]
    assert entries(CLOUD, jump, {"rsi_oversold": 99}) == []
    assert entries(CLOUD, closes_to_bars([10.0] * 120), {"rsi_oversold": 100}) == []


def test_a_close_exactly_on_a_span_is_not_above_the_cloud() -> None:
    # the cloud of bar 90 was computed at bar 64: span B over 35 bars begins with the spike, over 34 just after it
    spike = closes_to_bars([10.0] * 90)
    spike[30] = Bar(10.0, 12.0, 10.0, 10.0)
    on_it, above_it = Bar(10.0, 11.0, 10.0, 11.0), Bar(10.0, 11.125, 10.0, 11.125)
    reaching, short = {"rsi_oversold": 100, "senkou_period": 35}, {"rsi_oversold": 100, "senkou_period": 34}
    assert entries(CLOUD, [*spike, on_it], reaching) == []
    assert entries(CLOUD, [*spike, above_it], reaching) == [90]
    assert entries(CLOUD, [*spike, on_it], short) == [90]


def test_the_cloud_is_shifted_once_and_not_by_kijun() -> None:
    # a spike at bar 40 lifts the cloud of bars 40 + lead to 39 + lead + senkou, and kijun has no say in that
    spike = closes_to_bars([10.0] * 90)
    spike[40] = Bar(10.0, 14.0, 10.0, 10.0)
    bars = [*spike, Bar(10.0, 11.0, 10.0, 11.0)]
    short = {"rsi_oversold": 100, "tenkan_period": 3, "kijun_period": 4, "senkou_period": 5}
    for lead in (44, 51):
        assert entries(CLOUD, bars, {**short, "senkou_lead": lead}) == [90], lead
    for lead in (46, 48, 50):
        assert entries(CLOUD, bars, {**short, "senkou_lead": lead}) == [], lead


def test_volume_must_exceed_its_mean_for_the_supertrend_rules() -> None:
    flat_but_for_one = closes_to_bars([10.0] * 30, [100.0] * 20 + [100.5] + [100.0] * 9)
    parameters = {"st_period": 10, "min_volume_ratio": 1.0}
    assert entries(TREND, FLAT, parameters) == []
    assert entries(TREND, flat_but_for_one, parameters) == [20]
    assert entries(BAND_TREND, FLAT, parameters) == []
    assert entries(BAND_TREND, flat_but_for_one, parameters) == [20]
    assert entries(BAND_TREND, flat_but_for_one, {**parameters, "use_bb_touch": False}) == []


def test_the_supertrend_must_point_up() -> None:
    # on a flat market the close touches the line on every bar: up at bar 10, 12, 14 ..., down between
    def loud_at(bar: int) -> list[Bar]:
        return [replace(each, volume=900.0) if i == bar else each for i, each in enumerate(FLAT)]

    for name in (TREND, BAND_TREND):
        assert entries(name, loud_at(30), {}) == [30]
        assert entries(name, loud_at(31), {}) == []


@pytest.mark.parametrize("name", [TREND, BAND_TREND, BREAKOUT, CROSS, PULLBACK, CLOUD])
def test_a_market_without_movement_and_volume_gives_no_signal(name: str) -> None:
    assert entries(name, closes_to_bars([10.0] * 150, [0.0] * 150), {}) == []


@pytest.mark.parametrize(
    ("name", "parameters", "first"),
    [
        (BOTH, {"bb_dev": 0.5}, 20),
        (BOTH, {"bb_dev": 0.5, "rsi_period": 25}, 25),
        (BOTH, {"bb_dev": 0.5, "bb_period": 2, "rsi_period": 1}, 2),
    ],
)
def test_the_first_question_comes_after_the_lookback(name: str, parameters: dict[str, Any], first: int) -> None:
    assert entries(name, FALLING, parameters)[0] == first


def test_the_old_name_with_a_small_t_is_the_same_mixin() -> None:
    reading = read_entry(LogicSpec(name="BBVolumeSupertrendEntryMixin"))
    assert reading.mixin is not None
    assert (reading.mixin.name, reading.problems) == (BAND_TREND, ())
