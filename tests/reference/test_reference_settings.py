"""How the reference reads the spellings of parameters and the list of indicators."""

from __future__ import annotations

from typing import Any

import pytest
from reference.chart import block
from reference.entries import entry_rule
from reference.exits import exit_rule
from reference.logic import Logic
from reference.series import flats, rows_of


def test_the_first_spelling_present_wins_even_with_zero() -> None:
    spellings = [("logic_params", "take_profit"), ("params", "take_profit"), ("params", "x_take_profit")]
    spellings += [("params", "exit_x_take_profit"), ("params", "x_take_profit_pct")]
    for first in range(len(spellings)):
        written: dict[str, Any] = {"name": "FixedRatioExitMixin"}
        for number, (source, name) in enumerate(spellings[first:]):
            written.setdefault(source, {})[name] = 0 if number == 0 else 50
        assert Logic(written, "x_").get("take_profit", 0.1) == 0, spellings[first]
    assert Logic({"name": "FixedRatioExitMixin"}, "x_").get("take_profit", 0.1) == 0.1


@pytest.mark.parametrize(
    ("name", "written", "plain", "value"),
    [
        ("RSIIchimokuEntryMixin", {"e_tenkan": 7}, "tenkan_period", 7),
        ("RSIIchimokuEntryMixin", {"entry_e_senkou": 7}, "senkou_period", 7),
        ("RSIIchimokuEntryMixin", {"e_ichimoku_kijun": 7}, "kijun_period", 7),
        ("RSIIchimokuEntryMixin", {"e_senkou_lead": 7}, "senkou_lead", 7),
        ("BBVolumeSupertrendEntryMixin", {"e_supertrend_multiplier": 7}, "st_multiplier", 7),
        ("RSIBBEntryMixin", {"oversold": 7}, "rsi_oversold", 7),
        ("SimpleATRExitMixin", {"x_sl_multiplier": 7}, "atr_multiplier", 7),
        ("AdvancedATRExitMixin", {"x_atr_period": 7}, "p_slow", 7),
        ("MACrossoverExitMixin", {"x_ma_period": 7}, "slow_period", 7),
        ("MACrossoverExitMixin", {"x_ma_period": 7, "x_ma_slow": 8}, "slow_period", 8),
        ("TrailingStopExitMixin", {"x_trail_percent": 7}, "trail_pct", 0.07),
        ("TimeBasedExitMixin", {"x_max_hold_bars": 7}, "max_bars", 7),
    ],
)
@pytest.mark.parametrize("source", ["params", "logic_params"])
def test_names_of_their_own(name: str, written: dict[str, Any], plain: str, value: float, source: str) -> None:
    prefix = "e_" if name.endswith("EntryMixin") else "x_"
    assert Logic({"name": name, source: written}, prefix).get(plain, None) == value


def test_listed_indicators_take_the_place_of_the_mixin_s_own() -> None:
    bands = block("BBANDS", {"timeperiod": "n", "nbdevdn": 0}, {"lowerband": "entry_bb_lower"})
    listed = [block("RSI", {"timeperiod": 1}, {"rsi": "entry_rsi"}), bands]
    logic = Logic({"name": "RSIBBEntryMixin", "indicators": listed, "logic_params": {"oversold": 0, "n": 2}}, "e_")
    rule = entry_rule(logic, rows_of(flats(10, 11, 10, 9, 10)))
    assert rule.lookback == 2
    assert [rule.should_enter(i) for i in range(2, 5)] == [True, True, False]


def test_an_indicator_may_be_computed_on_volume_or_on_another_one() -> None:
    rows = rows_of(flats(10, 11, 13, 16))
    ranges = block("ATR", {"timeperiod": 1}, {"atr": "range"})
    mean = block("SMA", {"timeperiod": 2}, {"sma": "exit_fast_ma"}, "range")
    volume = {"type": "EMA", "params": {"timeperiod": 1}, "fields_mapping": {"ema": "exit_slow_ma"}}
    volume["data_inputs"] = ["volume"]
    rule = exit_rule(Logic({"name": "MACrossoverExitMixin", "indicators": [ranges, mean, volume]}, "x_"), rows)
    assert rule.chart["exit_fast_ma"][2:] == [1.5, 2.5]
    assert rule.chart["exit_slow_ma"] == [100.0] * 4
    assert not rule.ready(1)


def test_two_series_cannot_share_an_alias() -> None:
    twice = [block("SMA", {"timeperiod": 1}, {"sma": "exit_fast_ma"})] * 2
    with pytest.raises(ValueError, match="exit_fast_ma"):
        exit_rule(Logic({"name": "MACrossoverExitMixin", "indicators": twice}, "x_"), rows_of(flats(1, 2)))


@pytest.mark.parametrize(
    ("name", "plain", "lookback"),
    [
        ("RSIIchimokuEntryMixin", {}, 52 + 26),
        ("RSIVolumeSupertrendEntryMixin", {"st_period": 30}, 31),
        ("EOMBreakoutEntryMixin", {"use_atr_filter": False}, 100),
        ("EOMMAcdBreakoutEntryMixin", {}, 26 + 9),
        ("EOMPullbackEntryMixin", {"resistance_lookback": 21}, 105),
        ("AdvancedATRExitMixin", {"swing_lookback": 11}, 22),
        ("TimeBasedExitMixin", {}, 0),
        ("TrailingStopExitMixin", {"atr_period": 30}, 0),
        ("TrailingStopExitMixin", {"atr_period": 30, "use_atr": True}, 30),
        ("MultiLevelAtrExitMixin", {}, 14),
        ("MultiLevelAtrExitMixin", {"use_dynamic_k": True}, 50),
    ],
)
def test_the_longest_period_is_the_lookback(name: str, plain: dict[str, Any], lookback: int) -> None:
    entry = name.endswith("EntryMixin")
    logic = Logic({"name": name, "logic_params": plain}, "e_" if entry else "x_")
    rule = entry_rule(logic, rows_of(flats(1))) if entry else exit_rule(logic, rows_of(flats(1)))
    assert rule.lookback == lookback
