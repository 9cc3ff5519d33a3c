"""The tables this program adds beside those of the earlier service; imports make all tables known."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from supervisor.store.credential_table import stored_credentials
from supervisor.store.outbox_tables import outbox, outbox_deliveries
from supervisor.store.service_tables import (
    SERVICE_TABLES,
    metadata,
    trading_bots,
    trading_performance_metrics,
    trading_positions,
    trading_trades,
    usr_users,
)
from supervisor.store.types import BigId, Json, Money, UtcDateTime

__all__ = [
    "OWN_TABLES",
    "SERVICE_TABLES",
    "bot_states",
    "bot_supervision",
    "botvisor_meta",
    "dead_letters",
    "incarnations",
    "incidents",
    "journals",
    "metadata",
    "outbox",
    "outbox_deliveries",
    "recoveries",
    "stored_credentials",
    "supervisor_claims",
    "trade_keys",
    "trading_bots",
    "trading_denials",
    "trading_fills",
    "trading_orders",
    "trading_performance_metrics",
    "trading_positions",
    "trading_trades",
    "usr_users",
]


def _id() -> Column[Any]:
    return Column("id", BigId, Identity(), primary_key=True)


def _bot_id(**options: Any) -> Column[Any]:
    return Column("bot_id", Integer, ForeignKey("trading_bots.id", ondelete="CASCADE"), **options)


botvisor_meta = Table(
    "botvisor_meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""`database_uuid` and `next_incarnation`."""

supervisor_claims = Table(
    "supervisor_claims",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("host", String(255), nullable=False),
    Column("boot_id", String(64), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_created", Float(53), nullable=False),
    Column("state_dir", Text, nullable=False),
    Column("claimed_at", UtcDateTime(), nullable=False),
    Column("released_at", UtcDateTime()),
    Column("takeover", Boolean, nullable=False, server_default=false()),
)
"""At most one row, id 1: the supervisor that this database belongs to or belonged to last."""

bot_supervision = Table(
    "bot_supervision",
    metadata,
    _bot_id(primary_key=True, autoincrement=False),
    Column("generation", String(64)),
    Column("observed_generation", String(64)),
    Column("last_status", String(20)),
    Column("quarantined_generation", String(64)),
    Column("quarantine_reason", Text),
    Column("quarantined_at", UtcDateTime()),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("unsettled", Boolean, nullable=False, server_default=false()),
    Column("updated_at", UtcDateTime()),
    Column("stopped_by", Text),
)

incarnations = Table(
    "incarnations",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("bot_id", Integer, nullable=False),
    Column("generation", String(64)),
    Column("host", String(255)),
    Column("pid", Integer),
    Column("started_at", UtcDateTime()),
    Column("running_at", UtcDateTime()),
    Column("ended_at", UtcDateTime()),
    Column("exit_code", Integer),
    Column("exit_signal", Integer),
    Column("cause", String(64)),
    Column("detail", Text),
    Index("ix_incarnations_bot_id", "bot_id"),
)
"""One row per life; id is the incarnation number. Outlives its bot."""

incidents = Table(
    "incidents",
    metadata,
    _id(),
    Column("key", String(255), nullable=False, unique=True),
    Column("bot_id", Integer),
    Column("incarnation", BigInteger),
    Column("severity", String(16), nullable=False),
    Column("error_class", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("details", Json()),
    Column("at", UtcDateTime(), nullable=False),
    Column("category", String(16)),
    Index("ix_incidents_bot_id", "bot_id"),
    Index("ix_incidents_at", "at"),
)
"""`category` is one of the eight error classes, NULL where the incident is no error."""

recoveries = Table(
    "recoveries",
    metadata,
    _id(),
    Column("key", String(255), nullable=False, unique=True),
    Column("bot_id", Integer),
    Column("incarnation", BigInteger),
    Column("category", String(16), nullable=False),
    Column("strategy", String(32), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("detail", Text),
    Column("began_at", UtcDateTime(), nullable=False),
    Column("ended_at", UtcDateTime()),
    Column("outcome", String(16), nullable=False),
    Index("ix_recoveries_bot_id", "bot_id"),
    Index("ix_recoveries_began_at", "began_at"),
)
"""What was done about an error, and whether it helped; outlives its bot."""

trading_orders = Table(
    "trading_orders",
    metadata,
    _id(),
    _bot_id(nullable=False),
    Column("order_id", Text),
    Column("symbol", String(64), nullable=False),
    Column("side", String(10), nullable=False),
    Column("entry_price", Money()),
    Column("take_profit", Money()),
    Column("stop_loss", Money()),
    Column("quantity", Money(), nullable=False),
    Column("status", String(20), nullable=False, server_default="pending"),
    Column("pnl", Money()),
    Column("confidence", Float(53)),
    Column("entry_time", UtcDateTime()),
    Column("exit_time", UtcDateTime()),
    Column("exit_price", Money()),
    Column("exit_reason", String(100)),
    Column("client_order_id", String(64), unique=True),
    Column("parent_id", String(64)),
    Column("venue_order_id", String(128)),
    Column("order_type", String(20)),
    Column("purpose", String(10)),
    Column("limit_price", Money()),
    Column("stop_price", Money()),
    Column("filled_quantity", Money(), nullable=False, server_default=text("0")),
    Column("average_price", Money()),
    Column("commission", Money(), nullable=False, server_default=text("0")),
    Column("reason", Text),
    Column("correlation_id", String(128)),
    Column("created_at", UtcDateTime()),
    Column("updated_at", UtcDateTime()),
    Index("ix_trading_orders_bot_id", "bot_id"),
    Index("ix_trading_orders_status", "status"),
    Index("ix_trading_orders_symbol", "symbol"),
)
"""One row per order at a venue; the times are market times."""

trading_fills = Table(
    "trading_fills",
    metadata,
    _id(),
    _bot_id(nullable=False),
    Column("fill_id", String(128), nullable=False),
    Column("client_order_id", String(64), nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("side", String(10), nullable=False),
    Column("quantity", Money(), nullable=False),
    Column("price", Money(), nullable=False),
    Column("commission", Money(), nullable=False),
    Column("quality", String(20)),
    Column("executed_at", UtcDateTime(), nullable=False),
    UniqueConstraint("bot_id", "fill_id"),
    Index("ix_trading_fills_client_order_id", "client_order_id"),
)

trading_denials = Table(
    "trading_denials",
    metadata,
    _id(),
    _bot_id(nullable=False),
    Column("denial_key", String(255), nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("side", String(10), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("limit", Text),
    Column("value", Text),
    Column("decided_at", UtcDateTime(), nullable=False),
    Column("correlation_id", String(128)),
    UniqueConstraint("bot_id", "denial_key"),
)

bot_states = Table(
    "bot_states",
    metadata,
    _bot_id(primary_key=True, autoincrement=False),
    Column("user_id", Integer),
    Column("status", String(20)),
    Column("state", Json(verbatim=True)),
    Column("revision", BigInteger),
    Column("bar_at", UtcDateTime()),
    Column("journal_id", String(64)),
    Column("seq", BigInteger),
    Column("last_signal_at", UtcDateTime()),
    Column("last_tick_at", UtcDateTime()),
    Column("error_count", Integer),
    Column("last_error", Text),
    Column("started_at", UtcDateTime()),
    Column("updated_at", UtcDateTime()),
    Index("ix_bot_states_status", "status"),
    Index("ix_bot_states_updated_at", "updated_at"),
)
"""Newest checkpoint and run-time state of each bot; revision and bar_at belong to `state`."""

journals = Table(
    "journals",
    metadata,
    Column("journal_id", String(64), primary_key=True),
    Column("bot_id", Integer, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("updated_at", UtcDateTime()),
    Index("ix_journals_bot_id", "bot_id"),
)
"""High-water mark of each worker journal: entries up to it are recorded."""

dead_letters = Table(
    "dead_letters",
    metadata,
    _id(),
    Column("key", String(160), nullable=False, unique=True),
    Column("bot_id", Integer, nullable=False),
    Column("incarnation", BigInteger),
    Column("journal_id", String(64)),
    Column("seq", BigInteger),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Index("ix_dead_letters_bot_id", "bot_id"),
)
"""Entries that could not be recorded, byte for byte."""

trade_keys = Table(
    "trade_keys",
    metadata,
    _bot_id(primary_key=True, autoincrement=False),
    Column("trade_key", String(128), primary_key=True),
    Column("trade_id", Integer, ForeignKey("trading_trades.id", ondelete="CASCADE")),
    Column("position_id", Integer, ForeignKey("trading_positions.id", ondelete="SET NULL")),
    Index("ix_trade_keys_trade_id", "trade_id"),
    Index("ix_trade_keys_position_id", "position_id"),
)
"""Which rows a worker's trade became."""

OWN_TABLES = frozenset(metadata.tables) - SERVICE_TABLES
"""Names of the tables above."""
