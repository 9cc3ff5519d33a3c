"""Reading sound configs: spellings, defaults, what is switched on and off."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from spec_samples import DOCUMENTED, NEWER, SEED_ERA, WEB_FORM, changed, without

from common.spec import BotSpec, PaperSpec, read_spec
from common.spec.limits import limits_of
from common.wire.ticket import RowFacts

ROW = RowFacts(bot_id=7, user_id=3, description="from the row", status="enabled")


def spec_of(config: object, row: RowFacts = ROW) -> BotSpec:
    reading = read_spec(config, row)
    assert not reading.errors, [problem.message for problem in reading.errors]
    assert reading.spec is not None
    return reading.spec


def test_the_documented_example_is_a_paper_bot_on_the_prices_of_its_exchange() -> None:
    spec = spec_of(DOCUMENTED)
    assert (spec.broker.exchange, spec.broker.live, spec.data.source, spec.data.exchange) == (
        "binance",
        False,
        "exchange",
        "binance",
    )
    assert read_spec(DOCUMENTED, ROW).warnings == ()


def test_the_documented_example_reads_from_a_file() -> None:
    config = changed(changed(DOCUMENTED, "data.data_source", "file"), "data.file_path", "btc.csv")
    spec = spec_of(config)
    assert (spec.bot_id, spec.name, spec.user_id, spec.symbol) == (7, "RSI+ATR BTC Paper Trading", 3, "BTCUSDT")
    assert spec.broker.start_balance == 100
    assert spec.broker.paper == PaperSpec()
    assert spec.strategy.position_size == Decimal("0.1")
    assert spec.strategy.entry is not None
    assert spec.strategy.entry.params["e_min_volume_ratio"] == 1.1
    assert spec.strategy.asset_type == "crypto"
    assert spec.data.file is not None
    assert (spec.data.file.path, spec.data.speed, spec.data.history) == ("btc.csv", 0.0, False)
    assert (spec.risk.stop_loss_pct, spec.risk.max_daily_trades) == (Decimal(3), 5)
    assert spec.raw == config


def test_both_generations_give_an_equal_spec() -> None:
    old, new = spec_of(SEED_ERA), spec_of(NEWER)
    same = {"raw": {}, "strategy": old.strategy.model_copy(update={"parameters": {}})}
    new_strategy = new.strategy.model_copy(update={"parameters": {}})
    assert new_strategy == same["strategy"]
    assert old.model_copy(update=same) == new.model_copy(update=same)


def test_a_web_form_row_reads_with_its_blanks_and_texts() -> None:
    reading = read_spec(WEB_FORM, ROW)
    assert not reading.errors
    assert [problem.path for problem in reading.warnings] == ["broker.cash"]
    assert reading.spec is not None
    assert (reading.spec.symbol, reading.spec.data.symbol) == ("ETHUSDT", "ETHUSDT")
    assert reading.spec.broker.start_balance == 500
    assert (reading.spec.data.source, reading.spec.data.speed, reading.spec.data.history) == ("simulated", 1.0, True)


@pytest.mark.parametrize("text", [json.dumps(NEWER), json.dumps(json.dumps(NEWER)), json.dumps(NEWER).encode()])
def test_json_text_reads_as_the_object_it_holds(text: str | bytes) -> None:
    assert spec_of(text) == spec_of(NEWER)


@pytest.mark.parametrize("key", ["symbol", "trading_pair", "pair", "ticker"])
def test_every_spelling_of_the_symbol_is_read(key: str) -> None:
    config = without(NEWER, "symbol") | {key: "SOL/USDT"}
    assert spec_of(config).symbol == "SOL/USDT"


def test_without_a_symbol_bitcoin_is_traded_and_said_so() -> None:
    reading = read_spec(without(NEWER, "symbol"), ROW)
    assert reading.spec is not None
    assert reading.spec.symbol == "BTCUSDT"
    assert [problem.path for problem in reading.warnings] == ["symbol"]


@pytest.mark.parametrize(("description", "name"), [("from the row", "from the row"), (None, "Bot 7"), (" ", "Bot 7")])
def test_a_bot_without_a_name_takes_the_rows_description_or_its_number(description: str | None, name: str) -> None:
    assert spec_of(without(NEWER, "name"), RowFacts(bot_id=7, description=description)).name == name


def test_the_rows_owner_wins_over_the_configs() -> None:
    assert spec_of(NEWER | {"user_id": 9}).user_id == 3
    assert spec_of(NEWER | {"user_id": 9}, RowFacts(bot_id=7)).user_id == 9


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("binance", "binance"),
        ("Binance", "binance"),
        ("binance_paper", "binance"),
        ("paper", "paper"),
        ("mock", "mock"),
        ("file_broker", "file_broker"),
        ("backtrader", "backtrader"),
        ("alpaca", "alpaca"),
        ("ibkr", "ibkr"),
        ("interactive_brokers", "ibkr"),
    ],
)
def test_every_spelling_of_the_broker_type_is_read(spelling: str, canonical: str) -> None:
    assert spec_of(changed(NEWER, "broker.type", spelling)).broker.type == canonical


def test_binance_paper_implies_paper_trading() -> None:
    config = NEWER | {"broker": {"type": "binance_paper"}}
    assert spec_of(config).broker.trading_mode == "paper"


@pytest.mark.parametrize(
    ("broker", "balance"),
    [
        ({"paper_trading_config": {"initial_balance": 700}, "cash": 5, "initial_balance": 6}, 700),
        ({"cash": 5, "initial_balance": 6}, 5),
        ({"initial_balance": 6}, 6),
        ({}, 10000),
        ({"cash": None}, 10000),
    ],
)
def test_the_start_balance_comes_from_the_most_explicit_place(broker: dict[str, object], balance: int) -> None:
    config = NEWER | {"broker": {"type": "paper", "trading_mode": "paper"} | broker}
    assert spec_of(config).broker.start_balance == balance


@pytest.mark.parametrize(
    ("broker", "rate"),
    [
        ({"paper_trading_config": {"commission_rate": 0}, "commission": 0.5}, "0"),
        ({"commission": 0.002}, "0.002"),
        ({}, "0.001"),
    ],
)
def test_the_commission_comes_from_the_most_explicit_place(broker: dict[str, object], rate: str) -> None:
    config = NEWER | {"broker": {"type": "paper", "trading_mode": "paper"} | broker}
    assert spec_of(config).broker.commission_rate == Decimal(rate)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {}),
        ({"initial_balance": 500}, {}),
        ({"mode": "advanced"}, {"mode": "advanced"}),
        ({"base_slippage": 0.001}, {"slippage_model": "linear", "base_slippage": Decimal("0.001")}),
        ({"slippage_model": "sqrt"}, {"slippage_model": "sqrt", "base_slippage": Decimal("0.0005")}),
        ({"latency_simulation": True}, {"min_latency_ms": 10.0, "max_latency_ms": 100.0}),
        ({"max_latency_ms": 50}, {"min_latency_ms": 10.0, "max_latency_ms": 50.0}),
        ({"max_latency_ms": 50, "latency_simulation": False}, {}),
        (
            {"market_impact_enabled": True},
            {"market_impact_enabled": True, "market_impact_factor": Decimal("0.0001")},
        ),
        (
            {"market_impact_factor": 0.01},
            {"market_impact_enabled": True, "market_impact_factor": Decimal("0.01")},
        ),
        ({"market_impact_factor": 0.01, "market_impact_enabled": False}, {}),
        ({"partial_fill_probability": 0.3}, {"partial_fill_probability": 0.3}),
        ({"partial_fill_probability": 0.3, "realistic_fills": False}, {"realistic_fills": False}),
        ({"reject_probability": 0.5, "seed": 4}, {"reject_probability": 0.5, "seed": 4}),
        ({"mode": "disabled", "base_slippage": 0.01, "reject_probability": 0.5}, {"mode": "disabled"}),
    ],
)
def test_imperfections_are_off_unless_asked_for(asked: dict[str, object], expected: dict[str, object]) -> None:
    spec = spec_of(changed(NEWER, "broker.paper_trading_config", asked))
    assert spec.broker.paper == PaperSpec(**expected)


@pytest.mark.parametrize(
    ("own", "other", "size"),
    [(0.3, None, "0.3"), (None, 0.4, "0.4"), (0.3, 0.3, "0.3"), (None, None, "0.1"), (1, 0.2, "1")],
)
def test_position_size_prefers_the_strategys_own(own: float | None, other: float | None, size: str) -> None:
    config = changed(changed(NEWER, "strategy.parameters.position_size", own), "trading.position_size", other)
    assert spec_of(config).strategy.position_size == Decimal(size)


def test_clamps_of_the_size_apply_only_when_given() -> None:
    assert spec_of(NEWER).strategy.max_position_size is None
    spec = spec_of(changed(changed(NEWER, "strategy.parameters.max_position_size", 0.2), "trading.position_size", 0.5))
    assert (spec.strategy.max_position_size, spec.strategy.min_position_size) == (Decimal("0.2"), None)


@pytest.mark.parametrize(
    ("symbol", "given", "kind"),
    [("BTCUSDT", None, "crypto"), ("doge-eur", None, "crypto"), ("MSFT", None, "stock"), ("MSFT", "crypto", "crypto")],
)
def test_the_kind_of_asset_follows_the_symbol(symbol: str, given: str | None, kind: str) -> None:
    config = changed(NEWER | {"symbol": symbol}, "strategy.parameters.asset_type", given)
    assert spec_of(config).strategy.asset_type == kind


@pytest.mark.parametrize("broker", ["paper", "mock", "backtrader", "file_broker"])
def test_brokers_without_a_market_trade_the_simulated_one(broker: str) -> None:
    config = changed(without(NEWER, "data"), "broker.type", broker)
    assert spec_of(config).data.source == "simulated"


@pytest.mark.parametrize(
    ("data", "speed", "bar_seconds"),
    [
        ({}, 0.0, None),
        ({"simulate_realtime": True}, None, 60.0),
        ({"simulate_realtime": True, "realtime_interval": 0.5}, None, 0.5),
        ({"simulate_realtime": True, "speed": 30}, 30.0, None),
        ({"realtime_interval": 5}, 0.0, None),
        ({"data_source": "simulated"}, 1.0, None),
        ({"data_source": "simulated", "speed": 0}, 0.0, None),
        ({"data_source": "simulated", "simulate_realtime": True}, 1.0, None),
    ],
)
def test_exactly_one_pace_is_in_force(data: dict[str, object], speed: float | None, bar_seconds: float | None) -> None:
    spec = spec_of(NEWER | {"data": {"data_source": "file", "file_path": "a.csv"} | data})
    assert (spec.data.speed, spec.data.bar_seconds) == (speed, bar_seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("1m", 60),
        ("90m", 5400),
        ("1h", 3600),
        ("1d", 86400),
        ("1W", 604800),
        ("1w", 604800),
        ("1M", 2592000),
    ],
)
def test_intervals_become_seconds(text: str, seconds: int) -> None:
    assert spec_of(changed(NEWER, "data.interval", text)).data.interval_seconds == seconds


@pytest.mark.parametrize(
    ("key", "text", "moment"),
    [
        ("fromdate", "2024-02-01", datetime(2024, 2, 1, tzinfo=UTC)),
        ("fromdate", "2024-02-01T06:00:00", datetime(2024, 2, 1, 6, tzinfo=UTC)),
        ("fromdate", "2024-02-01 06:00:00+02:00", datetime(2024, 2, 1, 4, tzinfo=UTC)),
        ("todate", "2024-02-01", datetime(2024, 2, 1, 23, 59, 59, 999999, tzinfo=UTC)),
        ("todate", "2024-02-01T00:00:00Z", datetime(2024, 2, 1, tzinfo=UTC)),
    ],
)
def test_dates_are_inclusive_and_utc(key: str, text: str, moment: datetime) -> None:
    assert getattr(spec_of(changed(NEWER, f"data.{key}", text)).data, key) == moment


def test_a_file_is_read_as_its_columns_say() -> None:
    data = {
        "data_source": "file",
        "file_path": "a.tsv",
        "datetime_col": "ts",
        "close_col": "Last",
        "separator": "\\t",
        "timezone": "Europe/Berlin",
        "datetime_format": "%d.%m.%Y",
        "reverse": True,
    }
    file = spec_of(NEWER | {"data": data}).data.file
    assert file is not None
    assert (file.datetime_col, file.open_col, file.close_col) == ("ts", "open", "Last")
    assert (file.separator, file.timezone, file.datetime_format, file.reverse) == (
        "\t",
        "Europe/Berlin",
        "%d.%m.%Y",
        True,
    )


@pytest.mark.parametrize(
    ("trading", "policy"),
    [
        ({}, "cancel_orders"),
        ({"on_stop": "keep"}, "keep"),
        ({"close_on_stop": True}, "close_position"),
        ({"close_on_stop": False}, "cancel_orders"),
        ({"close_on_stop": "keep"}, "keep"),
        ({"on_stop": "keep", "close_on_stop": True}, "keep"),
    ],
)
def test_the_stop_policy_has_an_older_spelling(trading: dict[str, object], policy: str) -> None:
    assert spec_of(NEWER | {"trading": trading}).trading.on_stop == policy


@pytest.mark.parametrize(
    ("risk", "field", "value"),
    [
        ({"stop_loss_pct": 3, "stop_loss_enabled": False}, "stop_loss_pct", None),
        ({"stop_loss_pct": 0}, "stop_loss_pct", None),
        ({"stop_loss_pct": None}, "stop_loss_pct", None),
        ({"stop_loss_pct": 3}, "stop_loss_pct", Decimal(3)),
        ({"take_profit_pct": 6.5, "take_profit_enabled": True}, "take_profit_pct", Decimal("6.5")),
        ({"take_profit_pct": 6.5, "take_profit_enabled": False}, "take_profit_pct", None),
        ({"trailing_stop_pct": 2}, "trailing_stop_pct", None),
        ({"trailing_stop_pct": 2, "trailing_stop": True}, "trailing_stop_pct", Decimal(2)),
        ({"trailing_stop_pct": 0, "trailing_stop": True}, "trailing_stop", False),
        ({"max_position_size": 0}, "max_position_size", Decimal(0)),
        ({"max_position_size_usd": 50}, "max_position_size", Decimal(50)),
        ({"max_position_size_usd": 50, "max_position_size": 20}, "max_position_size", Decimal(20)),
        ({"max_daily_loss": 0}, "max_daily_loss", Decimal(0)),
        ({"max_daily_trades": 5.0}, "max_daily_trades", 5),
    ],
)
def test_limits_are_read_with_their_switches(risk: dict[str, object], field: str, value: object) -> None:
    assert getattr(spec_of(NEWER | {"risk_management": risk}).risk, field) == value


@pytest.mark.parametrize(
    ("trading", "risk", "value"),
    [({"max_drawdown_pct": 20}, {}, 20), ({}, {"max_drawdown_pct": 5}, 5), ({"max_drawdown_pct": 0}, {}, None)],
)
def test_the_drawdown_limit_may_stand_in_either_section(
    trading: dict[str, object], risk: dict[str, object], value: int | None
) -> None:
    spec = spec_of(NEWER | {"trading": trading, "risk_management": risk})
    assert spec.trading.max_drawdown_pct == value


def test_nested_notifications_are_translated() -> None:
    nested = {
        "telegram": {"enabled": True, "notify_on": ["trade_entry", "error"]},
        "email": {"enabled": False, "notify_on": ["status"]},
        "position_opened": False,
    }
    news = spec_of(NEWER | {"notifications": nested}).notifications
    assert (news.telegram_enabled, news.email_enabled) == (True, False)
    assert (news.position_opened, news.position_closed) == (False, False)
    assert (news.error_notifications, news.bot_events, news.daily_summary) == (True, True, False)


def test_notifications_switched_off_as_a_whole_have_no_channel() -> None:
    news = spec_of(NEWER | {"notifications": {"enabled": False, "telegram_enabled": True}}).notifications
    assert not news.telegram_enabled


def test_a_chat_may_be_a_number_and_off_means_none() -> None:
    given = {"notify_telegram_chat_id": -100123, "performance_summaries": "off"}
    news = spec_of(NEWER | {"notifications": given}).notifications
    assert (news.notify_telegram_chat_id, news.performance_summaries) == ("-100123", "none")


def test_a_strategy_of_another_type_is_the_workers_business() -> None:
    config = NEWER | {"strategy": {"type": "GridStrategy", "parameters": {"levels": 4}}}
    strategy = spec_of(config).strategy
    assert (strategy.type, strategy.entry, strategy.parameters) == ("GridStrategy", None, {"levels": 4})


def test_limits_of_the_process_are_read_and_unknown_ones_warned_of() -> None:
    config = NEWER | {"limits": {"memory_mb": 500, "cpu_percent": 0, "disk_mb": 3}}
    limits = spec_of(config).limits
    assert (limits.memory_mb, limits.cpu_percent) == (500.0, 0.0)
    assert [problem.path for problem in read_spec(config, ROW).warnings] == ["limits.disk_mb"]
    assert limits_of(config) == limits
    assert (spec_of(NEWER).limits.memory_mb, limits_of(NEWER).cpu_percent) == (None, None)
    broken = NEWER | {"limits": {"memory_mb": -1, "cpu_percent": "much"}}
    assert [problem.path for problem in read_spec(broken, ROW).errors] == ["limits.memory_mb", "limits.cpu_percent"]


def test_unknown_keys_are_kept() -> None:
    config = NEWER | {"foo": {"bar": [1]}, "logging": {"level": "DEBUG"}}
    assert spec_of(config).raw["foo"] == {"bar": [1]}
    assert [problem.path for problem in read_spec(config, ROW).warnings] == ["foo"]


def test_the_market_is_the_same_until_something_moves_its_bars() -> None:
    base = spec_of(NEWER).data.market_identity
    same = {"data.todate": "2024-01-01", "data.speed": 5, "data.lookback_bars": 9, "data.history": True, "data.seed": 2}
    other = {"data.file_path": "b.csv", "data.interval": "1m", "data.fromdate": "2020-01-01", "data.close_col": "c"}
    assert {spec_of(changed(NEWER, path, value)).data.market_identity for path, value in same.items()} == {base}
    others = [spec_of(changed(NEWER, path, value)).data.market_identity for path, value in other.items()]
    assert base not in others
    assert len(set(others)) == len(others)


def test_calendar_bars_and_joined_rows_are_markets_of_their_own() -> None:
    markets = [
        {"data.interval": "1W"},
        {"data.interval": "7d"},
        {"data.interval": "1M"},
        {"data.interval": "30d"},
        {"data.interval": "1W", "data.source_interval": "1d"},
        {"data.interval": "1W", "data.source_interval": "1h"},
    ]
    identities = set()
    for values in markets:
        config = NEWER
        for path, value in values.items():
            config = changed(config, path, value)
        identities.add(spec_of(config).data.market_identity)
    assert len(identities) == len(markets)


def test_rows_of_the_interval_itself_are_not_joined() -> None:
    base = spec_of(NEWER).data
    assert spec_of(changed(NEWER, "data.source_interval", base.interval)).data == base
    assert spec_of(changed(NEWER, "data.source_interval", "1m")).data.source_interval == "1m"


def test_a_list_of_symbols_instead_of_one_is_an_error_and_beside_one_an_unknown_key() -> None:
    several = {key: value for key, value in NEWER.items() if key != "symbol"} | {"symbols": ["BTCUSDT", "ETHUSDT"]}
    (problem,) = read_spec(several, ROW).problems
    assert (problem.path, problem.severity) == ("symbols", "error")
    assert "a bot trades one symbol; make a bot for each" in problem.message
    (known,) = read_spec(NEWER | {"symbols": ["BTCUSDT"]}, ROW).problems
    assert (known.path, known.severity) == ("symbols", "warning")
