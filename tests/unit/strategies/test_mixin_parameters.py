"""Every spelling of every parameter, their order, their units, their bounds."""

from __future__ import annotations

from typing import Any

import pytest
from entry_defaults import DEFAULTS as ENTRY_DEFAULTS
from entry_signals import LEGACY
from exit_rules import DEFAULTS as EXIT_DEFAULTS

from common.spec import LogicSpec, Problem
from worker.strategies.logic import LogicReading, read_entry, read_exit
from worker.strategies.mixins.catalogue import ALIASES, ENTRIES, EXITS
from worker.strategies.mixins.mixin import Mixin

VOLUME, EITHER = "RSIBBVolumeEntryMixin", "RSIOrBBEntryMixin"
CLOUD = "RSIIchimokuEntryMixin"
ATR, RATIO, TIME = "ATRExitMixin", "FixedRatioExitMixin", "TimeBasedExitMixin"

DEFAULTS: dict[str, dict[str, Any]] = {
    VOLUME: {
        "rsi_period": 14,
        "rsi_oversold": 30,
        "bb_period": 20,
        "bb_dev": 2.0,
        "vol_ma_period": 20,
        "use_bb_touch": True,
        "min_volume_ratio": 1.1,
    },
    EITHER: {
        "rsi_period": 14,
        "rsi_oversold": 30,
        "bb_period": 20,
        "bb_dev": 2.0,
        "use_bb_touch": True,
        "rsi_cross": False,
        "bb_reentry": False,
        "cooldown_bars": 0,
    },
    ATR: {"atr_period": 14, "sl_multiplier": 2.0},
    RATIO: {"take_profit": 0.1, "stop_loss": 0.05},
    TIME: {"max_bars": 20, "use_time": False, "max_minutes": 60},
}
OTHER: dict[str, Any] = {
    "rsi_period": 7,
    "rsi_oversold": 25.5,
    "bb_period": 11,
    "bb_dev": 1.5,
    "vol_ma_period": 9,
    "use_bb_touch": False,
    "min_volume_ratio": 0.5,
    "rsi_cross": True,
    "bb_reentry": True,
    "cooldown_bars": 3,
    "atr_period": 5,
    "sl_multiplier": 0.0,
    "take_profit": 0.0,
    "stop_loss": 0.2,
    "max_bars": 0,
    "use_time": True,
    "max_minutes": 15.5,
}
DEFAULTS |= ENTRY_DEFAULTS
OTHER |= {
    "tenkan_period": 4,
    "kijun_period": 8,
    "senkou_period": 16,
    "senkou_lead": 0,
    "st_period": 6,
    "st_multiplier": 0.0,
    "breakout_threshold": 0.0,
    "use_atr_filter": False,
    "rsi_overbought": 61.5,
    "resistance_lookback": 1,
    "eom_period": 3,
    "volume_sma_period": 12,
    "vol_sma_period": 13,
    "atr_sma_period": 33,
    "resistance_range_low": 0.0,
    "resistance_range_high": 1.5,
    "volume_threshold": 0.0,
    "macd_fast": 3,
    "macd_slow": 8,
    "macd_signal": 4,
    "support_threshold": 0.0,
    "atr_floor_multiplier": 0.0,
}
EVERY = [(name, parameter) for name, parameters in DEFAULTS.items() for parameter in parameters]


def read(
    name: str, params: dict[str, Any] | None = None, logic_params: dict[str, Any] | None = None
) -> LogicReading[Any]:
    logic = LogicSpec(name=name, params=params or {}, logic_params=logic_params or {})
    return read_entry(logic) if ALIASES.get(name, name) in ENTRIES else read_exit(logic)


def values(reading: LogicReading[Any]) -> dict[str, Any]:
    assert isinstance(reading.mixin, Mixin), reading.problems
    return dict(reading.mixin.values)


def only(reading: LogicReading[Any]) -> Problem:
    (problem,) = reading.problems
    return problem


def prefixes(name: str) -> tuple[str, str]:
    return ("e_", "entry_e_") if name in ENTRIES else ("x_", "exit_x_")


def test_the_table_of_this_test_names_every_mixin() -> None:
    assert {*DEFAULTS, *EXIT_DEFAULTS} == {*ENTRIES, *EXITS}


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_empty_logic_has_the_defaults(name: str) -> None:
    reading = read(name)
    assert values(reading) == DEFAULTS[name]
    assert reading.problems == ()


@pytest.mark.parametrize(("name", "parameter"), EVERY)
@pytest.mark.parametrize("section", ["params", "logic_params"])
@pytest.mark.parametrize("spelling", ["plain", "prefixed", "optimizer"])
def test_every_spelling_in_either_section_gives_the_same_parameter(
    name: str, parameter: str, section: str, spelling: str
) -> None:
    prefixed, optimizer = prefixes(name)
    plain = parameter if spelling == "plain" or name not in ENTRIES else LEGACY.get(parameter, parameter)
    key = {"plain": "", "prefixed": prefixed, "optimizer": optimizer}[spelling] + plain
    reading = read(name, **{section: {key: OTHER[parameter]}})
    assert values(reading) == {**DEFAULTS[name], parameter: OTHER[parameter]}
    assert reading.problems == ()


@pytest.mark.parametrize("section", ["params", "logic_params"])
@pytest.mark.parametrize(
    ("name", "key", "given", "parameter", "expected"),
    [
        (RATIO, "x_take_profit_pct", 5.0, "take_profit", 0.05),
        (RATIO, "x_stop_loss_pct", 2, "stop_loss", 0.02),
        (RATIO, "x_stop_loss_pct", 0, "stop_loss", 0.0),
        (TIME, "x_max_hold_bars", 100, "max_bars", 100),
        (VOLUME, "oversold", 40, "rsi_oversold", 40),
        (EITHER, "oversold", 0, "rsi_oversold", 0),
        ("RSIBBEntryMixin", "oversold", 20, "rsi_oversold", 20),
        (CLOUD, "oversold", 45, "rsi_oversold", 45),
        ("RSIVolumeSupertrendEntryMixin", "oversold", 45, "rsi_oversold", 45),
        ("EOMPullbackEntryMixin", "oversold", 45, "rsi_oversold", 45),
        (CLOUD, "e_ichimoku_tenkan", 5, "tenkan_period", 5),
        (CLOUD, "e_ichimoku_kijun", 11, "kijun_period", 11),
        (CLOUD, "e_tenkan_period", 5, "tenkan_period", 5),
        (CLOUD, "e_kijun_period", 11, "kijun_period", 11),
        (CLOUD, "e_senkou_period", 40, "senkou_period", 40),
        ("RSIVolumeSupertrendEntryMixin", "e_supertrend_period", 7, "st_period", 7),
        ("RSIVolumeSupertrendEntryMixin", "e_supertrend_multiplier", 2.5, "st_multiplier", 2.5),
        ("BBVolumeSupertrendEntryMixin", "e_supertrend_period", 7, "st_period", 7),
        ("BBVolumeSupertrendEntryMixin", "e_supertrend_multiplier", 0, "st_multiplier", 0),
    ],
)
def test_web_form_names_are_read_in_their_own_unit_and_synonyms_as_plain_names(
    section: str, name: str, key: str, given: float, parameter: str, expected: float
) -> None:
    reading = read(name, **{section: {key: given}})
    assert values(reading)[parameter] == expected
    assert reading.problems == ()


def test_the_stronger_spelling_wins_and_the_weaker_one_is_reported() -> None:
    ladder: list[tuple[str, str, Any]] = [
        ("logic_params", "take_profit", 0.01),
        ("params", "take_profit", 0.02),
        ("params", "x_take_profit", 0.03),
        ("logic_params", "x_take_profit", 0.04),
        ("params", "exit_x_take_profit", 0.05),
        ("logic_params", "exit_x_take_profit", 0.06),
        ("params", "x_take_profit_pct", 7.0),
        ("logic_params", "x_take_profit_pct", 8.0),
    ]
    for first in range(len(ladder)):
        sections: dict[str, dict[str, Any]] = {"params": {}, "logic_params": {}}
        for section, key, value in ladder[first:]:
            sections[section][key] = value
        reading = read(RATIO, **sections)
        assert values(reading)["take_profit"] == pytest.approx(0.01 * (first + 1))
        assert [problem.severity for problem in reading.problems] == ["warning"] * (len(ladder) - first - 1)
        assert all("comes first" in problem.message for problem in reading.problems)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        (CLOUD, "senkou_lead", 0),
        ("EOMBreakoutEntryMixin", "use_atr_filter", False),
        ("EOMBreakoutEntryMixin", "breakout_threshold", 0),
        ("EOMPullbackEntryMixin", "support_threshold", 0.0),
        (VOLUME, "rsi_oversold", 0),
        (VOLUME, "use_bb_touch", False),
        (ATR, "sl_multiplier", 0.0),
        (TIME, "max_bars", 0),
    ],
)
def test_zero_and_false_are_values(name: str, key: str, value: Any) -> None:
    reading = read(name, logic_params={key: value}, params={key: OTHER[key] or 3})
    assert values(reading)[key] == value


def test_null_counts_as_absent() -> None:
    assert values(read(VOLUME, params={"e_rsi_period": None})) == DEFAULTS[VOLUME]


def test_whole_floats_are_whole_numbers_and_0_and_1_are_flags() -> None:
    given = values(read(VOLUME, params={"e_rsi_period": 21.0, "e_use_bb_touch": 0, "e_rsi_oversold": 35}))
    assert (given["rsi_period"], given["use_bb_touch"], given["rsi_oversold"]) == (21, False, 35.0)
    assert isinstance(given["rsi_period"], int)


@pytest.mark.parametrize(
    ("name", "key", "value", "rule"),
    [
        (VOLUME, "e_rsi_period", -1, "whole number from 1"),
        (VOLUME, "e_rsi_period", 0, "whole number from 1"),
        (VOLUME, "e_rsi_period", 14.5, "whole number from 1"),
        (VOLUME, "e_rsi_period", "14", "whole number from 1"),
        (VOLUME, "e_rsi_period", True, "whole number from 1"),
        (VOLUME, "e_rsi_period", [14], "whole number from 1"),
        (VOLUME, "e_rsi_period", 10**30, "whole number from 1"),
        (VOLUME, "e_rsi_oversold", 101, "from 0 to 100"),
        (VOLUME, "e_rsi_oversold", float("nan"), "finite number"),
        (VOLUME, "e_bb_dev", -0.1, "at least 0"),
        (VOLUME, "e_bb_dev", float("inf"), "finite number"),
        (VOLUME, "e_bb_dev", 10**400, "finite number"),
        (VOLUME, "e_min_volume_ratio", "big", "finite number"),
        (VOLUME, "e_use_bb_touch", "yes", "true or false"),
        (VOLUME, "e_use_bb_touch", 2, "true or false"),
        (EITHER, "e_cooldown_bars", -1, "at least 0"),
        (ATR, "x_atr_period", 0, "whole number from 1"),
        (ATR, "x_sl_multiplier", {}, "finite number"),
        (RATIO, "x_stop_loss_pct", -5, "after division by 100"),
        (TIME, "x_max_minutes", -1, "at least 0"),
        (ATR, "x_other_period", 0, "a period must be at least 1"),
        (CLOUD, "e_tenkan", 0, "whole number from 1"),
        (CLOUD, "e_senkou_lead", -1, "whole number from 0"),
        ("RSIVolumeSupertrendEntryMixin", "e_st_multiplier", -0.5, "at least 0"),
        ("RSIVolumeSupertrendEntryMixin", "e_supertrend_period", 0, "whole number from 1"),
        ("EOMBreakoutEntryMixin", "e_breakout_threshold", -0.001, "at least 0"),
        ("EOMBreakoutEntryMixin", "e_use_atr_filter", "on", "true or false"),
        ("EOMBreakoutEntryMixin", "e_rsi_overbought", 101, "from 0 to 100"),
        ("EOMMAcdBreakoutEntryMixin", "e_macd_signal", 0, "whole number from 1"),
        ("EOMMAcdBreakoutEntryMixin", "e_volume_threshold", "much", "finite number"),
        ("EOMPullbackEntryMixin", "e_resistance_lookback", 0, "whole number from 1"),
    ],
)
def test_a_value_outside_the_rule_is_an_error_with_path_value_and_rule(
    name: str, key: str, value: Any, rule: str
) -> None:
    reading = read(name, params={key: value})
    role = "entry" if name in ENTRIES else "exit"
    found = reading.problems[0]
    assert reading.mixin is None
    assert (found.severity, found.path) == ("error", f"strategy.parameters.{role}_logic.params.{key}")
    assert rule in found.rule
    assert found.path in found.message
    assert found.value in found.message


def test_every_mistake_is_reported_at_once() -> None:
    reading = read(VOLUME, params={"e_rsi_period": -1, "e_bb_dev": "x"}, logic_params={"use_bb_touch": "no"})
    assert [problem.path.rpartition(".")[2] for problem in reading.problems] == [
        "e_rsi_period",
        "e_bb_dev",
        "use_bb_touch",
    ]


@pytest.mark.parametrize(
    ("name", "key"),
    [(ATR, "x_tp_multiplier"), (VOLUME, "e_rsi_overbought"), (RATIO, "x_trail_pct"), (TIME, "e_max_bars")],
)
def test_an_unknown_key_is_a_warning_that_lists_the_known_ones(name: str, key: str) -> None:
    reading = read(name, params={key: 1.0})
    problem = only(reading)
    assert values(reading) == DEFAULTS[name]
    assert problem.severity == "warning"
    assert all(parameter in problem.message for parameter in (key, *DEFAULTS[name]))


def test_a_percent_written_as_a_fraction_is_taken_with_a_warning() -> None:
    reading = read(RATIO, params={"stop_loss": 5})
    assert values(reading)["stop_loss"] == 5
    assert only(reading).severity == "warning"
    assert "0.05 is 5 %" in only(reading).message


def test_an_unknown_mixin_is_named_with_the_known_ones() -> None:
    problem = only(read_entry(LogicSpec(name="SMAEntryMixin")))
    assert problem.path == "strategy.parameters.entry_logic.name"
    assert all(text in problem.message for text in ("SMAEntryMixin", VOLUME, EITHER, "not a known entry mixin"))
    misspelt = only(read_exit(LogicSpec(name="AtrExitMixin")))
    assert "did you mean ATRExitMixin?" in misspelt.message


def test_a_mixin_of_the_earlier_service_that_is_not_there_says_so() -> None:
    problem = only(read_entry(LogicSpec(name="HMMLSTMEntryMixin")))
    assert (problem.severity, problem.rule) == ("error", "is not available in this version")
    assert "HMMLSTMEntryMixin" in problem.message


@pytest.mark.parametrize("key", ["chikou", "e_chikou", "entry_e_chikou"])
@pytest.mark.parametrize("value", [26, 9, "later"])
def test_the_shift_of_the_lagging_span_is_taken_and_said_to_have_no_effect(key: str, value: Any) -> None:
    reading = read(CLOUD, params={key: value})
    assert values(reading) == DEFAULTS[CLOUD]
    assert only(reading).severity == "warning"
    assert "has no effect" in only(reading).message


@pytest.mark.parametrize("name", [VOLUME, "EOMPullbackEntryMixin"])
def test_an_entry_mixin_in_the_place_of_an_exit_says_so(name: str) -> None:
    assert "an entry mixin, exit_logic needs an exit mixin" in only(read_exit(LogicSpec(name=name))).message


def test_an_exit_mixin_in_the_place_of_an_entry_says_so() -> None:
    assert "an exit mixin, entry_logic needs an entry mixin" in only(read_entry(LogicSpec(name=ATR))).message
    assert (
        "an exit mixin, entry_logic needs an entry mixin"
        in only(read_entry(LogicSpec(name="TrailingStopExitMixin"))).message
    )
