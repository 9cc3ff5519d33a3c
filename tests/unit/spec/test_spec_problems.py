"""Broken and doubtful configs: every rule has its error or warning, with path, value and remedy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from spec_samples import NEWER, changed, without

from common.spec import missing_file_problem, read_spec
from common.spec.reference import WARNINGS, page
from common.wire.ticket import RowFacts

ROW = RowFacts(bot_id=7, user_id=3)
NAN, INFINITE = float("nan"), float("inf")
ENTRY = "strategy.parameters.entry_logic"
PAPER = "broker.paper_trading_config"

ERRORS: list[tuple[str, Any, str]] = [
    ("name", "  ", "not blank"),
    ("name", 5, "must be a text"),
    ("enabled", "yes", "true or false"),
    ("enabled", 1, "true or false"),
    ("symbol", "", "not blank"),
    ("symbol", ["BTCUSDT", "ETHUSDT"], "a bot trades one symbol; make a bot for each"),
    ("symbol", "BTCUSDT,ETHUSDT", "a bot trades one symbol; make a bot for each"),
    ("symbol", "A" * 21, "at most 20"),
    ("broker", "config/contracts/instances/paper.json", "component files"),
    ("strategy", "instances/s", "component files"),
    ("risk_management", [], "must be an object"),
    ("modules", {"broker": "x"}, "component files"),
    ("components", [], "component files"),
    ("overrides", {}, "component files"),
    ("broker.type", "casino", "one of: paper, mock"),
    ("broker.type", "casino", "id of an exchange (binance, kraken"),
    ("broker.type", 3, "one of"),
    ("broker.trading_mode", "demo", "one of: paper, live"),
    ("broker.trading_mode", "live", "the broker mock has none"),
    ("broker.market_type", "inverse", "one of: spot, linear"),
    ("broker.ccxt", "proxy", "must be an object"),
    ("broker.ccxt.apiKey", "k", "credentials are no options of the client"),
    ("broker.cash", 0, "above 0"),
    ("broker.cash", True, "must be a number"),
    ("broker.cash", "lots", "must be a number"),
    ("broker.cash", NAN, "must be a number"),
    ("broker.cash", 10**12, "below"),
    ("broker.initial_balance", -1, "above 0"),
    ("broker.commission", 1.5, "at most 1"),
    ("broker.commission", "0.001", "must be a number"),
    (PAPER, 4, "must be an object"),
    (f"{PAPER}.mode", "wild", "one of: disabled"),
    (f"{PAPER}.initial_balance", 99, "at least 100"),
    (f"{PAPER}.commission_rate", 0.2, "at most 0.1"),
    (f"{PAPER}.slippage_model", "cubic", "one of: linear"),
    (f"{PAPER}.base_slippage", 0.02, "at most 0.01"),
    (f"{PAPER}.min_latency_ms", 1001, "at most 1,000"),
    (f"{PAPER}.min_latency_ms", 100, "below the largest"),
    (f"{PAPER}.max_latency_ms", 0, "at least 1"),
    (f"{PAPER}.latency_simulation", "on", "true or false"),
    (f"{PAPER}.market_impact_factor", 0.1, "at most 0.01"),
    (f"{PAPER}.partial_fill_probability", 1.1, "at most 1"),
    (f"{PAPER}.reject_probability", 0.6, "at most 0.5"),
    (f"{PAPER}.seed", -1, "at least 0"),
    ("strategy.type", 5, "must be a text"),
    ("strategy.parameters", [], "must be an object"),
    ("strategy.parameters.position_size", 2, "at most 1"),
    ("strategy.parameters.position_size", 0, "above 0"),
    ("strategy.parameters.position_size", True, "must be a number"),
    ("strategy.parameters.position_size", INFINITE, "finite"),
    ("strategy.parameters.max_position_size", 0, "above 0"),
    ("strategy.parameters.min_position_size", 1.5, "at most 1"),
    ("strategy.parameters.asset_type", "bond", "one of: crypto, stock"),
    ("strategy.parameters.min_order_value", -1, "at least 0"),
    ("strategy.parameters.trend_period", 0, "above 0"),
    ("strategy.parameters.comment", "a\x00b", "NUL"),
    (ENTRY, "RSIBBEntryMixin", "must be an object"),
    (f"{ENTRY}.name", None, "missing"),
    (f"{ENTRY}.name", "", "not blank"),
    (f"{ENTRY}.params", [1], "must be an object"),
    (f"{ENTRY}.params.e_rsi_period", -1, "above 0"),
    (f"{ENTRY}.params.e_rsi_period", "14", "must be a number"),
    (f"{ENTRY}.params.e_bb_dev", NAN, "finite"),
    (f"{ENTRY}.logic_params.bb_period", 0, "above 0"),
    (f"{ENTRY}.indicators", {}, "list of objects"),
    ("data", "feed.yaml", "component files"),
    ("data.data_source", "kafka", "one of: file, simulated"),
    ("data.data_source", "exchange", "the broker mock is no exchange"),
    ("data.data_source", "yahoo", "yahoo is not available in this version"),
    ("data.file_path", None, "needs the path"),
    ("data.file_path", "", "needs the path"),
    ("data.file_path", 4, "must be a text"),
    ("data.interval", "0m", "whole number followed by"),
    ("data.interval", "hourly", "whole number followed by"),
    ("data.interval", 60, "whole number followed by"),
    ("data.interval", "٣h", "whole number followed by"),
    ("data.symbol", ["BTCUSDT"], "a bot trades one symbol; make a bot for each"),
    ("data.source_interval", "soon", "whole number followed by"),
    ("data.source_interval", "1d", "must be shorter than 5m (data.interval)"),
    ("data.source_interval", "2m", "must divide 5m without a rest"),
    ("trading.symbol", ["BTCUSDT"], "a bot trades one symbol; make a bot for each"),
    ("data.lookback_bars", 0, "at least 1"),
    ("data.lookback_bars", -500, "at least 1"),
    ("data.lookback_bars", 10.5, "whole number"),
    ("data.speed", -1, "at least 0"),
    ("data.speed", 10**400, "must be a number"),
    ("data.realtime_interval", 0, "above 0"),
    ("data.separator", ";;", "one character"),
    ("data.timezone", "Europe Berlin", "IANA"),
    ("data.fromdate", "yesterday", "ISO date"),
    ("data.fromdate", 1700000000, "ISO date"),
    ("data.todate", "0001-01-01T00:00:00+10:00", "ISO date"),
    ("data.history", "no", "true or false"),
    ("data.seed", 1.5, "whole number"),
    ("trading.position_size", -0.1, "above 0"),
    ("trading.max_positions", 0, "at least 1"),
    ("trading.max_positions", 101, "at most 100"),
    ("trading.order_type", "stop", "one of: market, limit"),
    ("trading.on_stop", "panic", "one of: keep"),
    ("trading.close_on_stop", 1, "must be true"),
    ("trading.limit_timeout", 0, "above 0"),
    ("trading.max_drawdown_pct", 101, "at most 100"),
    ("trading.leverage", 0, "above 0"),
    ("trading.allow_short", 0, "true or false"),
    ("risk_management.stop_loss_pct", 101, "at most 100"),
    ("risk_management.stop_loss_pct", "3", "must be a number"),
    ("risk_management.take_profit_pct", -1, "at least 0"),
    ("risk_management.max_daily_trades", 0, "at least 1"),
    ("risk_management.max_daily_loss", -5, "at least 0"),
    ("risk_management.max_position_size", -5, "at least 0"),
    ("risk_management.trailing_stop", "true", "true or false"),
    ("risk_management.position_sizing_method", "martingale", "one of: fixed_dollar"),
    ("notifications.performance_summaries", "yearly", "one of: none"),
    ("notifications.position_opened", 1, "true or false"),
    ("notifications.telegram", "me", "must be an object"),
    ("notifications.email.notify_on", "error", "must be a list"),
    ("notifications.notify_telegram_chat_id", 1.5, "text or a whole number"),
]

WARNED: list[tuple[str, Any, str]] = [
    ("foo", 1, "not a known key"),
    ("risk_management.stop_los_pct", 3, "did you mean stop_loss_pct"),
    ("broker.cash", "100", "a text; a number is meant"),
    ("symbol", None, "BTCUSDT is used"),
    ("user_id", 99, "the owner"),
    ("broker.type", "file_broker", "writes no files"),
    (f"{PAPER}.mode", "realistic", "nothing on by itself"),
    ("strategy.type", None, "CustomStrategy is used"),
    (f"{ENTRY}.name", "RSIBB", "does not end in"),
    (f"{ENTRY}.params", None, "defaults of the mixin"),
    ("strategy.parameters.position_size", 0.15, "differs from trading.position_size"),
    ("strategy.parameters.max_position_size", 1000, "a fraction of cash"),
    ("data.interval", "7m", "unusual interval"),
    ("data.lookback_bars", 5001, "more than 5000"),
    ("trading.max_positions", 11, "more than 10"),
    ("trading.max_exposure", 0.5, "not enforced"),
    ("trading.leverage", 3, "not enforced"),
    ("trading.allow_short", True, "opens shorts"),
    ("trading.symbol", "XRPUSDT", "bot's symbol"),
    ("risk_management.max_daily_trades", 101, "more than 100"),
    ("risk_management.trailing_stop", True, "without a trailing_stop_pct"),
    ("risk_management.trailing_stop_pct", 1, "while trailing_stop is not true"),
    ("risk_management.max_portfolio_risk", 0.02, "not enforced"),
    ("risk_management.position_sizing_method", "kelly", "sized by position_size"),
    ("notifications.carrier_pigeon", True, "not a known key"),
    ("notifications.telegram.notify_on", ["moon"], "not known"),
]

TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({f"{PAPER}.latency_simulation": False, f"{PAPER}.min_latency_ms": 5}, f"{PAPER}.min_latency_ms"),
    ({f"{PAPER}.mode": "disabled", f"{PAPER}.reject_probability": 0.1}, f"{PAPER}.reject_probability"),
    ({"data.data_source": "simulated"}, "data.file_path"),
    ({"data.data_source": "simulated", "data.source_interval": "1m"}, "data.source_interval"),
    ({"data.simulate_realtime": True, "data.speed": 3}, "data.simulate_realtime"),
    ({"trading.on_stop": "keep", "trading.close_on_stop": True}, "trading.close_on_stop"),
    (
        {"risk_management.stop_loss_pct": 5, "risk_management.take_profit_pct": 5},
        "risk_management.take_profit_pct",
    ),
    (
        {"strategy.parameters.min_position_size": 0.5, "strategy.parameters.max_position_size": 0.1},
        "strategy.parameters.min_position_size",
    ),
    ({"notifications.position_opened": True}, "notifications"),
    ({"notifications.webhook_enabled": True}, "notifications.webhook_url"),
]


@pytest.mark.parametrize(("path", "value", "rule"), ERRORS)
def test_a_broken_rule_is_an_error_at_its_path(path: str, value: Any, rule: str) -> None:
    reading = read_spec(changed(NEWER, path, value), ROW)
    assert reading.spec is None
    found = [problem for problem in reading.errors if problem.path == path]
    assert len(found) == 1, [problem.message for problem in reading.problems]
    assert rule in found[0].message
    assert found[0].message.startswith(path)


@pytest.mark.parametrize(("path", "value", "rule"), WARNED)
def test_a_doubtful_value_is_a_warning_and_the_bot_runs(path: str, value: Any, rule: str) -> None:
    reading = read_spec(changed(NEWER, path, value), ROW)
    assert reading.spec is not None, [problem.message for problem in reading.errors]
    assert any(problem.path == path and rule in problem.message for problem in reading.warnings)


@pytest.mark.parametrize(("values", "path"), TOGETHER)
def test_values_that_contradict_each_other_are_warned_about(values: dict[str, Any], path: str) -> None:
    config = NEWER
    for place, value in values.items():
        config = changed(config, place, value)
    reading = read_spec(config, ROW)
    assert reading.spec is not None, [problem.message for problem in reading.errors]
    assert path in [problem.path for problem in reading.warnings]


def test_a_plain_config_has_no_warnings() -> None:
    assert read_spec(NEWER, ROW).problems == ()


@pytest.mark.parametrize(
    "path",
    [
        "broker",
        "broker.type",
        "broker.trading_mode",
        "strategy",
        "strategy.parameters.entry_logic",
        "strategy.parameters.exit_logic",
        "strategy.parameters.exit_logic.name",
    ],
)
def test_a_missing_required_field_is_named(path: str) -> None:
    (error,) = read_spec(without(NEWER, path), ROW).errors
    assert (error.path, error.value) == (path, "missing")


def test_a_null_section_is_an_absent_one() -> None:
    config = NEWER | {"trading": None, "risk_management": None, "notifications": None}
    assert read_spec(config, ROW).spec is not None


@pytest.mark.parametrize("broker", ["alpaca", "ibkr"])
def test_a_market_that_follows_from_the_broker_is_refused_by_name(broker: str) -> None:
    config = changed(without(NEWER, "data"), "broker.type", broker)
    (error,) = read_spec(config, ROW).errors
    assert error.path == "data.data_source"
    assert "is not available in this version; use file, simulated or an exchange" in error.message


def test_a_live_binance_paper_broker_is_a_contradiction() -> None:
    config = changed(changed(NEWER, "broker.type", "binance_paper"), "broker.trading_mode", "live")
    (error,) = read_spec(config, ROW).errors
    assert "contradicts the type binance_paper" in error.message


def test_dates_in_the_wrong_order_are_refused() -> None:
    config = changed(changed(NEWER, "data.fromdate", "2024-02-01"), "data.todate", "2024-01-31")
    (error,) = read_spec(config, ROW).errors
    assert error.path == "data.todate"


def test_a_period_inside_an_indicator_is_checked_unless_it_is_a_reference() -> None:
    indicators = [{"type": "RSI", "params": {"timeperiod": 0}}, {"type": "ATR", "params": {"timeperiod": "atr_period"}}]
    (error,) = read_spec(changed(NEWER, f"{ENTRY}.indicators", indicators), ROW).errors
    assert error.path == f"{ENTRY}.indicators[0].params.timeperiod"


@pytest.mark.parametrize(
    "config",
    [
        "nope",
        "",
        b"\xff",
        "[1]",
        "1" * 5000,
        '"{"',
        json.dumps(json.dumps(json.dumps({}))),
        None,
        [],
        5,
        "[" * 100_000,
        '{"": {"a": NaN',
        '{"name": "\\ud800"}',
        {1: 2},
    ],
)
def test_what_is_no_readable_object_is_one_error(config: object) -> None:
    reading = read_spec(config, ROW)
    assert (reading.spec, reading.draft) == (None, None)
    (error,) = reading.errors
    assert error.path == "config"


def test_a_config_nested_without_end_is_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(200):
        nested = {"deeper": nested}
    (error,) = read_spec(NEWER | {"foo": nested}, ROW).errors
    assert "deeper than 100" in error.message


def test_every_error_comes_at_once() -> None:
    config = {
        "symbol": "",
        "broker": {"type": "casino", "trading_mode": "demo", "cash": 0},
        "strategy": {
            "type": "CustomStrategy",
            "parameters": {
                "entry_logic": {"name": "RSIBBEntryMixin", "params": {"e_rsi_period": -1}},
                "exit_logic": {"params": {}},
                "position_size": 2,
            },
        },
        "data": {"data_source": "yahoo", "lookback_bars": -1},
        "trading": {"max_positions": 0},
        "risk_management": {"stop_loss_pct": -3},
        "notifications": {"performance_summaries": "yearly"},
    }
    errors = read_spec(config, ROW).errors
    assert [error.path for error in errors] == [
        "symbol",
        "broker.type",
        "broker.trading_mode",
        "broker.cash",
        f"{ENTRY}.params.e_rsi_period",
        "strategy.parameters.exit_logic.name",
        "strategy.parameters.position_size",
        "data.data_source",
        "data.lookback_bars",
        "trading.max_positions",
        "risk_management.stop_loss_pct",
        "notifications.performance_summaries",
    ]
    assert len({error.message for error in errors}) == len(errors)


def test_secrets_are_never_shown() -> None:
    config = changed(changed(NEWER, "broker.api_keyy", "hunter2"), "notifications.webhook_url", 5)
    config = changed(config, "broker.password", "hunter2")
    assert "hunter2" not in " ".join(problem.message + problem.value for problem in read_spec(config, ROW).problems)


def test_keys_cannot_forge_lines_of_a_log() -> None:
    reading = read_spec(NEWER | {"a\nERROR b": 1, "x" * 500: 2}, ROW)
    assert all("\n" not in problem.message and len(problem.message) < 500 for problem in reading.warnings)


@pytest.mark.parametrize(("value", "enabled"), [(False, False), (True, True), (None, True), ("false", True), (0, True)])
def test_a_disabled_bot_is_known_as_such_however_broken(value: object, enabled: bool) -> None:
    assert read_spec({"enabled": value}, ROW).enabled is enabled


def test_a_draft_serves_further_checks_and_their_findings_join_the_reading() -> None:
    broken = read_spec(changed(NEWER, "broker.cash", 0), ROW)
    assert broken.draft is not None
    assert broken.draft.strategy.entry is not None
    sound = read_spec(NEWER, ROW)
    joined = sound.joined([missing_file_problem("eth.csv")])
    assert joined.spec is None
    assert [problem.path for problem in joined.errors] == ["data.file_path"]
    assert "eth.csv" in joined.errors[0].message


def test_the_configuration_page_is_up_to_date() -> None:
    kept = Path(__file__).parents[3] / "docs" / "configuration.md"
    assert kept.read_text() == page(), "run: python scripts/config_reference.py > docs/configuration.md"


def test_every_warning_is_on_the_page() -> None:
    known = {place for place, _ in WARNINGS}
    for path, _, rule in WARNED:
        if "known key" not in rule and "a text" not in rule and "did you mean" not in rule:
            assert path in known, path
    for _, path in TOGETHER:
        assert path in known or re.sub(r"[^.]+$", "<imperfection>", path) in known, path
