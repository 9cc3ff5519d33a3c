"""Exit bars and reasons on golden series, computed from the definitions, with every parameter alone changed."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from exit_rules import DEFAULTS, RULES, expected_trades
from tape import TapeDesk, a_spec, play, random_bars

SIMPLE, ADVANCED, LEVELS = "SimpleATRExitMixin", "AdvancedATRExitMixin", "MultiLevelAtrExitMixin"
CROSS, BOTH, EITHER, TRAIL = "MACrossoverExitMixin", "RSIBBExitMixin", "RSIOrBBExitMixin", "TrailingStopExitMixin"
BREAK, MACD, REJECT = "EOMBreakdownExitMixin", "EOMMAcdBreakdownExitMixin", "EOMRejectionExitMixin"
ALWAYS = {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_period": 1, "e_bb_period": 1, "e_rsi_oversold": 100}}
"""An entry at every bar from bar 1 on."""
BARS = random_bars(31, 700, 0.006)

BASE: dict[str, dict[str, Any]] = {
    ADVANCED: {"struct_buffer_atr": 1.0, "k_init": 3.0},
    BOTH: {"rsi_overbought": 60, "bb_dev": 1.5},
    MACD: {"macd_fast_period": 4, "macd_slow_period": 9, "macd_signal_period": 3, "eom_period": 5, "vol_ma_period": 6},
    REJECT: {"resistance_threshold": 0.98, "rsi_overbought": 52, "eom_period": 4},
}
"""Where the defaults exit so seldom that a change of theirs need not show."""
CHANGES: dict[str, list[dict[str, Any]]] = {
    SIMPLE: [
        {"atr_period": 5},
        {"atr_multiplier": 1.25},
        {"breakeven_atr": 0.4},
        {"use_breakeven": False},
    ],
    ADVANCED: [
        {"anchor": "close"},
        {"anchor": "mid"},
        {"k_init": 1.0},
        {"k_run": 1.25},
        {"k_phase2": 0.5},
        {"p_fast": 2},
        {"p_slow": 40},
        {"alpha_slow": 0.5, "use_htf_atr": False},
        {"alpha_fast": 1.7},
        {"alpha_slow": 1.5},
        {"alpha_htf": 1.5},
        {"atr_floor": 1.5},
        {"arm_at_R": 0.3},
        {"breakeven_offset_atr": 2.0},
        {"phase2_at_R": 1.1},
        {"use_swing_ratchet": False},
        {"swing_lookback": 4},
        {"struct_buffer_atr": 0.0},
        {"min_stop_step": 0.8},
        {"noise_filter_atr": 0.9},
        {"max_trail_freq": 4},
    ],
    CROSS: [{"fast_period": 5}, {"slow_period": 31}, {"ma_type": "EMA"}, {"ma_type": "ema", "fast_period": 4}],
    BOTH: [{"rsi_period": 7}, {"rsi_overbought": 75}, {"bb_period": 9}, {"bb_dev": 2.1}],
    EITHER: [{"rsi_period": 7}, {"rsi_overbought": 75}, {"bb_period": 9}, {"bb_dev": 1.2}],
    TRAIL: [
        {"trail_pct": 0.011},
        {"activation_pct": 0.02},
        {"use_atr": True},
        {"use_atr": True, "atr_multiplier": 1.2},
        {"use_atr": True, "atr_period": 40},
        {"use_atr": True, "activation_pct": 0.015},
    ],
    BREAK: [
        {"breakdown_threshold": 0.02},
        {"eom_period": 3},
        {"vol_ma_period": 4},
        {"atr_period": 3},
        {"resistance_lookback": 4},
    ],
    MACD: [
        {"support_threshold": 0.01},
        {"macd_fast_period": 2},
        {"macd_slow_period": 20},
        {"macd_signal_period": 9},
        {"eom_period": 2},
        {"vol_ma_period": 25},
        {"resistance_lookback": 1},
    ],
    REJECT: [
        {"resistance_threshold": 0.999},
        {"rsi_overbought": 62},
        {"eom_period": 2},
        {"rsi_period": 5},
        {"resistance_lookback": 4},
    ],
    LEVELS: [
        {"htf_atr_period": 40},
        {"htf_sl_multiplier": 0.7},
        {"ltf_atr_period": 4},
        {"ltf_sl_multiplier": 1.1},
        {"be_buffer_multiplier": 0.9, "micro_atr_period": 2},
        {"be_activation_atr": 0.3},
        {"be_buffer_multiplier": 0.8},
        {"use_dynamic_k": True},
        {"use_dynamic_k": True, "vol_sma_period": 7},
    ],
}
"""The last key of each is the one under test; those before it make it count."""
CASES = [(name, change) for name, changes in CHANGES.items() for change in changes]


@cache
def unchanged(name: str, *others: tuple[str, Any]) -> list[tuple[int, int, str]]:
    return expected_trades(name, BARS, {**BASE.get(name, {}), **dict(others)})


def trades(name: str, parameters: dict[str, Any]) -> list[tuple[int, int, str]]:
    desk = TapeDesk(BARS)
    play(a_spec(ALWAYS, {"name": name, "params": parameters}), desk)
    return [(entry, leave, why) for (entry, _), (leave, why) in zip(desk.entries, desk.exits, strict=False)]


@pytest.mark.parametrize("name", RULES)
def test_exits_are_those_of_the_definition(name: str) -> None:
    assert trades(name, BASE.get(name, {})) == unchanged(name)
    assert len(unchanged(name)) >= 4


@pytest.mark.parametrize("name", RULES)
def test_an_empty_logic_exits_by_the_defaults(name: str) -> None:
    assert trades(name, {}) == expected_trades(name, BARS, {})


@pytest.mark.slow
@pytest.mark.parametrize(("name", "change"), CASES)
def test_each_parameter_alone_changes_the_exits_as_computed(name: str, change: dict[str, Any]) -> None:
    parameters = {**BASE.get(name, {}), **change}
    expected = expected_trades(name, BARS, parameters)
    assert trades(name, parameters) == expected
    assert expected != unchanged(name, *list(change.items())[:-1])


def test_every_parameter_is_among_the_changes() -> None:
    for name, defaults in DEFAULTS.items():
        assert {key for change in CHANGES[name] for key in change} == set(defaults)


def test_all_three_reasons_of_the_either_rule_are_met() -> None:
    together = expected_trades(EITHER, BARS, {"rsi_overbought": 60, "bb_dev": 1.5})
    assert trades(EITHER, {"rsi_overbought": 60, "bb_dev": 1.5}) == together
    assert {why for *_, why in together} == {
        "rsi_or_bb_rsi_cross",
        "rsi_or_bb_bb_cross",
        "rsi_or_bb_rsi_cross_bb_cross",
    }
