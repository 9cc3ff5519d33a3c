"""The tables of the outbox: news, and its way to each of those it is for."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    text,
)

from supervisor.store.service_tables import metadata
from supervisor.store.types import BigId, Json, UtcDateTime

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, Identity(), primary_key=True),
    Column("key", String(255), nullable=False, unique=True),
    Column("bot_id", Integer),
    Column("bot_name", Text),
    Column("kind", String(20), nullable=False),
    Column("topic", String(64), nullable=False),
    Column("priority", String(20), nullable=False),
    Column("facts", Json(), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("repeats", Boolean, nullable=False, server_default=false()),
    Column("acknowledged_at", UtcDateTime()),
    Column("acknowledged_by", Text),
    Column("routed_at", UtcDateTime()),
    Index("ix_outbox_routed_at", "routed_at"),
    Index("ix_outbox_bot_id", "bot_id"),
    Index("ix_outbox_at", "at"),
)
"""News, written together with the fact that it tells; NULL in `routed_at` until it is known for whom it is."""

outbox_deliveries = Table(
    "outbox_deliveries",
    metadata,
    Column("id", BigId, Identity(), primary_key=True),
    Column("outbox_id", BigInteger, ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", BigInteger),
    Column("status_id", BigInteger),
    Column("target", String(160), nullable=False),
    Column("channel", String(50), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("due_at", UtcDateTime(), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("reminders", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("settled_at", UtcDateTime()),
    Index("ix_outbox_deliveries_state_target_due_at", "state", "target", "due_at"),
    Index("ix_outbox_deliveries_outbox_id", "outbox_id"),
)
"""A notice's way to one target: waiting, sending, delivered, failed, cancelled. Message and status are rows of the
message history; they are found again by number and may be gone."""
