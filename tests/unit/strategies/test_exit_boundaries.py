"""Exit rules where a comparison decides on equality, and where a value does not exist."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from common.spec import LogicSpec
from worker.strategies.contract import OpenPosition
from worker.strategies.logic import read_exit
from worker.strategies.mixins.mixin import ExitMixin

NONE = math.nan
BAR_NUMBERS = itertools.count(1)
NOW = datetime(2024, 1, 1, tzinfo=UTC)
CROSS, BOTH, EITHER, TRAIL = "MACrossoverExitMixin", "RSIBBExitMixin", "RSIOrBBExitMixin", "TrailingStopExitMixin"
BREAK, MACD, REJECT = "EOMBreakdownExitMixin", "EOMMAcdBreakdownExitMixin", "EOMRejectionExitMixin"
SIMPLE, ADVANCED, LEVELS = "SimpleATRExitMixin", "AdvancedATRExitMixin", "MultiLevelAtrExitMixin"


@dataclass
class TwoBars:
    """A chart of two bars: name → (one bar ago, now)."""

    values: dict[str, tuple[float, float]] = field(default_factory=dict)
    number: int = 1
    time: datetime = NOW

    def now(self, name: str) -> float:
        return self.values[name][1]

    def before(self, name: str) -> float:
        return self.values[name][0]

    def lowest(self, name: str, bars: int) -> float:
        return min(self.values[name]) if bars == 2 else NONE


def a_rule(name: str, **parameters: Any) -> ExitMixin:
    mixin = read_exit(LogicSpec(name=name, logic_params=parameters)).mixin
    assert mixin is not None
    return mixin


def a_position(price: str = "100") -> OpenPosition:
    return OpenPosition(direction="long", size=Decimal(1), entry_price=Decimal(price), entry_time=NOW, entry_bar=1)


def leaves(mixin: ExitMixin, **values: tuple[float, float]) -> str | None:
    """The reason to leave at the second of two bars, which follow the last ones asked about."""
    chart = TwoBars(values, number=next(BAR_NUMBERS))
    mixin.on_bar(chart, a_position())
    return mixin.get_exit_reason() if mixin.should_exit(chart, a_position()) else None


@pytest.mark.parametrize(
    ("fast", "slow", "crosses"),
    [
        ((3, 1), (2, 2), True),
        ((2, 1), (2, 2), False),
        ((3, 2), (2, 2), False),
        ((1, 1), (2, 2), False),
        ((NONE, 1), (2, 2), False),
        ((3, 1), (NONE, 2), False),
    ],
)
def test_means_cross_strictly_on_both_bars(fast: Any, slow: Any, crosses: bool) -> None:
    reason = leaves(a_rule(CROSS, ma_type="ema"), exit_fast_ma=fast, exit_slow_ma=slow)
    assert reason == ("ema_crossover" if crosses else None)


@pytest.mark.parametrize(
    ("rsi", "turned"),
    [((70, 69.9), True), ((71, 70), False), ((69.9, 60), False), ((NONE, 60), False), ((100, 0), True)],
)
@pytest.mark.parametrize(
    ("close", "upper", "fell"),
    [
        ((10, 9.9), (10, 10), True),
        ((11, 10), (10, 10), False),
        ((9.9, 9), (10, 10), False),
        ((10, 9), (NONE, 10), False),
        ((11, 12), (10, 13), True),
    ],
)
def test_rsi_and_close_fall_from_the_level_or_above_to_below_it(
    rsi: Any, turned: bool, close: Any, upper: Any, fell: bool
) -> None:
    values = {"exit_rsi": rsi, "close": close, "exit_bb_upper": upper}
    assert leaves(a_rule(BOTH), **values) == ("rsi_bb_cross_exit" if turned and fell else None)
    names = [name for name, holds in (("rsi_cross", turned), ("bb_cross", fell)) if holds]
    assert leaves(a_rule(EITHER), **values) == ("_".join(["rsi_or_bb", *names]) if names else None)


@pytest.mark.parametrize(
    ("close", "parameters", "leaving"),
    [
        (75.0, {}, False),
        (74.99, {}, True),
        (124.99, {"activation_pct": 0.25, "trail_pct": 0.0}, False),
        (125.0, {"activation_pct": 0.25, "trail_pct": 0.0}, False),
    ],
)
def test_the_trailing_stop_is_below_its_level_only(close: float, parameters: Any, leaving: bool) -> None:
    mixin = a_rule(TRAIL, **{"trail_pct": 0.25, **parameters})
    assert leaves(mixin, close=(100, close)) == ("trailing_stop" if leaving else None)


def test_an_activation_that_is_just_reached_counts_and_is_lost_again() -> None:
    mixin = a_rule(TRAIL, trail_pct=0.125, activation_pct=0.25)
    assert leaves(mixin, close=(100, 150.0)) is None
    assert leaves(mixin, close=(150, 124.9)) is None  # below 131.25, yet not 25 % above the entry price
    assert leaves(mixin, close=(150, 125.0)) == "trailing_stop"


def test_the_highest_close_starts_at_the_entry_price() -> None:
    mixin = a_rule(TRAIL, trail_pct=0.25)
    assert leaves(mixin, close=(1, 74.0)) == "trailing_stop"
    mixin.reset()
    assert leaves(mixin, close=(1, 80.0)) is None


BROKEN = {
    "close": (0, 99.7),
    "volume": (0, 11.0),
    "exit_support": (100.0, 50.0),
    "exit_eom": (-1.0, -2.0),
    "exit_volume_sma": (0, 10.0),
    "exit_atr": (1.0, 1.1),
}
TURNED_DOWN = BROKEN | {"exit_macd": (2.0, 1.0), "exit_macd_signal": (2.0, 1.5), "exit_macd_hist": (0.0, -0.5)}
REJECTED = {
    "open": (0, 11.0),
    "high": (0, 99.5),
    "close": (0, 10.0),
    "exit_resistance": (1.0, 100.0),
    "exit_eom": (0.0, -0.1),
    "exit_rsi": (70.0, 60.1),
}


@pytest.mark.parametrize(
    ("name", "base", "reason"),
    [
        (BREAK, BROKEN, "breakdown_momentum"),
        (MACD, TURNED_DOWN, "macd_breakdown"),
        (REJECT, REJECTED, "resistance_rejection"),
    ],
)
def test_all_parts_together_give_the_reason(name: str, base: Any, reason: str) -> None:
    assert leaves(a_rule(name), **base) == reason


@pytest.mark.parametrize(
    ("name", "base", "part"),
    [
        (BREAK, BROKEN, {"close": (0, 100.0 * (1.0 - 0.002))}),
        (BREAK, BROKEN, {"exit_support": (NONE, 100.0)}),
        (BREAK, BROKEN, {"exit_eom": (1.0, 0.0)}),
        (BREAK, BROKEN, {"exit_eom": (-2.0, -2.0)}),
        (BREAK, BROKEN, {"exit_eom": (NONE, -2.0)}),
        (BREAK, BROKEN, {"volume": (0, 10.0)}),
        (BREAK, BROKEN, {"exit_atr": (1.1, 1.1)}),
        (MACD, TURNED_DOWN, {"close": (0, 100.0 * (1.0 - 0.002))}),
        (MACD, TURNED_DOWN, {"exit_support": (NONE, 100.0)}),
        (MACD, TURNED_DOWN, {"exit_macd": (1.9, 1.0)}),
        (MACD, TURNED_DOWN, {"exit_macd": (2.0, 1.5)}),
        (MACD, TURNED_DOWN, {"exit_macd_hist": (-0.5, -0.5)}),
        (MACD, TURNED_DOWN, {"exit_eom": (1.0, 0.0)}),
        (MACD, TURNED_DOWN, {"volume": (0, 10.0)}),
        (REJECT, REJECTED, {"high": (0, 99.49)}),
        (REJECT, REJECTED, {"exit_resistance": (100.0, NONE)}),
        (REJECT, REJECTED, {"open": (0, 10.0)}),
        (REJECT, REJECTED, {"exit_eom": (0.1, 0.0)}),
        (REJECT, REJECTED, {"exit_eom": (-0.1, -0.2)}),
        (REJECT, REJECTED, {"exit_eom": (NONE, -0.2)}),
        (REJECT, REJECTED, {"exit_rsi": (70.0, 60.0)}),
        (REJECT, REJECTED, {"exit_rsi": (60.1, 60.1)}),
    ],
)
def test_a_part_that_is_just_not_reached_or_has_no_value_says_no(name: str, base: Any, part: Any) -> None:
    assert leaves(a_rule(name), **{**base, **part}) is None


def test_an_eom_that_goes_on_falling_is_no_condition_of_the_macd_rule() -> None:
    assert leaves(a_rule(MACD), **TURNED_DOWN | {"exit_eom": (-5.0, -1.0), "exit_atr": (2.0, 1.0)}) == "macd_breakdown"


@pytest.mark.parametrize(
    ("name", "levels"), [(BREAK, "exit_support"), (MACD, "exit_support"), (REJECT, "exit_resistance")]
)
def test_a_missing_level_is_an_answer_and_not_waited_for(name: str, levels: str) -> None:
    mixin = a_rule(name)
    assert levels in mixin.required(mixin.values)
    assert set(mixin.awaited()) == set(mixin.required(mixin.values)) - {levels}


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
