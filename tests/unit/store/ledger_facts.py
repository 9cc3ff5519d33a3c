"""Entries of a made-up bot, and what the tables hold after recording."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, select

from common.wire.codec import encode_entry
from common.wire.facts import (
    AccountChanged,
    AnyFact,
    Checkpoint,
    Entry,
    EntryDenied,
    FillReported,
    IncidentReported,
    MetricsComputed,
    OrderChanged,
    PositionChanged,
    TradeChanged,
)
from supervisor.store.bots import insert_bot
from supervisor.store.delivery import read_submission
from supervisor.store.engine import reading, writing
from supervisor.store.ledger import Ledger, Outcome
from supervisor.store.shape import read_shape
from supervisor.store.tables import metadata

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)

FACT_TABLES = (
    "trading_orders",
    "trading_fills",
    "trading_trades",
    "trading_positions",
    "trading_performance_metrics",
    "trading_denials",
    "incidents",
    "bot_states",
    "journals",
    "trade_keys",
    "dead_letters",
    "trading_bots",
)


def new_bot(engine: Engine, status: str = "running", config: dict[str, Any] | None = None) -> int:
    with writing(engine) as connection:
        return insert_bot(
            connection, read_shape(connection), config=config or {"name": "x"}, status=status, description=None, at=NOW
        )


def order(key: str, at: datetime, status: str, **more: Any) -> OrderChanged:
    values: dict[str, Any] = {
        "client_order_id": key,
        "symbol": "ETHBTC",
        "side": "buy",
        "order_type": "market",
        "purpose": "entry",
        "status": status,
        "quantity": Decimal("1.5"),
        "created_at": at,
        "updated_at": at,
        "correlation_id": f"c-{key}",
    }
    return OrderChanged(**values | more)


def fill(key: str, at: datetime, **more: Any) -> FillReported:
    values: dict[str, Any] = {
        "fill_id": f"{key}-1",
        "client_order_id": key,
        "symbol": "ETHBTC",
        "side": "buy",
        "quantity": Decimal("1.5"),
        "price": Decimal("0.071234567891"),
        "commission": Decimal("0.0001"),
        "executed_at": at,
    }
    return FillReported(**values | more)


def trade(key: str, at: datetime, **more: Any) -> TradeChanged:
    values: dict[str, Any] = {
        "trade_key": key,
        "trade_type": "paper",
        "strategy_name": "CustomStrategy",
        "entry_logic_name": "RSIOrBBEntryMixin",
        "exit_logic_name": "ATRExitMixin",
        "symbol": "ETHBTC",
        "interval": "5m",
        "direction": "long",
        "status": "open",
        "size": Decimal("1.5"),
        "entry_time": at,
        "entry_price": Decimal("0.071234567891"),
        "entry_value": Decimal("0.106851851836"),
        "commission": Decimal("0.0001"),
        "details": {"entry_params": {"rsi_period": 14}},
    }
    return TradeChanged(**values | more)


def closed(key: str, at: datetime, until: datetime, **more: Any) -> TradeChanged:
    values: dict[str, Any] = {
        "status": "closed",
        "exit_time": until,
        "exit_price": Decimal("0.08"),
        "exit_value": Decimal("0.12"),
        "gross_pnl": Decimal("0.013148148"),
        "net_pnl": Decimal("0.012948148"),
        "pnl_percentage": Decimal("12.1178"),
        "commission": Decimal("0.0002"),
        "exit_reason": "take_profit",
    }
    return trade(key, at, **values | more)


def position(key: str, at: datetime, **more: Any) -> PositionChanged:
    values: dict[str, Any] = {
        "position_key": key,
        "trade_type": "paper",
        "symbol": "ETHBTC",
        "direction": "long",
        "status": "open",
        "opened_at": at,
        "qty_open": Decimal("1.5"),
        "avg_price": Decimal("0.071234567891"),
        "realized_pnl": Decimal(0),
    }
    return PositionChanged(**values | more)


def incident(key: str, **more: Any) -> IncidentReported:
    values: dict[str, Any] = {
        "incident_key": key,
        "severity": "warning",
        "error_class": "Odd",
        "message": "odd",
        "at": START,
    }
    return IncidentReported(**values | more)


def denial(key: str, at: datetime) -> EntryDenied:
    return EntryDenied(
        denial_key=key,
        symbol="ETHBTC",
        side="buy",
        rule="max_daily_trades",
        message="enough for today",
        limit="3",
        value="3",
        decided_at=at,
        correlation_id="c-d",
    )


def round_trip(prefix: str, number: int) -> list[tuple[AnyFact, ...]]:
    """The facts of one trade from intent to result, moment by moment."""
    key, at = f"{prefix}{number}", START + timedelta(hours=number)
    until = at + timedelta(minutes=30)
    leave = {"side": "sell", "purpose": "exit", "parent_id": key}
    return [
        (order(key, at, "intended"),),
        (
            order(key, at, "filled", filled_quantity=Decimal("1.5"), updated_at=at + timedelta(minutes=5)),
            fill(key, at),
            trade(key, at),
            position(key, at),
        ),
        (order(f"{key}x", until, "intended", **leave), denial(f"{key}-d", until)),
        (
            order(f"{key}x", until, "filled", **leave),
            fill(f"{key}x", until, side="sell"),
            closed(key, at, until),
            position(key, at, status="closed", closed_at=until, qty_open=Decimal(0), avg_price=None),
            AccountChanged(balance=Decimal(10_000 + number), total_pnl=Decimal(number)),
            MetricsComputed(
                trade_type="paper",
                symbol="ETHBTC",
                interval="5m",
                entry_logic_name="RSIOrBBEntryMixin",
                exit_logic_name="ATRExitMixin",
                metrics={"total_trades": number, "win_rate": 50.5},
                calculated_at=until,
            ),
            incident(f"{key}-i"),
        ),
    ]


def entries(moments: Sequence[tuple[AnyFact, ...]], journal_id: str = "j1", first: int = 1) -> list[Entry]:
    """Moments as the entries of one journal, each with a checkpoint."""
    return [
        Entry(
            journal_id=journal_id,
            seq=seq,
            incarnation=7,
            facts=facts,
            checkpoint=Checkpoint(revision=seq, bar_at=START + timedelta(minutes=seq), state={"seq": seq, "x": 0.1}),
        )
        for seq, facts in enumerate(moments, first)
    ]


def trades_of(prefix: str, count: int) -> list[tuple[AnyFact, ...]]:
    return [moment for number in range(1, count + 1) for moment in round_trip(prefix, number)]


def deliver(engine: Engine, bot_id: int, batch: Sequence[Entry | bytes], at: datetime = NOW) -> list[Outcome]:
    """Record the entries in one transaction, as a life would send them."""
    raw = [item if isinstance(item, bytes) else encode_entry(item) for item in batch]
    with writing(engine) as connection:
        ledger = Ledger(read_shape(connection))
        return ledger.record(connection, [read_submission(bot_id, 7, payload) for payload in raw], at)


def rows(engine: Engine, name: str) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return _rows(connection, name)


def _rows(connection: Connection, name: str) -> list[dict[str, Any]]:
    table = metadata.tables[name]
    order_by = list(table.primary_key)
    return [dict(row._mapping) for row in connection.execute(select(table).order_by(*order_by))]


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """All that recording leaves behind, but for times the database sets and ids that PostgreSQL skips on a conflict."""
    with reading(engine) as connection:
        return {name: [_plain(name, row) for row in _rows(connection, name)] for name in FACT_TABLES}


_LINKED = ("trading_bots", "trading_trades", "trading_positions")


def _plain(name: str, row: dict[str, Any]) -> dict[str, Any]:
    dropped = set() if name in _LINKED else {"id"}
    if name != "trading_orders":
        dropped.add("created_at")
    if name == "trading_bots":
        dropped.add("updated_at")
    return {key: value for key, value in row.items() if key not in dropped}
