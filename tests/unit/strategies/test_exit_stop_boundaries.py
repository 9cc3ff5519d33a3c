"""Stops made of average true ranges: what is just reached, what comes once, what waits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from two_bars import NONE, NOW, TwoBars, a_position, a_rule, leaves

from worker.strategies.mixins.mixin import ExitMixin

SIMPLE, ADVANCED, LEVELS = "SimpleATRExitMixin", "AdvancedATRExitMixin", "MultiLevelAtrExitMixin"


def entered(mixin: ExitMixin, **values: float) -> ExitMixin:
    """A trade at 100, decided under these values."""
    mixin.on_entry(TwoBars({name: (NONE, value) for name, value in values.items()}), 100.0, NOW, 1.0, "long")
    return mixin


@pytest.mark.parametrize(("close", "leaving"), [(98.0, True), (98.01, False)])
def test_the_simple_stop_counts_when_it_is_just_reached(close: float, leaving: bool) -> None:
    # the wide range of the bar itself would put the stop at 80
    reason = leaves(entered(a_rule(SIMPLE), exit_atr=1.0), close=(100, close), exit_atr=(1, 10))
    assert reason == ("atr_trailing_stop" if leaving else None)


def test_the_simple_stop_goes_to_the_entry_price_once_and_never_down() -> None:
    mixin = entered(a_rule(SIMPLE, atr_multiplier=4.0), exit_atr=1.0)
    assert leaves(mixin, close=(100, 101.0), exit_atr=(1, 1)) is None
    assert leaves(mixin, close=(101, 100.01), exit_atr=(1, 9)) is None
    assert leaves(mixin, close=(101, 100.0), exit_atr=(1, 9)) == "atr_trailing_stop"
    not_yet = entered(a_rule(SIMPLE, atr_multiplier=4.0), exit_atr=1.0)
    assert leaves(not_yet, close=(100, 100.99), exit_atr=(1, 1)) is None
    assert leaves(not_yet, close=(101, 100.0), exit_atr=(1, 9)) is None


def test_break_even_does_not_lower_a_stop_that_is_above_the_entry_price() -> None:
    mixin = entered(a_rule(SIMPLE, atr_multiplier=1.5, breakeven_atr=2.0), exit_atr=2.0)
    assert leaves(mixin, close=(100, 103.9), exit_atr=(2, 2)) is None  # stop 100.9, 104 would be break-even
    assert leaves(mixin, close=(104, 101.5), exit_atr=(2, 0.5)) is None  # break-even at 100, trailing at 100.75
    assert leaves(mixin, close=(102, 100.8), exit_atr=(1, 9)) == "atr_trailing_stop"


def an_advanced(**parameters: Any) -> ExitMixin:
    plain = {"use_htf_atr": False, "use_swing_ratchet": False, "k_init": 2.0, "k_run": 1.0, "k_phase2": 0.5}
    return entered(a_rule(ADVANCED, **{**plain, **parameters}), exit_atr_fast=1.0, exit_atr_slow=1.0)


def bar(low: float, high: float, close: float, average: float = 1.0, slow: float | None = None) -> Any:
    values = {"low": low, "high": high, "close": close, "exit_atr_fast": average}
    return {name: (NONE, value) for name, value in {**values, "exit_atr_slow": slow or average}.items()}


@pytest.mark.parametrize(("low", "leaving"), [(98.0, True), (98.01, False)])
def test_the_advanced_stop_is_tested_against_the_low_before_it_moves(low: float, leaving: bool) -> None:
    reason = leaves(an_advanced(), **bar(low, 120.0, 119.0))
    assert reason == ("stop_hit" if leaving else None)


def test_both_phases_may_follow_on_one_bar() -> None:
    mixin = an_advanced(anchor="close")
    assert leaves(mixin, **bar(100, 105, 104.0)) is None  # R = 2, a gain of 2 R: phase 2, stop 103.5
    assert leaves(mixin, **bar(103.5, 104, 104.0)) == "stop_hit"
    just_below = an_advanced(anchor="close")
    assert leaves(just_below, **bar(100, 105, 103.99)) is None  # phase 1, stop 102.99
    assert leaves(just_below, **bar(103.0, 104, 104.0)) is None


def test_a_phase_begins_when_its_gain_is_just_reached_and_breaks_even_on_that_bar_only() -> None:
    mixin = an_advanced(anchor="close", breakeven_offset_atr=1.5)
    assert leaves(mixin, **bar(100.0, 102.0, 102.0)) is None
    assert (mixin.state()["phase"], mixin.state()["stop"]) == (1, "101.5")
    assert leaves(mixin, **bar(102, 104, 103.5, average=3.0)) is None
    assert (mixin.state()["phase"], mixin.state()["stop"]) == (1, "101.5")


def test_a_phase_is_kept_over_a_fall_and_in_the_state() -> None:
    mixin = an_advanced(anchor="close")
    assert leaves(mixin, **bar(100.0, 102.0, 102.0)) is None  # phase 1, stop 101
    again = a_rule(ADVANCED, **mixin.values)
    again.restore(json.loads(json.dumps(mixin.state())))
    assert again.state() == mixin.state()
    for one in (mixin, again):
        assert leaves(one, **bar(101.1, 102.0, 101.9, average=0.5)) is None  # a gain of 0.95 R: still k_run, stop 101.4
        assert one.state()["stop"] == "101.4"


def test_a_bar_without_range_is_noise_and_changes_no_phase() -> None:
    mixin = an_advanced(anchor="close", noise_filter_atr=1.0)
    assert leaves(mixin, **bar(103.5, 104.49, 104.0)) is None  # a range of 0.99 ATR: nothing happens
    assert leaves(mixin, **bar(100.0, 101.0, 100.0)) is None  # a range of exactly 1 ATR updates: stop 98, no phase
    assert mixin.state()["phase"] == 0


def test_a_step_that_is_just_large_enough_moves_the_stop() -> None:
    short = an_advanced(anchor="close", arm_at_R=9.0, min_stop_step=0.5)
    assert leaves(short, **bar(99, 101, 100.49)) is None
    assert short.state()["stop"] == "98.0"
    enough = an_advanced(anchor="close", arm_at_R=9.0, min_stop_step=0.5)
    assert leaves(enough, **bar(99, 101, 100.5)) is None
    assert enough.state()["stop"] == "98.5"


def test_the_next_update_waits_for_its_bar() -> None:
    mixin = an_advanced(anchor="close", arm_at_R=9.0, max_trail_freq=2)
    stops = []
    for number in range(1, 6):
        chart = TwoBars(bar(109.5, 110, 101.0 + number), number=number)
        mixin.on_bar(chart, a_position())
        assert not mixin.should_exit(chart, a_position())
        stops.append(mixin.state()["stop"])
    assert stops == ["100.0", "100.0", "102.0", "102.0", "104.0"]


def test_the_floor_and_the_longest_range_make_the_first_stop() -> None:
    floored = an_advanced(atr_floor=4.0)
    assert floored.state()["stop"] == "92.0"
    weighed = an_advanced(alpha_slow=3.0)
    assert weighed.state()["stop"] == "94.0"


def test_a_stop_without_distance_is_hit_by_the_fill_bar_and_divides_by_nothing() -> None:
    assert leaves(an_advanced(k_init=0.0), **bar(100, 101, 101)) == "stop_hit"
    assert leaves(an_advanced(k_init=0.0), **bar(100.5, 101, 101)) is None


@pytest.mark.parametrize(("close", "leaving"), [(97.5, False), (97.49, True)])
def test_the_multi_level_stop_is_below_its_level_only(close: float, leaving: bool) -> None:
    values = {"exit_atr_ltf": (0, 2.0), "exit_atr_htf": (0, 1.0), "exit_atr_micro": (0, 1.0)}
    reason = leaves(entered(a_rule(LEVELS)), high=(0, 101.0), close=(0, close), **values)
    assert reason == ("multi_tf_atr_stop" if leaving else None)  # S0 = 97.5, S1 = 101 - 4


@pytest.mark.parametrize(("close", "stop"), [(101.0, "100.25"), (100.99, "97.5")])
def test_a_gain_that_is_just_reached_arms_break_even(close: float, stop: str) -> None:
    values = {"exit_atr_ltf": (0, 1.0), "exit_atr_htf": (0, 1.0), "exit_atr_micro": (0, 0.5)}
    mixin = entered(a_rule(LEVELS, ltf_sl_multiplier=5.0, be_buffer_multiplier=0.5))
    leaves(mixin, high=(0, 101.0), close=(0, close), **values)
    assert mixin.state()["stop"] == stop


@pytest.mark.parametrize("name", [SIMPLE, ADVANCED, LEVELS])
def test_a_trade_that_began_without_values_takes_the_first_ones(name: str) -> None:
    aliases = a_rule(name).awaited()
    mixin = entered(a_rule(name), **dict.fromkeys(aliases, NONE))
    values = {"low": 90.0, "high": 100.0, "close": 91.0, **dict.fromkeys(aliases, 1.0)}
    assert leaves(mixin, **{key: (NONE, value) for key, value in values.items()}) == mixin.get_exit_reason()
