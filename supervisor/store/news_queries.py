"""What `botctl` asks of the outbox, and the one thing it writes there: that somebody has taken note."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update

from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.notify.phrasing import phrase
from supervisor.notify.redaction import redacted
from supervisor.store.message_history import health_rows
from supervisor.store.queries import Rows
from supervisor.store.shape import Shape
from supervisor.store.tables import outbox, outbox_deliveries


def deliveries(connection: Connection, *, bot_id: int | None, state: str | None, limit: int | None) -> Rows:
    """News and its ways, newest first; news that is on no way yet has no target."""
    ways = outbox_deliveries.c
    query = (
        select(outbox, ways.target, ways.state, ways.attempts, ways.due_at, ways.settled_at, ways.last_error)
        .outerjoin(outbox_deliveries, ways.outbox_id == outbox.c.id)
        .order_by(outbox.c.id.desc(), ways.id)
    )
    if bot_id is not None:
        query = query.where(outbox.c.bot_id == bot_id)
    if state is not None:
        query = query.where(ways.state == state)
    rows = connection.execute(query if limit is None else query.limit(limit))
    return [_shown(row) | _way(row) for row in rows]


def _way(row: Any) -> dict[str, Any]:
    state = row.state or ("for nobody" if row.routed_at is not None else "new")
    names = ("target", "attempts", "due_at", "settled_at", "last_error")
    return {"state": state} | {name: getattr(row, name) for name in names}


def _shown(row: Any) -> dict[str, Any]:
    notice = Notice(
        key=row.key,
        bot_id=row.bot_id,
        bot_name=row.bot_name,
        kind=Kind(row.kind),
        topic=row.topic,
        priority=Priority(row.priority),
        at=row.at,
        facts=row.facts if isinstance(row.facts, dict) else {},
    )
    shown = {"id": row.id, "at": row.at, "bot_id": row.bot_id, "kind": row.kind, "topic": row.topic}
    return shown | {"priority": row.priority, "message": redacted(phrase(notice).body)}


def unacknowledged(connection: Connection, bot_id: int | None) -> Rows:
    """What is told again and again, oldest first."""
    query = select(outbox).where(_open(bot_id)).order_by(outbox.c.id)
    return [_shown(row) for row in connection.execute(query)]


def acknowledge(connection: Connection, bot_id: int | None, at: datetime, by: str) -> None:
    """Nobody is told again of what is critical now; what has not arrived yet is still delivered once."""
    connection.execute(update(outbox).where(_open(bot_id)).values(acknowledged_at=at, acknowledged_by=by))


def _open(bot_id: int | None) -> Any:
    waits = and_(outbox.c.repeats.is_(True), outbox.c.acknowledged_at.is_(None))
    return waits if bot_id is None else and_(waits, outbox.c.bot_id == bot_id)


def target_health(connection: Connection, shape: Shape) -> dict[str, dict[str, Any]]:
    """How each target did when something was last sent there."""
    return {row["component"]: row for row in health_rows(connection, shape)}
