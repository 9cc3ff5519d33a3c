"""Tables of supervision and of the ledger, beside those of the earlier service.

Only what is missing is made; what is there stays as it is.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
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


# Foreign keys need to know these three; they exist already.
for name in ("trading_bots", "trading_trades", "trading_positions"):
    sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))


def _id() -> sa.Column[Any]:
    return sa.Column("id", BIG_ID, sa.Identity(), primary_key=True)


def _bot_id(**options: Any) -> sa.Column[Any]:
    return sa.Column("bot_id", sa.Integer, sa.ForeignKey("trading_bots.id", ondelete="CASCADE"), **options)


botvisor_meta = sa.Table(
    "botvisor_meta",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

supervisor_claims = sa.Table(
    "supervisor_claims",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("boot_id", sa.String(64), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("pid_created", sa.Float(53), nullable=False),
    sa.Column("state_dir", sa.Text, nullable=False),
    sa.Column("claimed_at", sa.DateTime(), nullable=False),
    sa.Column("released_at", sa.DateTime()),
    sa.Column("takeover", sa.Boolean, nullable=False, server_default=sa.false()),
)

bot_supervision = sa.Table(
    "bot_supervision",
    metadata,
    _bot_id(primary_key=True, autoincrement=False),
    sa.Column("generation", sa.String(64)),
    sa.Column("observed_generation", sa.String(64)),
    sa.Column("last_status", sa.String(20)),
    sa.Column("quarantined_generation", sa.String(64)),
    sa.Column("quarantine_reason", sa.Text),
    sa.Column("quarantined_at", sa.DateTime()),
    sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("unsettled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("updated_at", sa.DateTime()),
)

incarnations = sa.Table(
    "incarnations",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bot_id", sa.Integer, nullable=False),
    sa.Column("generation", sa.String(64)),
    sa.Column("host", sa.String(255)),
    sa.Column("pid", sa.Integer),
    sa.Column("started_at", sa.DateTime()),
    sa.Column("running_at", sa.DateTime()),
    sa.Column("ended_at", sa.DateTime()),
    sa.Column("exit_code", sa.Integer),
    sa.Column("exit_signal", sa.Integer),
    sa.Column("cause", sa.String(64)),
    sa.Column("detail", sa.Text),
    sa.Index("ix_incarnations_bot_id", "bot_id"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    _id(),
    sa.Column("key", sa.String(255), nullable=False, unique=True),
    sa.Column("bot_id", sa.Integer),
    sa.Column("incarnation", sa.BigInteger),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("error_class", sa.String(200), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("details", JSON_B),
    sa.Column("at", sa.DateTime(), nullable=False),
    sa.Index("ix_incidents_bot_id", "bot_id"),
    sa.Index("ix_incidents_at", "at"),
)

trading_orders = sa.Table(
    "trading_orders",
    metadata,
    _id(),
    _bot_id(nullable=False),
    sa.Column("order_id", sa.Text),
    sa.Column("symbol", sa.String(64), nullable=False),
    sa.Column("side", sa.String(10), nullable=False),
    sa.Column("entry_price", sa.Numeric(20, 8)),
    sa.Column("take_profit", sa.Numeric(20, 8)),
    sa.Column("stop_loss", sa.Numeric(20, 8)),
    sa.Column("quantity", sa.Numeric(20, 8), nullable=False),
    sa.Column("status", sa.String(20), nullable=False, server_default="pending"),
    sa.Column("pnl", sa.Numeric(20, 8)),
    sa.Column("confidence", sa.Float(53)),
    sa.Column("entry_time", sa.DateTime()),
    sa.Column("exit_time", sa.DateTime()),
    sa.Column("exit_price", sa.Numeric(20, 8)),
    sa.Column("exit_reason", sa.String(100)),
    sa.Column("client_order_id", sa.String(64), unique=True),
    sa.Column("parent_id", sa.String(64)),
    sa.Column("venue_order_id", sa.String(128)),
    sa.Column("order_type", sa.String(20)),
    sa.Column("purpose", sa.String(10)),
    sa.Column("limit_price", sa.Numeric(20, 8)),
    sa.Column("stop_price", sa.Numeric(20, 8)),
    sa.Column("filled_quantity", sa.Numeric(20, 8), nullable=False, server_default=sa.text("0")),
    sa.Column("average_price", sa.Numeric(20, 8)),
    sa.Column("commission", sa.Numeric(20, 8), nullable=False, server_default=sa.text("0")),
    sa.Column("reason", sa.Text),
    sa.Column("correlation_id", sa.String(128)),
    sa.Column("created_at", sa.DateTime()),
    sa.Column("updated_at", sa.DateTime()),
    sa.Index("ix_trading_orders_bot_id", "bot_id"),
    sa.Index("ix_trading_orders_status", "status"),
    sa.Index("ix_trading_orders_symbol", "symbol"),
)

trading_fills = sa.Table(
    "trading_fills",
    metadata,
    _id(),
    _bot_id(nullable=False),
    sa.Column("fill_id", sa.String(128), nullable=False),
    sa.Column("client_order_id", sa.String(64), nullable=False),
    sa.Column("symbol", sa.String(64), nullable=False),
    sa.Column("side", sa.String(10), nullable=False),
    sa.Column("quantity", sa.Numeric(20, 8), nullable=False),
    sa.Column("price", sa.Numeric(20, 8), nullable=False),
    sa.Column("commission", sa.Numeric(20, 8), nullable=False),
    sa.Column("quality", sa.String(20)),
    sa.Column("executed_at", sa.DateTime(), nullable=False),
    sa.UniqueConstraint("bot_id", "fill_id"),
    sa.Index("ix_trading_fills_client_order_id", "client_order_id"),
)

trading_denials = sa.Table(
    "trading_denials",
    metadata,
    _id(),
    _bot_id(nullable=False),
    sa.Column("denial_key", sa.String(255), nullable=False),
    sa.Column("symbol", sa.String(64), nullable=False),
    sa.Column("side", sa.String(10), nullable=False),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("limit", sa.Text),
    sa.Column("value", sa.Text),
    sa.Column("decided_at", sa.DateTime(), nullable=False),
    sa.Column("correlation_id", sa.String(128)),
    sa.UniqueConstraint("bot_id", "denial_key"),
)

bot_states = sa.Table(
    "bot_states",
    metadata,
    _bot_id(primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.Integer),
    sa.Column("status", sa.String(20)),
    sa.Column("state", sa.JSON()),
    sa.Column("revision", sa.BigInteger),
    sa.Column("bar_at", sa.DateTime()),
    sa.Column("journal_id", sa.String(64)),
    sa.Column("seq", sa.BigInteger),
    sa.Column("last_signal_at", sa.DateTime()),
    sa.Column("last_tick_at", sa.DateTime()),
    sa.Column("error_count", sa.Integer),
    sa.Column("last_error", sa.Text),
    sa.Column("started_at", sa.DateTime()),
    sa.Column("updated_at", sa.DateTime()),
    sa.Index("ix_bot_states_status", "status"),
    sa.Index("ix_bot_states_updated_at", "updated_at"),
)

journals = sa.Table(
    "journals",
    metadata,
    sa.Column("journal_id", sa.String(64), primary_key=True),
    sa.Column("bot_id", sa.Integer, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.DateTime()),
    sa.Index("ix_journals_bot_id", "bot_id"),
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    _id(),
    sa.Column("key", sa.String(160), nullable=False, unique=True),
    sa.Column("bot_id", sa.Integer, nullable=False),
    sa.Column("incarnation", sa.BigInteger),
    sa.Column("journal_id", sa.String(64)),
    sa.Column("seq", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.DateTime(), nullable=False),
    sa.Index("ix_dead_letters_bot_id", "bot_id"),
)

trade_keys = sa.Table(
    "trade_keys",
    metadata,
    _bot_id(primary_key=True, autoincrement=False),
    sa.Column("trade_key", sa.String(128), primary_key=True),
    sa.Column("trade_id", sa.Integer, sa.ForeignKey("trading_trades.id", ondelete="CASCADE")),
    sa.Column("position_id", sa.Integer, sa.ForeignKey("trading_positions.id", ondelete="SET NULL")),
    sa.Index("ix_trade_keys_trade_id", "trade_id"),
    sa.Index("ix_trade_keys_position_id", "position_id"),
)


def upgrade() -> None:
    bind = op.get_bind()
    _refuse_namesakes(sa.inspect(bind))
    metadata.create_all(bind, checkfirst=True)
    op.bulk_insert(
        botvisor_meta,
        [{"key": "database_uuid", "value": str(uuid.uuid4())}, {"key": "next_incarnation", "value": "1"}],
    )


def _refuse_namesakes(inspector: sa.Inspector) -> None:
    for name in set(inspector.get_table_names()) & set(metadata.tables):
        lacking = {column.name for column in metadata.tables[name].columns}
        lacking -= {column["name"] for column in inspector.get_columns(name)}
        if lacking:
            raise RuntimeError(
                f"the database has a table {name} of another program (without {', '.join(sorted(lacking))}); "
                "rename it or use another database"
            )


def downgrade() -> None:
    raise RuntimeError("the schema only grows; restore a backup to go back")
