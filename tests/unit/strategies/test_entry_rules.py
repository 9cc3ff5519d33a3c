"""Entry signals on a golden series: the bars come from the definitions, not from the code under test."""

from __future__ import annotations

from typing import Any

import pytest
from entry_defaults import DEFAULTS
from entry_rules import RULES, Market, decisions
from entry_signals import choppy_bars, entries

from common.spec import LogicSpec
from worker.strategies.logic import read_entry

BARS = choppy_bars(3, 1500)
MARKET = Market(BARS)

BASE: dict[str, dict[str, Any]] = {
    "RSIBBEntryMixin": {"rsi_oversold": 40, "bb_dev": 1.0},
    "RSIIchimokuEntryMixin": {"rsi_oversold": 60, "kijun_period": 20, "senkou_period": 30, "senkou_lead": 12},
    "RSIVolumeSupertrendEntryMixin": {"rsi_oversold": 55, "min_volume_ratio": 1.1},
    "BBVolumeSuperTrendEntryMixin": {"bb_dev": 0.8},
    "EOMBreakoutEntryMixin": {"breakout_threshold": 0.001, "rsi_overbought": 75, "atr_sma_period": 40},
    "EOMMAcdBreakoutEntryMixin": {"resistance_range_low": 0.985, "resistance_range_high": 0.999, "macd_slow": 20},
    "EOMPullbackEntryMixin": {"support_threshold": 0.02, "rsi_oversold": 55, "atr_sma_period": 40, "eom_period": 5},
}
"""Looser than the defaults, so that there are signals to compare."""
VARIED: dict[str, dict[str, Any]] = {
    "RSIBBEntryMixin": {
        "rsi_period": 6,
        "rsi_oversold": 30,
        "bb_period": 9,
        "bb_dev": 1.8,
        "rsi_cross": True,
        "bb_reentry": True,
        "cooldown_bars": 7,
    },
    "RSIIchimokuEntryMixin": {
        "rsi_period": 7,
        "rsi_oversold": 55,
        "tenkan_period": 5,
        "kijun_period": 45,
        "senkou_period": 60,
        "senkou_lead": 30,
    },
    "RSIVolumeSupertrendEntryMixin": {
        "rsi_period": 6,
        "rsi_oversold": 50,
        "vol_ma_period": 5,
        "min_volume_ratio": 2.0,
        "st_period": 4,
        "st_multiplier": 1.5,
    },
    "BBVolumeSuperTrendEntryMixin": {
        "bb_period": 9,
        "bb_dev": 1.2,
        "vol_ma_period": 5,
        "min_volume_ratio": 2.0,
        "st_period": 4,
        "st_multiplier": 1.5,
    },
    "EOMBreakoutEntryMixin": {
        "breakout_threshold": 0.004,
        "use_atr_filter": False,
        "rsi_overbought": 60,
        "resistance_lookback": 5,
        "eom_period": 5,
        "volume_sma_period": 7,
        "atr_period": 5,
        "atr_sma_period": 90,
        "rsi_period": 4,
    },
    "EOMMAcdBreakoutEntryMixin": {
        "resistance_range_low": 0.995,
        "resistance_range_high": 0.995,
        "volume_threshold": 0.2,
        "resistance_lookback": 5,
        "macd_fast": 6,
        "macd_slow": 30,
        "macd_signal": 5,
        "eom_period": 5,
        "vol_sma_period": 5,
    },
    "EOMPullbackEntryMixin": {
        "support_threshold": 0.004,
        "rsi_oversold": 45,
        "atr_floor_multiplier": 1.1,
        "resistance_lookback": 5,
        "eom_period": 9,
        "rsi_period": 6,
        "atr_period": 4,
        "atr_sma_period": 10,
    },
}
"""One other value for every parameter; use_bb_touch has a test of its own, only a close on the band can tell."""
CHANGES = [(name, key, value) for name, varied in VARIED.items() for key, value in varied.items()]


def base(name: str, **changes: Any) -> dict[str, Any]:
    return {**DEFAULTS[name], **BASE[name], **changes}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("prefix", ["", "e_", "entry_e_"])
def test_signals_are_those_of_the_definition(name: str, prefix: str) -> None:
    expected = decisions(name, MARKET, base(name))
    assert entries(name, BARS, base(name), prefix) == expected
    assert len(expected) > 8


@pytest.mark.slow
@pytest.mark.parametrize(("name", "key", "value"), CHANGES)
def test_each_parameter_alone_changes_the_signals_as_computed(name: str, key: str, value: Any) -> None:
    expected = decisions(name, MARKET, base(name, **{key: value}))
    assert entries(name, BARS, {**BASE[name], key: value}) == expected
    assert expected != decisions(name, MARKET, base(name))
    assert expected


@pytest.mark.parametrize("name", RULES)
def test_a_silent_config_trades_by_the_defaults(name: str) -> None:
    assert entries(name, BARS, {}) == decisions(name, MARKET, DEFAULTS[name])


def test_every_parameter_has_its_turn() -> None:
    for name, varied in VARIED.items():
        assert set(varied) | {"use_bb_touch"} >= set(DEFAULTS[name]) >= set(varied)


@pytest.mark.parametrize(
    ("name", "changes", "bars"),
    [
        ("RSIBBEntryMixin", {}, 20),
        ("RSIBBEntryMixin", {"rsi_period": 33}, 33),
        ("RSIIchimokuEntryMixin", {}, 78),
        ("RSIIchimokuEntryMixin", {"senkou_lead": 30, "kijun_period": 40}, 82),
        ("RSIIchimokuEntryMixin", {"rsi_period": 90}, 90),
        ("RSIVolumeSupertrendEntryMixin", {}, 20),
        ("RSIVolumeSupertrendEntryMixin", {"st_period": 20}, 21),
        ("BBVolumeSuperTrendEntryMixin", {}, 20),
        ("BBVolumeSuperTrendEntryMixin", {"st_period": 20}, 21),
        ("EOMBreakoutEntryMixin", {}, 100),
        ("EOMBreakoutEntryMixin", {"use_atr_filter": False}, 100),
        ("EOMBreakoutEntryMixin", {"use_atr_filter": False, "atr_sma_period": 3, "resistance_lookback": 7}, 35),
        ("EOMMAcdBreakoutEntryMixin", {}, 35),
        ("EOMMAcdBreakoutEntryMixin", {"resistance_lookback": 8}, 40),
        ("EOMPullbackEntryMixin", {}, 100),
        ("EOMPullbackEntryMixin", {"resistance_lookback": 21}, 105),
    ],
)
def test_the_wait_is_the_longest_period(name: str, changes: dict[str, Any], bars: int) -> None:
    assert read_entry(LogicSpec(name=name, params=changes)).lookback == bars
    assert RULES[name](MARKET, {**DEFAULTS[name], **changes}).lookback == bars
