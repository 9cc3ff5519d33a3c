"""Entry logics that list their indicators themselves: the aliases a rule reads, and that it trades the same by them."""

from __future__ import annotations

from typing import Any

import pytest
from entry_signals import choppy_bars, decided

from common.spec import LogicSpec
from worker.strategies.logic import read_entry

BARS = choppy_bars(8, 1000)


def indicator(kind: str, outputs: dict[str, str], source: str | None = None, **params: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": kind, "params": params, "fields_mapping": outputs}
    return entry if source is None else {**entry, "data_field": source}


RSI = indicator("RSI", {"rsi": "entry_rsi"}, timeperiod=14)
BANDS = indicator(
    "BBANDS",
    {"upperband": "entry_bb_upper", "middleband": "entry_bb_middle", "lowerband": "entry_bb_lower"},
    timeperiod=20,
    nbdevup=0.8,
    nbdevdn=0.8,
)
VOLUME_MA = indicator("SMA", {"sma": "entry_volume_ma"}, "volume", timeperiod=20)
VOLUME_SMA = indicator("SMA", {"sma": "entry_volume_sma"}, "volume", timeperiod=20)
SUPERTREND = indicator(
    "SUPERTREND",
    {"super_trend": "entry_supertrend", "direction": "entry_supertrend_direction"},
    length=10,
    multiplier=3.0,
)
LEVELS = indicator("SupportResistance", {"resistance": "entry_resistance", "support": "entry_support"}, lookback_bars=2)
EOM = indicator("EOM", {"eom": "entry_eom"}, timeperiod=14)
ATR = indicator("ATR", {"atr": "entry_atr"}, timeperiod=14)
ATR_SMA = indicator("SMA", {"sma": "entry_atr_sma"}, "entry_atr", timeperiod=30)
CLOUD = indicator(
    "ICHIMOKU",
    {
        "tenkan_sen": "entry_ichimoku_tenkan",
        "senkou_span_a": "entry_ichimoku_senkou_a",
        "senkou_span_b": "entry_ichimoku_senkou_b",
    },
    tenkan=9,
    kijun=20,
    senkou=30,
)
MACD = indicator(
    "MACD",
    {"macd": "entry_macd", "macdsignal": "entry_macd_signal", "macdhist": "entry_macd_hist"},
    fastperiod=12,
    slowperiod=20,
    signalperiod=9,
)

LISTED: dict[str, tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]] = {
    "RSIBBEntryMixin": ([RSI, BANDS], {"oversold": 40}, {"bb_dev": 0.8}),
    "RSIIchimokuEntryMixin": ([RSI, CLOUD], {"oversold": 60}, {"kijun_period": 20, "senkou_period": 30}),
    "RSIVolumeSupertrendEntryMixin": (
        [RSI, VOLUME_MA, SUPERTREND],
        {"oversold": 55, "min_volume_ratio": 1.1},
        {},
    ),
    "BBVolumeSuperTrendEntryMixin": ([BANDS, VOLUME_MA, SUPERTREND], {}, {"bb_dev": 0.8}),
    "EOMBreakoutEntryMixin": (
        [LEVELS, EOM, VOLUME_SMA, RSI, ATR, ATR_SMA],
        {"breakout_threshold": 0.0, "rsi_overbought": 80},
        {"atr_sma_period": 30},
    ),
    "EOMMAcdBreakoutEntryMixin": (
        [MACD, LEVELS, EOM, VOLUME_SMA],
        {"resistance_range_low": 0.97, "volume_threshold": 0.2},
        {"macd_slow": 20},
    ),
    "EOMPullbackEntryMixin": (
        [LEVELS, EOM, RSI, ATR, ATR_SMA],
        {"support_threshold": 0.02, "oversold": 55},
        {"atr_sma_period": 30},
    ),
}
"""Indicators, what the rule itself reads, and the plain parameters that say the same as the indicators."""

READ = {
    "RSIBBEntryMixin": {"entry_rsi", "entry_bb_lower"},
    "RSIIchimokuEntryMixin": {
        "entry_rsi",
        "entry_ichimoku_tenkan",
        "entry_ichimoku_senkou_a",
        "entry_ichimoku_senkou_b",
    },
    "RSIVolumeSupertrendEntryMixin": {"entry_rsi", "entry_volume_ma", "entry_supertrend_direction"},
    "BBVolumeSuperTrendEntryMixin": {"entry_bb_lower", "entry_volume_ma", "entry_supertrend_direction"},
    "EOMBreakoutEntryMixin": {
        "entry_resistance",
        "entry_eom",
        "entry_volume_sma",
        "entry_rsi",
        "entry_atr",
        "entry_atr_sma",
    },
    "EOMMAcdBreakoutEntryMixin": {
        "entry_macd",
        "entry_macd_signal",
        "entry_macd_hist",
        "entry_resistance",
        "entry_eom",
        "entry_volume_sma",
    },
    "EOMPullbackEntryMixin": {"entry_support", "entry_eom", "entry_rsi", "entry_atr", "entry_atr_sma"},
}
NEEDS = [(name, alias) for name, aliases in READ.items() for alias in sorted(aliases)]


def without(alias: str, indicators: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The list with that output computed under another name, and read there by later indicators."""
    return [
        {
            **entry,
            "fields_mapping": {output: _renamed(name, alias) for output, name in entry["fields_mapping"].items()},
            **({"data_field": _renamed(entry["data_field"], alias)} if "data_field" in entry else {}),
        }
        for entry in indicators
    ]


def _renamed(name: str, alias: str) -> str:
    return "another_name" if name == alias else name


@pytest.mark.parametrize("name", LISTED)
def test_a_listed_form_trades_as_the_plain_parameters_do(name: str) -> None:
    indicators, own, parameters = LISTED[name]
    listed = decided({"name": name, "indicators": indicators, "logic_params": own}, BARS)
    plain = decided({"name": name, "logic_params": {**own, **parameters}}, BARS)
    assert listed.entries == plain.entries
    assert len(listed.entries) > 2


@pytest.mark.parametrize(("name", "alias"), NEEDS)
def test_an_alias_that_the_rule_reads_must_be_given(name: str, alias: str) -> None:
    indicators, own, _ = LISTED[name]
    reading = read_entry(LogicSpec(name=name, indicators=tuple(without(alias, indicators)), logic_params=own))
    assert reading.mixin is None
    (problem,) = reading.problems
    assert problem.path == "strategy.parameters.entry_logic.indicators"
    assert f"{name} reads the alias {alias} and no indicator gives it" in problem.message


@pytest.mark.parametrize("name", LISTED)
def test_no_other_alias_is_asked_for(name: str) -> None:
    indicators, own, _ = LISTED[name]
    for alias in {alias for entry in indicators for alias in entry["fields_mapping"].values()} - READ[name]:
        reading = read_entry(LogicSpec(name=name, indicators=tuple(without(alias, indicators)), logic_params=own))
        assert reading.mixin is not None, (alias, reading.problems)


def test_without_the_atr_filter_no_atr_has_to_be_listed() -> None:
    logic_params = {"use_atr_filter": False}
    listed = LogicSpec(
        name="EOMBreakoutEntryMixin", indicators=(LEVELS, EOM, VOLUME_SMA, RSI), logic_params=logic_params
    )
    reading = read_entry(listed)
    assert reading.mixin is not None, reading.problems
    assert reading.lookback == 20


def test_the_spans_of_a_listed_cloud_are_shifted_by_26_bars() -> None:
    reading = read_entry(LogicSpec(name="RSIIchimokuEntryMixin", indicators=(RSI, CLOUD)))
    assert reading.lookback == 30 + 26
    given = {"senkou_lead": 10}
    warned = read_entry(LogicSpec(name="RSIIchimokuEntryMixin", indicators=(RSI, CLOUD), logic_params=given))
    assert warned.lookback == 30 + 26
    (problem,) = warned.problems
    assert problem.severity == "warning"
    assert problem.path.endswith("logic_params.senkou_lead")
