"""Bots on an exchange's market: what live trading needs, and where paper bots get their prices."""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import version
from typing import Any

import pytest
from spec_samples import NEWER, changed, without

from common.spec import BotSpec, Problem, read_spec
from common.spec.exchanges import CCXT_VERSION, EXCHANGES
from common.spec.intervals import interval_seconds
from common.wire.ticket import RowFacts

ROW = RowFacts(bot_id=7, user_id=3)
LIVE: dict[str, Any] = NEWER | {
    "broker": {
        "type": "binance",
        "trading_mode": "live",
        "live_trading_confirmed": True,
        "risk_management": {"max_position_size": 500, "max_daily_loss": 50},
        "credentials": "main",
    },
    "data": {"interval": "5m"},
}
PAPER: dict[str, Any] = LIVE | {"broker": {"type": "binance", "trading_mode": "paper"}}


def spec_of(config: dict[str, Any]) -> BotSpec:
    reading = read_spec(config, ROW)
    assert not reading.errors, [problem.message for problem in reading.errors]
    assert reading.spec is not None
    return reading.spec


def errors_of(config: dict[str, Any]) -> dict[str, Problem]:
    reading = read_spec(config, ROW)
    assert (reading.spec is None) == bool(reading.errors)
    return {problem.path: problem for problem in reading.errors}


def warnings_of(config: dict[str, Any]) -> dict[str, str]:
    spec_of(config)
    return {problem.path: problem.message for problem in read_spec(config, ROW).warnings}


def test_a_confirmed_and_limited_bot_with_credentials_trades_live() -> None:
    spec = spec_of(LIVE)
    assert (spec.broker.live, spec.broker.exchange, spec.broker.testnet) == (True, "binance", False)
    assert (spec.broker.credentials, spec.broker.market_type) == ("main", "spot")
    assert (spec.data.source, spec.data.exchange, spec.data.history) == ("exchange", "binance", True)
    assert read_spec(LIVE, ROW).problems == ()


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("broker.live_trading_confirmed", None, "must be true for live trading"),
        ("broker.live_trading_confirmed", False, "must be true for live trading"),
        ("broker.live_trading_confirmed", "true", "must be true for live trading"),
        ("broker.live_trading_confirmed", 1, "must be true for live trading"),
        ("broker.risk_management.max_position_size", None, "above 0"),
        ("broker.risk_management.max_position_size", 0, "above 0"),
        ("broker.risk_management.max_daily_loss", None, "above 0"),
        ("broker.risk_management.max_daily_loss", -5, "above 0"),
        ("broker.testnet", "yes", "true or false"),
        ("broker.credentials", {"api_key": "k"}, "must be a name"),
        ("broker.credentials", "not a name", "must be a name"),
        ("data.data_source", "simulated", "prices of its own exchange"),
        ("data.data_source", "kraken", "prices of its own exchange, binance"),
    ],
)
def test_a_condition_of_live_trading_that_is_not_met_is_an_error(path: str, value: Any, rule: str) -> None:
    found = errors_of(changed(LIVE, path, value))
    assert set(found) == {path}
    assert rule in found[path].message


def test_everything_that_live_trading_lacks_is_said_at_once() -> None:
    found = errors_of(LIVE | {"broker": {"type": "kraken", "trading_mode": "live"}})
    assert set(found) == {
        "broker.live_trading_confirmed",
        "broker.risk_management.max_position_size",
        "broker.risk_management.max_daily_loss",
    }


@pytest.mark.parametrize("broker", ["paper", "mock", "backtrader", "file_broker"])
def test_a_broker_without_an_exchange_cannot_trade_live(broker: str) -> None:
    found = errors_of(changed(LIVE, "broker.type", broker))
    assert list(found) == ["broker.trading_mode"]
    assert f"the broker {broker} has none" in found["broker.trading_mode"].message


@pytest.mark.parametrize("broker", ["alpaca", "ibkr", "interactive_brokers"])
def test_brokers_that_are_not_exchanges_are_refused_by_name(broker: str) -> None:
    message = errors_of(changed(LIVE, "broker.type", broker))["broker.type"].message
    assert "live trading through" in message
    assert "not available in this version" in message


def test_of_two_limits_the_stricter_holds() -> None:
    assert (spec_of(LIVE).risk.max_position_size, spec_of(LIVE).risk.max_daily_loss) == (Decimal(500), Decimal(50))
    both = LIVE | {"risk_management": {"max_position_size": 900, "max_daily_loss": 20}}
    assert (spec_of(both).risk.max_position_size, spec_of(both).risk.max_daily_loss) == (Decimal(500), Decimal(20))


def test_limits_of_the_live_gate_do_not_bind_a_paper_bot() -> None:
    config = changed(LIVE, "broker.trading_mode", "paper")
    assert spec_of(config).risk.max_position_size is None


def test_plain_keys_in_the_row_are_warned_of_and_not_shown() -> None:
    config = without(LIVE, "broker.credentials")
    config = changed(changed(config, "broker.api_key", "hunter2"), "broker.api_secret", "hunter3")
    assert "botctl secrets adopt" in warnings_of(config)["broker.api_key"]
    assert spec_of(config).broker.credentials is None
    assert "hunter" not in " ".join(warnings_of(config).values())
    half = without(config, "broker.api_secret")
    assert "go together" in errors_of(half)["broker.api_secret"].message


def test_plain_keys_beside_stored_credentials_have_no_effect() -> None:
    found = warnings_of(changed(LIVE, "broker.api_key", "hunter2"))
    assert "has no effect: broker.credentials names main" in found["broker.api_key"]


@pytest.mark.parametrize(
    ("config", "source", "exchange"),
    [
        (PAPER, "exchange", "binance"),
        (changed(PAPER, "data.data_source", "exchange"), "exchange", "binance"),
        (changed(PAPER, "data.data_source", "Binance"), "exchange", "binance"),
        (changed(PAPER, "data.data_source", "binance_paper"), "exchange", "binance"),
        (changed(PAPER, "data.data_source", "simulated"), "simulated", None),
        (changed(PAPER, "data.file_path", "a.csv"), "file", None),
        (changed(changed(PAPER, "broker.type", "paper"), "data.data_source", "kraken"), "exchange", "kraken"),
        (PAPER | {"broker": {"type": "binance_paper"}}, "exchange", "binance"),
        (changed(PAPER, "broker.type", "paper"), "simulated", None),
    ],
)
def test_a_paper_bot_takes_the_market_that_its_config_means(
    config: dict[str, Any], source: str, exchange: str | None
) -> None:
    spec = spec_of(config)
    assert (spec.data.source, spec.data.exchange, spec.broker.exchange) == (source, exchange, exchange)


def test_a_paper_bot_on_another_exchange_than_its_brokers_is_warned() -> None:
    found = warnings_of(changed(PAPER, "data.data_source", "kraken"))
    assert "another exchange than broker.type binance" in found["data.data_source"]


def test_an_interval_must_be_one_of_the_exchange() -> None:
    found = errors_of(changed(PAPER, "data.interval", "7m"))
    assert "must be one that binance offers: 1s, 1m, 3m, 5m" in found["data.interval"].message
    for interval in ("3m", "1w", "1W", "1M"):
        assert warnings_of(changed(PAPER, "data.interval", interval)) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.speed", 5),
        ("data.simulate_realtime", True),
        ("data.realtime_interval", 5),
        ("data.seed", 3),
        ("data.fromdate", "2024-01-01"),
        ("data.todate", "2024-01-01"),
        ("data.history", False),
        ("data.source_interval", "1m"),
        ("broker.testnet", True),
    ],
)
def test_what_belongs_to_recorded_markets_is_said_to_have_no_effect(path: str, value: object) -> None:
    config = changed(PAPER, path, value)
    assert "has no effect" in warnings_of(config)[path]
    data = spec_of(config).data
    assert (data.fromdate, data.todate, data.speed, data.bar_seconds, data.history) == (None, None, None, None, True)


def test_options_of_the_client_are_passed_on_as_written() -> None:
    options = {"urls": {"api": {"public": "http://127.0.0.1:1/api"}}}
    assert spec_of(changed(LIVE, "broker.ccxt", options)).broker.ccxt == options


def test_leverage_counts_for_live_linear_orders_alone() -> None:
    linear = changed(changed(LIVE, "broker.market_type", "linear"), "trading.leverage", 3)
    assert warnings_of(linear) == {}
    assert spec_of(linear).trading.leverage == 3
    assert "not enforced" in warnings_of(changed(LIVE, "trading.leverage", 3))["trading.leverage"]


def test_markets_of_two_exchanges_are_different_markets() -> None:
    other = changed(PAPER, "broker.type", "kraken")
    assert spec_of(PAPER).data.market_identity != spec_of(other).data.market_identity


def test_every_listed_interval_is_one_of_ours() -> None:
    assert {"binance", "kraken", "okx", "bybit"} <= set(EXCHANGES)
    for interval in frozenset().union(*EXCHANGES.values()):
        assert interval_seconds(interval) > 0


@pytest.mark.skipif(version("ccxt") != CCXT_VERSION, reason=f"the list was made with ccxt {CCXT_VERSION}")
def test_the_list_names_the_exchanges_of_the_client_library() -> None:
    import ccxt

    assert set(EXCHANGES) == set(ccxt.exchanges) - {"alpaca"}


def test_perpetuals_are_live_where_they_can_be_traded_and_on_paper_everywhere() -> None:
    linear = changed(LIVE, "broker.market_type", "linear")
    gate = changed(changed(linear, "broker.type", "gate"), "data.data_source", "gate")
    assert set(errors_of(gate)) == {"broker.market_type"}
    on_paper = changed(gate, "broker.trading_mode", "paper")
    assert spec_of(on_paper).broker.market_type == "linear"


def test_a_margin_mode_counts_for_live_linear_orders_alone() -> None:
    isolated = changed(LIVE, "broker.margin_mode", "isolated")
    assert "has no effect" in str(warnings_of(isolated)["broker.margin_mode"])
    assert spec_of(changed(isolated, "broker.market_type", "linear")).broker.margin_mode == "isolated"
