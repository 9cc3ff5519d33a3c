"""Exit rules where a comparison decides on equality, and where a value does not exist."""

from __future__ import annotations

from typing import Any

import pytest
from two_bars import NONE, a_rule, leaves

CROSS, BOTH, EITHER, TRAIL = "MACrossoverExitMixin", "RSIBBExitMixin", "RSIOrBBExitMixin", "TrailingStopExitMixin"
BREAK, MACD, REJECT = "EOMBreakdownExitMixin", "EOMMAcdBreakdownExitMixin", "EOMRejectionExitMixin"


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
