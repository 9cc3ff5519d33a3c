"""The tables of the earlier service, as they are. A database that has them already is used unchanged."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
    true,
)

from supervisor.store.types import BigId, Json, Money, Percent, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)
"""Every table this program knows; the schema history is compared with it."""


def _id(kind: Any = Integer) -> Column[Any]:
    return Column("id", kind, Identity(always=True), primary_key=True)


def _created_at() -> Column[Any]:
    return Column("created_at", UtcDateTime(timezone=True), server_default=func.now())


def _bot_id() -> Column[Any]:
    return Column("bot_id", Integer, ForeignKey("trading_bots.id", ondelete="CASCADE"), nullable=False)


def _indexes(table: str, *columns: str) -> list[Index]:
    return [Index(f"ix_{table}_{column}", column) for column in columns]


usr_users = Table(
    "usr_users",
    metadata,
    _id(),
    Column("email", String(100), unique=True),
    Column("password_hash", String(255)),
    Column("role", String(20), nullable=False, server_default="trader"),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    _created_at(),
    Column("updated_at", UtcDateTime(timezone=True)),
    Column("last_login", UtcDateTime(timezone=True)),
    CheckConstraint("role IN ('admin', 'trader', 'viewer')", name="role"),
)

usr_auth_identities = Table(
    "usr_auth_identities",
    metadata,
    _id(),
    Column("user_id", Integer, ForeignKey("usr_users.id", ondelete="CASCADE"), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("metadata", Json()),
    _created_at(),
    UniqueConstraint("provider", "external_id"),
    *_indexes("usr_auth_identities", "user_id"),
)

trading_bots = Table(
    "trading_bots",
    metadata,
    Column("id", Integer, Identity(always=True)),
    Column("user_id", Integer, ForeignKey("usr_users.id", ondelete="CASCADE"), nullable=False),
    Column("status", String(20), nullable=False),
    Column("started_at", UtcDateTime()),
    Column("last_heartbeat", UtcDateTime()),
    Column("error_count", Integer),
    Column("current_balance", Money()),
    Column("total_pnl", Money()),
    Column("extra_metadata", Json()),
    _created_at(),
    Column("updated_at", UtcDateTime()),
    Column("config", Json(), nullable=False),
    Column("description", Text),
    PrimaryKeyConstraint("id", name="trading_bots_pk"),
    *_indexes("trading_bots", "id"),
)

trading_positions = Table(
    "trading_positions",
    metadata,
    _id(),
    _bot_id(),
    Column("trade_type", String(10), nullable=False),
    Column("symbol", String(20), nullable=False),
    Column("direction", String(10), nullable=False),
    Column("opened_at", UtcDateTime()),
    Column("closed_at", UtcDateTime()),
    Column("qty_open", Money(), nullable=False, server_default=text("0")),
    Column("avg_price", Money()),
    Column("realized_pnl", Money(), server_default=text("0")),
    Column("status", String(12), nullable=False),
    Column("extra_metadata", Json()),
    *_indexes("trading_positions", "bot_id", "symbol"),
)

trading_trades = Table(
    "trading_trades",
    metadata,
    _id(),
    _bot_id(),
    Column("trade_type", String(10), nullable=False),
    Column("strategy_name", String(100)),
    Column("entry_logic_name", String(100), nullable=False),
    Column("exit_logic_name", String(100), nullable=False),
    Column("symbol", String(20), nullable=False),
    Column("interval", String(10), nullable=False),
    Column("entry_time", UtcDateTime()),
    Column("exit_time", UtcDateTime()),
    Column("buy_order_created", UtcDateTime()),
    Column("buy_order_closed", UtcDateTime()),
    Column("sell_order_created", UtcDateTime()),
    Column("sell_order_closed", UtcDateTime()),
    Column("entry_price", Money()),
    Column("exit_price", Money()),
    Column("entry_value", Money()),
    Column("exit_value", Money()),
    Column("size", Money()),
    Column("direction", String(10), nullable=False),
    Column("commission", Money()),
    Column("gross_pnl", Money()),
    Column("net_pnl", Money()),
    Column("pnl_percentage", Percent()),
    Column("exit_reason", String(100)),
    Column("status", String(20), nullable=False),
    Column("extra_metadata", Json()),
    _created_at(),
    Column("updated_at", UtcDateTime()),
    Column("position_id", Integer, ForeignKey("trading_positions.id", ondelete="SET NULL")),
    *_indexes("trading_trades", "id", "bot_id", "entry_time", "status", "strategy_name", "symbol", "trade_type"),
)

trading_performance_metrics = Table(
    "trading_performance_metrics",
    metadata,
    _id(),
    _bot_id(),
    Column("trade_type", String(10), nullable=False),
    Column("symbol", String(20)),
    Column("interval", String(10)),
    Column("entry_logic_name", String(100)),
    Column("exit_logic_name", String(100)),
    Column("metrics", Json(), nullable=False),
    Column("calculated_at", UtcDateTime()),
    _created_at(),
    *_indexes("trading_performance_metrics", "bot_id", "symbol", "calculated_at"),
)

webui_audit_logs = Table(
    "webui_audit_logs",
    metadata,
    _id(),
    Column("user_id", Integer, ForeignKey("usr_users.id", ondelete="SET NULL")),
    Column("action", String(100), nullable=False),
    Column("resource_type", String(50)),
    Column("resource_id", String(100)),
    Column("details", Json()),
    Column("ip_address", String(45)),
    Column("user_agent", String(500)),
    _created_at(),
)

msg_messages = Table(
    "msg_messages",
    metadata,
    _id(BigId),
    Column("message_type", String(50), nullable=False),
    Column("priority", String(20), nullable=False, server_default="NORMAL"),
    Column("channels", ARRAY(Text).with_variant(JSON(), "sqlite"), nullable=False),
    Column("recipient_id", String(100)),
    Column("template_name", String(100)),
    Column("content", Json(), nullable=False),
    Column("metadata", Json()),
    _created_at(),
    Column("scheduled_for", UtcDateTime(timezone=True), server_default=func.now()),
    Column("status", String(20), nullable=False, server_default="PENDING"),
    Column("retry_count", Integer, nullable=False, server_default=text("0")),
    Column("max_retries", Integer, nullable=False, server_default=text("3")),
    Column("last_error", Text),
    Column("processed_at", UtcDateTime(timezone=True)),
    Column("locked_by", String(100)),
    Column("locked_at", UtcDateTime(timezone=True)),
    CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'CRITICAL')", name="priority"),
    CheckConstraint("status IN ('PENDING', 'PROCESSING', 'DELIVERED', 'FAILED', 'CANCELLED')", name="status"),
)

msg_delivery_status = Table(
    "msg_delivery_status",
    metadata,
    _id(),
    Column("message_id", BigInteger, ForeignKey("msg_messages.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(50), nullable=False),
    Column("status", String(20), nullable=False),
    Column("delivered_at", UtcDateTime(timezone=True)),
    Column("response_time_ms", Integer),
    Column("error_message", Text),
    Column("external_id", String(255)),
    _created_at(),
    CheckConstraint("status IN ('PENDING', 'SENT', 'DELIVERED', 'FAILED', 'BOUNCED')", name="status"),
    CheckConstraint("response_time_ms >= 0", name="response_time_ms"),
    *_indexes("msg_delivery_status", "message_id"),
)

msg_rate_limits = Table(
    "msg_rate_limits",
    metadata,
    _id(),
    Column("user_id", String(100), nullable=False),
    Column("channel", String(50), nullable=False),
    Column("tokens", Float, nullable=False),
    Column("last_refill", UtcDateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("max_tokens", Integer, nullable=False),
    Column("refill_rate", Float, nullable=False),
    UniqueConstraint("user_id", "channel"),
)

msg_channel_configs = Table(
    "msg_channel_configs",
    metadata,
    _id(),
    Column("channel", String(50), nullable=False, unique=True),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("config", Json()),
    Column("rate_limit_per_minute", Integer, nullable=False, server_default=text("60")),
    Column("max_retries", Integer, nullable=False, server_default=text("3")),
    Column("timeout_seconds", Integer, nullable=False, server_default=text("30")),
    _created_at(),
    Column("updated_at", UtcDateTime(timezone=True)),
)

msg_system_health = Table(
    "msg_system_health",
    metadata,
    _id(),
    Column("system", String(50), nullable=False),
    Column("component", String(100), nullable=False, server_default=""),
    Column("status", String(20), nullable=False, server_default="UNKNOWN"),
    Column("last_success", UtcDateTime(timezone=True)),
    Column("last_failure", UtcDateTime(timezone=True)),
    Column("failure_count", Integer, nullable=False, server_default=text("0")),
    Column("avg_response_time_ms", Integer),
    Column("error_message", Text),
    Column("metadata", Json()),
    Column("checked_at", UtcDateTime(timezone=True), server_default=func.now()),
    CheckConstraint("status IN ('HEALTHY', 'DEGRADED', 'DOWN', 'UNKNOWN')", name="status"),
    UniqueConstraint("system", "component"),
)

SERVICE_TABLES = frozenset(metadata.tables)
"""Names of the tables above."""
