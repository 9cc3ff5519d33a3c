"""Every spelling of the exit rules' parameters, their units, bounds and defaults, and what without effect says."""

from __future__ import annotations

from typing import Any

import pytest
from exit_rules import DEFAULTS

from common.spec import LogicSpec
from worker.strategies.catalogue import catalogue
from worker.strategies.logic import LogicReading, read_exit
from worker.strategies.mixins.catalogue import EXITS, UNAVAILABLE
from worker.strategies.mixins.mixin import ExitMixin

SIMPLE, ADVANCED, LEVELS = "SimpleATRExitMixin", "AdvancedATRExitMixin", "MultiLevelAtrExitMixin"
CROSS, BOTH, EITHER, TRAIL = "MACrossoverExitMixin", "RSIBBExitMixin", "RSIOrBBExitMixin", "TrailingStopExitMixin"
BREAK, MACD, REJECT = "EOMBreakdownExitMixin", "EOMMAcdBreakdownExitMixin", "EOMRejectionExitMixin"
EVERY = [(name, parameter) for name, parameters in DEFAULTS.items() for parameter in parameters]
UNUSED: dict[str, tuple[str, ...]] = {
    ADVANCED: (
        "update_on",
        "htf",
        "tighten_if_stagnant_bars",
        "tighten_k_factor",
        "min_bars_between_tighten",
        "pt_levels_R",
        "pt_sizes",
        "retune_after_pt",
        "fill_policy",
        "tick_size",
    ),
    CROSS: ("require_confirmation", "use_talib"),
    TRAIL: ("use_talib",),
    LEVELS: ("htf_compression",),
    "FixedRatioExitMixin": ("use_trailing_stop", "trail_percent"),
}


def read(
    name: str, params: dict[str, Any] | None = None, logic_params: dict[str, Any] | None = None, *indicators: Any
) -> LogicReading[ExitMixin]:
    return read_exit(LogicSpec(name=name, params=params or {}, logic_params=logic_params or {}, indicators=indicators))


def values(reading: LogicReading[ExitMixin]) -> dict[str, Any]:
    assert reading.mixin is not None, reading.problems
    return dict(reading.mixin.values)


def warnings(reading: LogicReading[ExitMixin]) -> list[tuple[str, str]]:
    """(last part of the place, rule)"""
    assert {problem.severity for problem in reading.problems} <= {"warning"}
    return [(problem.path.rpartition(".")[2], problem.rule) for problem in reading.problems]


def other(name: str, parameter: str) -> Any:
    """A value that is not the default."""
    default = DEFAULTS[name][parameter]
    if isinstance(default, bool):
        return not default
    if isinstance(default, str):
        return {"anchor": "mid", "ma_type": "EMA"}[parameter]
    return default + 3 if isinstance(default, int) else 0.75


def test_the_ten_rules_are_there_and_none_is_said_to_be_missing() -> None:
    assert set(EXITS) == {*DEFAULTS, "ATRExitMixin", "FixedRatioExitMixin", "TimeBasedExitMixin"}
    assert UNAVAILABLE["exit"] == ()


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_empty_logic_has_the_defaults(name: str) -> None:
    assert values(read(name)) == DEFAULTS[name]
    assert read(name).problems == ()


@pytest.mark.parametrize(("name", "parameter"), EVERY)
@pytest.mark.parametrize("section", ["params", "logic_params"])
@pytest.mark.parametrize("prefix", ["", "x_", "exit_x_"])
def test_every_spelling_in_either_section_gives_the_same_parameter(
    name: str, parameter: str, section: str, prefix: str
) -> None:
    reading = read(name, **{section: {prefix + parameter: other(name, parameter)}})
    assert values(reading) == {**DEFAULTS[name], parameter: other(name, parameter)}
    assert reading.problems == ()


@pytest.mark.parametrize("parameter", DEFAULTS[ADVANCED])
def test_the_optimizers_names_of_the_rule_without_prefix_are_read(parameter: str) -> None:
    reading = read(ADVANCED, {f"exit_{parameter}": other(ADVANCED, parameter)})
    assert values(reading)[parameter] == other(ADVANCED, parameter)
    assert reading.problems == ()


def test_a_plain_name_of_the_rule_without_prefix_is_no_second_spelling_of_itself() -> None:
    assert read(ADVANCED, {"k_init": 3.0}).problems == ()
    both = read(ADVANCED, {"k_init": 3.0, "x_k_init": 4.0})
    assert values(both)["k_init"] == 3.0
    assert [place for place, _ in warnings(both)] == ["x_k_init"]


@pytest.mark.parametrize("section", ["params", "logic_params"])
@pytest.mark.parametrize("prefix", ["", "exit_"])
@pytest.mark.parametrize(
    ("name", "key", "given", "parameter", "expected"),
    [
        (SIMPLE, "x_sl_multiplier", 1.5, "atr_multiplier", 1.5),
        (SIMPLE, "x_sl_multiplier", 0, "atr_multiplier", 0.0),
        (ADVANCED, "x_atr_period", 34, "p_slow", 34),
        (CROSS, "x_ma_fast", 7, "fast_period", 7),
        (CROSS, "x_ma_slow", 33, "slow_period", 33),
        (CROSS, "x_ma_period", 33, "slow_period", 33),
        (TRAIL, "x_trail_percent", 3.0, "trail_pct", 0.03),
        (TRAIL, "x_activation_percent", 2, "activation_pct", 0.02),
        (TRAIL, "x_trail_percent", 0, "trail_pct", 0.0),
    ],
)
def test_web_form_names_are_read_in_their_own_unit(
    section: str, prefix: str, name: str, key: str, given: float, parameter: str, expected: float
) -> None:
    reading = read(name, **{section: {prefix + key: given}})
    assert values(reading) == {**DEFAULTS[name], parameter: expected}
    assert reading.problems == ()


def test_the_single_mean_of_the_web_form_is_the_slow_one_when_no_slow_one_is_given() -> None:
    reading = read(CROSS, {"x_ma_period": 50, "x_ma_slow": 40})
    assert values(reading)["slow_period"] == 40
    assert [place for place, _ in warnings(reading)] == ["x_ma_period"]
    named = read(ADVANCED, {"x_atr_period": 50, "p_slow": 40})
    assert values(named)["p_slow"] == 40
    assert [place for place, _ in warnings(named)] == ["x_atr_period"]


@pytest.mark.parametrize(("name", "parameter"), [(n, p) for n, unused in UNUSED.items() for p in unused])
@pytest.mark.parametrize("prefix", ["", "x_", "exit_x_"])
@pytest.mark.parametrize("given", [1, "bar_close", [1.0, 2.0], False])
def test_what_the_rule_does_not_do_is_taken_with_a_warning(name: str, parameter: str, prefix: str, given: Any) -> None:
    reading = read(name, {prefix + parameter: given})
    assert values(reading) == values(read(name))
    ((place, rule),) = warnings(reading)
    assert place == prefix + parameter
    assert rule.startswith("has no effect, ")


@pytest.mark.parametrize(
    ("name", "parameter", "given", "kept"),
    [
        (ADVANCED, "anchor", "HIGH", "high"),
        (ADVANCED, "anchor", "Close", "close"),
        (CROSS, "ma_type", "sma", "SMA"),
        (CROSS, "ma_type", "eMa", "EMA"),
    ],
)
def test_words_are_read_in_any_case(name: str, parameter: str, given: str, kept: str) -> None:
    assert values(read(name, {parameter: given}))[parameter] == kept


@pytest.mark.parametrize(
    ("name", "key", "given", "rule"),
    [
        (SIMPLE, "x_atr_period", 0, "whole number from 1"),
        (SIMPLE, "x_sl_multiplier", -1, "at least 0"),
        (SIMPLE, "x_breakeven_atr", -0.1, "at least 0"),
        (SIMPLE, "x_use_breakeven", "no", "true or false"),
        (ADVANCED, "anchor", "low", "one of: high, close, mid"),
        (ADVANCED, "anchor", 1, "one of: high, close, mid"),
        (ADVANCED, "anchor", ["high"], "one of: high, close, mid"),
        (ADVANCED, "k_init", -1, "at least 0"),
        (ADVANCED, "p_fast", 0, "whole number from 1"),
        (ADVANCED, "x_atr_period", 0, "whole number from 1"),
        (ADVANCED, "swing_lookback", 0, "whole number from 1"),
        (ADVANCED, "swing_lookback", 501, "whole number from 1 to 500"),
        (ADVANCED, "max_trail_freq", 0, "at least 1"),
        (ADVANCED, "atr_floor", float("nan"), "finite number"),
        (CROSS, "x_ma_type", "WMA", "one of: SMA, EMA"),
        (CROSS, "x_ma_fast", 0, "whole number from 1"),
        (BOTH, "x_rsi_overbought", 101, "from 0 to 100"),
        (EITHER, "x_bb_dev", -0.5, "at least 0"),
        (TRAIL, "x_trail_percent", 101, "after division by 100"),
        (TRAIL, "x_trail_pct", 1.5, "from 0 to 1"),
        (TRAIL, "x_activation_percent", -1, "after division by 100"),
        (BREAK, "x_breakdown_threshold", -0.01, "from 0 to 1"),
        (MACD, "x_macd_signal_period", 0, "whole number from 1"),
        (REJECT, "x_resistance_lookback", 0, "whole number from 1"),
        (LEVELS, "x_vol_sma_period", 2.5, "whole number from 1"),
        (LEVELS, "x_use_dynamic_k", 2, "true or false"),
    ],
)
def test_a_value_outside_the_rule_is_an_error_at_its_place(name: str, key: str, given: Any, rule: str) -> None:
    reading = read(name, {key: given})
    assert reading.mixin is None
    assert reading.problems[0].severity == "error"
    assert reading.problems[0].path == f"strategy.parameters.exit_logic.params.{key}"
    assert rule in reading.problems[0].rule


def test_levels_below_the_entry_and_above_the_swing_may_be_asked_for() -> None:
    reading = read(ADVANCED, {"breakeven_offset_atr": -0.5, "struct_buffer_atr": -0.25})
    assert reading.problems == ()
    assert values(reading)["breakeven_offset_atr"] == -0.5


def test_a_percent_written_as_a_fraction_is_taken_with_a_warning() -> None:
    reading = read(TRAIL, {"activation_pct": 2})
    assert values(reading)["activation_pct"] == 2.0
    assert [place for place, _ in warnings(reading)] == ["activation_pct"]


@pytest.mark.parametrize(
    ("name", "parameters", "bars"),
    [
        (SIMPLE, {"atr_period": 9}, 9),
        (ADVANCED, {}, 21),
        (ADVANCED, {"p_fast": 30}, 30),
        (ADVANCED, {"swing_lookback": 17}, 34),
        (CROSS, {}, 20),
        (CROSS, {"fast_period": 25}, 25),
        (BOTH, {"rsi_period": 30}, 30),
        (EITHER, {}, 20),
        (TRAIL, {"atr_period": 30}, 0),
        (TRAIL, {"atr_period": 30, "use_atr": True}, 30),
        (BREAK, {}, 20),
        (BREAK, {"resistance_lookback": 7}, 35),
        (MACD, {}, 35),
        (MACD, {"resistance_lookback": 8}, 40),
        (REJECT, {"rsi_period": 22}, 22),
        (REJECT, {"resistance_lookback": 5}, 25),
        (LEVELS, {}, 14),
        (LEVELS, {"micro_atr_period": 31}, 31),
        (LEVELS, {"vol_sma_period": 90}, 14),
        (LEVELS, {"use_dynamic_k": True}, 50),
    ],
)
def test_the_lookback_is_the_longest_period_that_counts(name: str, parameters: dict[str, Any], bars: int) -> None:
    assert read(name, parameters).lookback == bars


def test_the_catalogue_shows_the_indicators_of_the_defaults_and_the_words_of_a_choice() -> None:
    shown = {mixin["name"]: mixin for mixin in catalogue()["exit_mixins"]}
    kinds = {name: [entry["type"] for entry in mixin["indicators"]] for name, mixin in shown.items()}
    assert (kinds[CROSS], kinds[ADVANCED]) == (["SMA", "SMA"], ["ATR", "ATR", "ATR"])
    assert (kinds[TRAIL], kinds[LEVELS]) == ([], ["ATR", "ATR", "ATR"])
    anchor = shown[ADVANCED]["parameters"][0]
    assert (anchor["type"], anchor["choices"]) == ("choice", ["high", "close", "mid"])
    assert anchor["spellings"] == ["anchor", "exit_anchor", "x_anchor", "exit_x_anchor"]
