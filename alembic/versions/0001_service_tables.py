"""Tables of the earlier service, and an owner for bots on a fresh database.

Only what is missing is made; what is there stays as it is.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON_B = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def _id(kind: Any = sa.Integer) -> sa.Column[Any]:
    return sa.Column("id", kind, sa.Identity(always=True), primary_key=True)


def _created_at() -> sa.Column[Any]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now())


def _bot_id() -> sa.Column[Any]:
    return sa.Column("bot_id", sa.Integer, sa.ForeignKey("trading_bots.id", ondelete="CASCADE"), nullable=False)


def _indexes(table: str, *columns: str) -> list[sa.Index]:
    return [sa.Index(f"ix_{table}_{column}", column) for column in columns]


usr_users = sa.Table(
    "usr_users",
    metadata,
    _id(),
    sa.Column("email", sa.String(100), unique=True),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("role", sa.String(20), nullable=False, server_default="trader"),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
    _created_at(),
    sa.Column("updated_at", sa.DateTime(timezone=True)),
    sa.Column("last_login", sa.DateTime(timezone=True)),
    sa.CheckConstraint("role IN ('admin', 'trader', 'viewer')", name="role"),
)

usr_auth_identities = sa.Table(
    "usr_auth_identities",
    metadata,
    _id(),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("usr_users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("external_id", sa.String(255), nullable=False),
    sa.Column("metadata", JSON_B),
    _created_at(),
    sa.UniqueConstraint("provider", "external_id"),
    *_indexes("usr_auth_identities", "user_id"),
)

trading_bots = sa.Table(
    "trading_bots",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True)),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("usr_users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("started_at", sa.DateTime()),
    sa.Column("last_heartbeat", sa.DateTime()),
    sa.Column("error_count", sa.Integer),
    sa.Column("current_balance", sa.Numeric(20, 8)),
    sa.Column("total_pnl", sa.Numeric(20, 8)),
    sa.Column("extra_metadata", JSON_B),
    _created_at(),
    sa.Column("updated_at", sa.DateTime()),
    sa.Column("config", JSON_B, nullable=False),
    sa.Column("description", sa.Text),
    sa.PrimaryKeyConstraint("id", name="trading_bots_pk"),
    *_indexes("trading_bots", "id"),
)

trading_positions = sa.Table(
    "trading_positions",
    metadata,
    _id(),
    _bot_id(),
    sa.Column("trade_type", sa.String(10), nullable=False),
    sa.Column("symbol", sa.String(20), nullable=False),
    sa.Column("direction", sa.String(10), nullable=False),
    sa.Column("opened_at", sa.DateTime()),
    sa.Column("closed_at", sa.DateTime()),
    sa.Column("qty_open", sa.Numeric(20, 8), nullable=False, server_default=sa.text("0")),
    sa.Column("avg_price", sa.Numeric(20, 8)),
    sa.Column("realized_pnl", sa.Numeric(20, 8), server_default=sa.text("0")),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("extra_metadata", JSON_B),
    *_indexes("trading_positions", "bot_id", "symbol"),
)

trading_trades = sa.Table(
    "trading_trades",
    metadata,
    _id(),
    _bot_id(),
    sa.Column("trade_type", sa.String(10), nullable=False),
    sa.Column("strategy_name", sa.String(100)),
    sa.Column("entry_logic_name", sa.String(100), nullable=False),
    sa.Column("exit_logic_name", sa.String(100), nullable=False),
    sa.Column("symbol", sa.String(20), nullable=False),
    sa.Column("interval", sa.String(10), nullable=False),
    sa.Column("entry_time", sa.DateTime()),
    sa.Column("exit_time", sa.DateTime()),
    sa.Column("buy_order_created", sa.DateTime()),
    sa.Column("buy_order_closed", sa.DateTime()),
    sa.Column("sell_order_created", sa.DateTime()),
    sa.Column("sell_order_closed", sa.DateTime()),
    sa.Column("entry_price", sa.Numeric(20, 8)),
    sa.Column("exit_price", sa.Numeric(20, 8)),
    sa.Column("entry_value", sa.Numeric(20, 8)),
    sa.Column("exit_value", sa.Numeric(20, 8)),
    sa.Column("size", sa.Numeric(20, 8)),
    sa.Column("direction", sa.String(10), nullable=False),
    sa.Column("commission", sa.Numeric(20, 8)),
    sa.Column("gross_pnl", sa.Numeric(20, 8)),
    sa.Column("net_pnl", sa.Numeric(20, 8)),
    sa.Column("pnl_percentage", sa.Numeric(10, 4)),
    sa.Column("exit_reason", sa.String(100)),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("extra_metadata", JSON_B),
    _created_at(),
    sa.Column("updated_at", sa.DateTime()),
    sa.Column("position_id", sa.Integer, sa.ForeignKey("trading_positions.id", ondelete="SET NULL")),
    *_indexes("trading_trades", "id", "bot_id", "entry_time", "status", "strategy_name", "symbol", "trade_type"),
)

trading_performance_metrics = sa.Table(
    "trading_performance_metrics",
    metadata,
    _id(),
    _bot_id(),
    sa.Column("trade_type", sa.String(10), nullable=False),
    sa.Column("symbol", sa.String(20)),
    sa.Column("interval", sa.String(10)),
    sa.Column("entry_logic_name", sa.String(100)),
    sa.Column("exit_logic_name", sa.String(100)),
    sa.Column("metrics", JSON_B, nullable=False),
    sa.Column("calculated_at", sa.DateTime()),
    _created_at(),
    *_indexes("trading_performance_metrics", "bot_id", "symbol", "calculated_at"),
)

webui_audit_logs = sa.Table(
    "webui_audit_logs",
    metadata,
    _id(),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("usr_users.id", ondelete="SET NULL")),
    sa.Column("action", sa.String(100), nullable=False),
    sa.Column("resource_type", sa.String(50)),
    sa.Column("resource_id", sa.String(100)),
    sa.Column("details", JSON_B),
    sa.Column("ip_address", sa.String(45)),
    sa.Column("user_agent", sa.String(500)),
    _created_at(),
)

msg_messages = sa.Table(
    "msg_messages",
    metadata,
    _id(BIG_ID),
    sa.Column("message_type", sa.String(50), nullable=False),
    sa.Column("priority", sa.String(20), nullable=False, server_default="NORMAL"),
    sa.Column("channels", sa.ARRAY(sa.Text).with_variant(sa.JSON(), "sqlite"), nullable=False),
    sa.Column("recipient_id", sa.String(100)),
    sa.Column("template_name", sa.String(100)),
    sa.Column("content", JSON_B, nullable=False),
    sa.Column("metadata", JSON_B),
    _created_at(),
    sa.Column("scheduled_for", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("status", sa.String(20), nullable=False, server_default="PENDING"),
    sa.Column("retry_count", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("max_retries", sa.Integer, nullable=False, server_default=sa.text("3")),
    sa.Column("last_error", sa.Text),
    sa.Column("processed_at", sa.DateTime(timezone=True)),
    sa.Column("locked_by", sa.String(100)),
    sa.Column("locked_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'CRITICAL')", name="priority"),
    sa.CheckConstraint("status IN ('PENDING', 'PROCESSING', 'DELIVERED', 'FAILED', 'CANCELLED')", name="status"),
)

msg_delivery_status = sa.Table(
    "msg_delivery_status",
    metadata,
    _id(),
    sa.Column("message_id", sa.BigInteger, sa.ForeignKey("msg_messages.id", ondelete="CASCADE"), nullable=False),
    sa.Column("channel", sa.String(50), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("delivered_at", sa.DateTime(timezone=True)),
    sa.Column("response_time_ms", sa.Integer),
    sa.Column("error_message", sa.Text),
    sa.Column("external_id", sa.String(255)),
    _created_at(),
    sa.CheckConstraint("status IN ('PENDING', 'SENT', 'DELIVERED', 'FAILED', 'BOUNCED')", name="status"),
    sa.CheckConstraint("response_time_ms >= 0", name="response_time_ms"),
    *_indexes("msg_delivery_status", "message_id"),
)

msg_rate_limits = sa.Table(
    "msg_rate_limits",
    metadata,
    _id(),
    sa.Column("user_id", sa.String(100), nullable=False),
    sa.Column("channel", sa.String(50), nullable=False),
    sa.Column("tokens", sa.Float, nullable=False),
    sa.Column("last_refill", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("max_tokens", sa.Integer, nullable=False),
    sa.Column("refill_rate", sa.Float, nullable=False),
    sa.UniqueConstraint("user_id", "channel"),
)

msg_channel_configs = sa.Table(
    "msg_channel_configs",
    metadata,
    _id(),
    sa.Column("channel", sa.String(50), nullable=False, unique=True),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("config", JSON_B),
    sa.Column("rate_limit_per_minute", sa.Integer, nullable=False, server_default=sa.text("60")),
    sa.Column("max_retries", sa.Integer, nullable=False, server_default=sa.text("3")),
    sa.Column("timeout_seconds", sa.Integer, nullable=False, server_default=sa.text("30")),
    _created_at(),
    sa.Column("updated_at", sa.DateTime(timezone=True)),
)

msg_system_health = sa.Table(
    "msg_system_health",
    metadata,
    _id(),
    sa.Column("system", sa.String(50), nullable=False),
    sa.Column("component", sa.String(100), nullable=False, server_default=""),
    sa.Column("status", sa.String(20), nullable=False, server_default="UNKNOWN"),
    sa.Column("last_success", sa.DateTime(timezone=True)),
    sa.Column("last_failure", sa.DateTime(timezone=True)),
    sa.Column("failure_count", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("avg_response_time_ms", sa.Integer),
    sa.Column("error_message", sa.Text),
    sa.Column("metadata", JSON_B),
    sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.CheckConstraint("status IN ('HEALTHY', 'DEGRADED', 'DOWN', 'UNKNOWN')", name="status"),
    sa.UniqueConstraint("system", "component"),
)


UPDATED_AT_FUNCTION = """
CREATE FUNCTION botvisor_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = timezone('utc', now());
    RETURN NEW;
END
$$
"""
UPDATED_AT_TRIGGER = """
CREATE TRIGGER update_bots_updated_at BEFORE UPDATE ON trading_bots
FOR EACH ROW EXECUTE FUNCTION botvisor_set_updated_at()
"""


def upgrade() -> None:
    bind = op.get_bind()
    had = set(sa.inspect(bind).get_table_names())
    metadata.create_all(bind, checkfirst=True)
    if "usr_users" not in had:
        op.execute(usr_users.insert().values(email="operator", role="admin"))
    if "trading_bots" not in had and bind.dialect.name == "postgresql":
        op.execute(UPDATED_AT_FUNCTION)
        op.execute(UPDATED_AT_TRIGGER)


def downgrade() -> None:
    raise RuntimeError("the schema only grows; restore a backup to go back")
