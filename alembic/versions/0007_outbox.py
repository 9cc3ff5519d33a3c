"""The outbox: news, and its way to each of those it is for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_B = sa.JSON().with_variant(JSONB(), "postgresql")


def _outbox() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("bot_id", sa.Integer),
        sa.Column("bot_name", sa.Text),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("priority", sa.String(20), nullable=False),
        sa.Column("facts", JSON_B, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("repeats", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("acknowledged_at", sa.DateTime()),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("routed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
        sa.UniqueConstraint("key", name="outbox_key_key"),
    ]


def _deliveries() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("status_id", sa.BigInteger),
        sa.Column("target", sa.String(160), nullable=False),
        sa.Column("channel", sa.String(50), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("reminders", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("settled_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="outbox_deliveries_pkey"),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name="outbox_deliveries_outbox_id_fkey", ondelete="CASCADE"
        ),
    ]


def _make(found: Any, name: str, columns: list[sa.schema.SchemaItem], *indexed: tuple[str, ...]) -> None:
    if found.has_table(name):
        return
    op.create_table(name, *columns)
    for index in indexed:
        op.create_index("_".join(("ix", name, *index)), name, list(index))


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    _make(found, "outbox", _outbox(), ("routed_at",), ("bot_id",), ("at",))
    _make(found, "outbox_deliveries", _deliveries(), ("state", "target", "due_at"), ("outbox_id",))


def downgrade() -> None:
    raise RuntimeError("the schema only grows; restore a backup to go back")
