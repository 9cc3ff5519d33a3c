"""Exit logics that list their indicators themselves: the aliases that count, and lists that trade as the rule's own."""

from __future__ import annotations

from typing import Any

import pytest
from exit_rules import expected_trades
from tape import TapeDesk, a_spec, play, random_bars

from common.spec import LogicSpec
from worker.strategies.logic import read_exit

ALWAYS = {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_period": 1, "e_bb_period": 1, "e_rsi_oversold": 100}}
BARS = random_bars(31, 400, 0.006)


def an_indicator(kind: str, outputs: dict[str, str], source: str | None = None, **params: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": kind, "params": params, "fields_mapping": outputs}
    return entry if source is None else {**entry, "data_field": source}


def an_atr(alias: str, period: int | str) -> dict[str, Any]:
    return an_indicator("ATR", {"atr": alias}, timeperiod=period)


def levels(**outputs: str) -> dict[str, Any]:
    return an_indicator("SupportResistance", outputs, lookback_bars=2)


VOLUME = an_indicator("SMA", {"sma": "exit_volume_sma"}, "volume", timeperiod=6)
EOM = an_indicator("EOM", {"eom": "exit_eom"}, timeperiod=5)
LISTS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("SimpleATRExitMixin", {"atr_period": 9}, [an_atr("exit_atr", 9)]),
    (
        "AdvancedATRExitMixin",
        {"p_fast": 4, "p_slow": 12, "swing_lookback": 5},
        [an_atr("exit_atr_fast", 4), an_atr("exit_atr_slow", 12), an_atr("exit_atr_htf", 12)],
    ),
    (
        "AdvancedATRExitMixin",
        {"p_fast": 4, "p_slow": 12, "use_htf_atr": False},
        [an_atr("exit_atr_fast", 4), an_atr("exit_atr_slow", 12)],
    ),
    (
        "MACrossoverExitMixin",
        {"fast_period": 5, "slow_period": 15, "ma_type": "ema"},
        [
            an_indicator("EMA", {"ema": "exit_fast_ma"}, timeperiod=5),
            an_indicator("EMA", {"ema": "exit_slow_ma"}, timeperiod=15),
        ],
    ),
    (
        "RSIBBExitMixin",
        {"rsi_period": 7, "rsi_overbought": 60, "bb_period": 10, "bb_dev": 1.5},
        [
            an_indicator("RSI", {"rsi": "exit_rsi"}, timeperiod=7),
            an_indicator("BBANDS", {"upperband": "exit_bb_upper"}, timeperiod=10, nbdevup=1.5, nbdevdn=9),
        ],
    ),
    ("TrailingStopExitMixin", {"use_atr": True, "atr_period": 8}, [an_atr("exit_atr", 8)]),
    ("TrailingStopExitMixin", {}, [an_atr("anything", 3)]),
    (
        "EOMBreakdownExitMixin",
        {"eom_period": 5, "vol_ma_period": 6, "atr_period": 7},
        [levels(support="exit_support"), EOM, VOLUME, an_atr("exit_atr", 7)],
    ),
    (
        "EOMMAcdBreakdownExitMixin",
        {"macd_fast_period": 4, "macd_slow_period": 9, "macd_signal_period": 3, "eom_period": 5, "vol_ma_period": 6},
        [
            an_indicator(
                "MACD",
                {"macd": "exit_macd", "signal": "exit_macd_signal", "hist": "exit_macd_hist"},
                fastperiod=4,
                slowperiod=9,
                signalperiod=3,
            ),
            levels(support="exit_support"),
            EOM,
            VOLUME,
        ],
    ),
    (
        "EOMRejectionExitMixin",
        {"eom_period": 5, "rsi_period": 6, "resistance_threshold": 0.98, "rsi_overbought": 50},
        [
            levels(resistance="exit_resistance"),
            EOM,
            an_indicator("RSI", {"rsi": "exit_rsi"}, timeperiod=6),
        ],
    ),
    (
        "MultiLevelAtrExitMixin",
        {"htf_atr_period": 9, "ltf_atr_period": 5, "micro_atr_period": 3, "use_dynamic_k": True, "vol_sma_period": 11},
        [
            an_atr("exit_atr_htf", 9),
            an_atr("exit_atr_ltf", 5),
            an_atr("exit_atr_micro", 3),
            an_indicator("SMA", {"sma": "exit_atr_ltf_sma"}, "exit_atr_ltf", timeperiod=11),
        ],
    ),
]
PERIODS = ("_period", "p_fast", "p_slow", "bb_dev")


@pytest.mark.parametrize(("name", "parameters", "indicators"), LISTS)
def test_a_list_with_the_same_indicators_trades_as_the_rule_alone(
    name: str, parameters: dict[str, Any], indicators: list[dict[str, Any]]
) -> None:
    rest = {key: value for key, value in parameters.items() if not key.endswith(PERIODS)}
    desk = TapeDesk(BARS)
    play(a_spec(ALWAYS, {"name": name, "indicators": indicators, "logic_params": rest}), desk)
    found = [(entry, leave, why) for (entry, _), (leave, why) in zip(desk.entries, desk.exits, strict=False)]
    assert found == expected_trades(name, BARS, parameters)
    assert found


@pytest.mark.parametrize(("name", "parameters", "indicators"), LISTS)
def test_every_alias_that_the_rule_reads_is_needed_and_no_other(
    name: str, parameters: dict[str, Any], indicators: list[dict[str, Any]]
) -> None:
    for left_out in indicators:
        aliases = list(left_out["fields_mapping"].values())
        others = [entry for entry in indicators if entry is not left_out]
        harmless = an_indicator("RSI", {"rsi": "unread"}, timeperiod=3)
        reading = read_exit(LogicSpec(name=name, logic_params=parameters, indicators=(harmless, *others)))
        told = " ".join(problem.message for problem in reading.problems if problem.severity == "error")
        read = aliases != ["anything"]
        assert (reading.mixin is None) == read
        assert all((alias in told) == read for alias in aliases)


@pytest.mark.parametrize(
    ("name", "parameters", "idle"),
    [
        ("MACrossoverExitMixin", {"fast_period": 4}, ["fast_period"]),
        ("AdvancedATRExitMixin", {"p_slow": 30, "k_init": 2.0}, ["p_slow"]),
        ("MultiLevelAtrExitMixin", {"use_dynamic_k": True, "vol_sma_period": 12}, ["vol_sma_period"]),
    ],
)
def test_a_period_beside_a_list_that_does_not_refer_to_it_is_warned_of(
    name: str, parameters: dict[str, Any], idle: list[str]
) -> None:
    indicators = next(entries for listed, _, entries in reversed(LISTS) if listed == name)
    if name == "AdvancedATRExitMixin":
        indicators = [*indicators, an_atr("exit_atr_htf", 12)]
    reading = read_exit(LogicSpec(name=name, logic_params=parameters, indicators=indicators))
    assert [problem.path.rpartition(".")[2] for problem in reading.problems] == idle
    assert "has no effect, the indicators list sets its own values" in reading.problems[0].rule


def test_a_list_may_refer_to_the_parameters() -> None:
    listed = [an_atr("exit_atr", "atr_period")]
    reading = read_exit(LogicSpec(name="SimpleATRExitMixin", logic_params={"atr_period": 6}, indicators=listed))
    assert (reading.problems, reading.lookback) == ((), 6)
