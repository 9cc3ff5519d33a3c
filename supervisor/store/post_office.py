"""The outbox as the postman works with it: what is new, what goes where, what became of it.

Every function is one step within the caller's transaction. One process works on the queue, that of the supervisor that
has the database; a delivery that was being sent when that process died is found again and sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, update

from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.notify.phrasing import group_of
from supervisor.notify.routing import Route
from supervisor.store.message_history import add_message, add_status, fail_message, settle_messages
from supervisor.store.shape import Shape
from supervisor.store.tables import outbox, outbox_deliveries

_WAITING, _SENDING = "waiting", "sending"
_TO_CLAIM = 200
_MAY_SHARE = 3
"""Attempts after which a delivery goes alone."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that nobody has been chosen for yet."""

    outbox_id: int
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is being sent."""

    delivery_id: int
    message_id: int | None
    status_id: int | None
    notice: Notice
    attempts: int
    reminders: int
    created_at: datetime
    acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice in words, as the history keeps it, and the ways it goes."""

    outbox_id: int
    notice: Notice
    recipient: str | None
    content: dict[str, Any]
    routes: tuple[Route, ...]
    lacks: str | None
    """Why an enabled channel leads nowhere."""


def take_back(connection: Connection) -> None:
    """What was being sent when the process before us ended waits again."""
    table = outbox_deliveries
    connection.execute(update(table).where(table.c.state == _SENDING).values(state=_WAITING))


def backlog(connection: Connection) -> dict[str, tuple[str, datetime]]:
    """Every target that something waits for, with its channel and the time from which the first may be sent."""
    table = outbox_deliveries.c
    query = select(table.target, func.min(table.channel), func.min(table.due_at)).where(table.state == _WAITING)
    return {target: (channel, due) for target, channel, due in connection.execute(query.group_by(table.target))}


def waiting_count(connection: Connection) -> int:
    """How many deliveries wait."""
    table = outbox_deliveries.c
    return connection.scalar(select(func.count()).where(table.state.in_([_WAITING, _SENDING]))) or 0


def next_due(connection: Connection, target: str) -> datetime | None:
    """From when the next message to this target may be sent; None when none waits."""
    table = outbox_deliveries.c
    found: datetime | None = connection.scalar(
        select(func.min(table.due_at)).where(table.state == _WAITING, table.target == target)
    )
    return found


def new_notices(connection: Connection, limit: int) -> list[Waiting]:
    """The oldest notices that nobody has been chosen for."""
    query = select(outbox).where(outbox.c.routed_at.is_(None)).order_by(outbox.c.id).limit(limit)
    return [Waiting(row.id, _notice(row)) for row in connection.execute(query)]


def post(connection: Connection, shape: Shape, letter: Letter, at: datetime) -> None:
    """Put a notice on its ways, and into the history."""
    if letter.routes or letter.lacks:
        _post(connection, shape, letter, at)
    pass_over(connection, letter.outbox_id, at)


def pass_over(connection: Connection, outbox_id: int, at: datetime) -> None:
    """Nobody needs to be chosen for this notice any more."""
    connection.execute(update(outbox).where(outbox.c.id == outbox_id).values(routed_at=at))


def _post(connection: Connection, shape: Shape, letter: Letter, at: datetime) -> None:
    notice = letter.notice
    values = {
        "kind": str(notice.kind),
        "priority": str(notice.priority),
        "channels": sorted({route.address.channel for route in letter.routes}),
        "recipient": letter.recipient,
        "topic": notice.topic,
        "content": letter.content,
        "metadata": {"source": "botvisor", "key": notice.key, "bot_id": notice.bot_id, "bot_name": notice.bot_name},
    }
    message_id = add_message(connection, shape, values, at)
    rows = [
        {
            "outbox_id": letter.outbox_id,
            "message_id": message_id,
            "status_id": add_status(connection, shape, message_id, route.address.channel, at),
            "target": route.address.ref,
            "channel": route.address.channel,
            "kind": str(notice.kind),
            "rank": notice.priority.rank,
            "state": _WAITING,
            "due_at": route.due_at,
            "created_at": at,
        }
        for route in letter.routes
    ]
    if rows:
        connection.execute(shape.insert(outbox_deliveries), rows)
    else:
        fail_message(connection, shape, message_id, letter.lacks or "", at)


def claim(connection: Connection, target: str, now: datetime, most: int) -> list[Claimed]:
    """The next deliveries to this target that may share a message: the most urgent and oldest, and its like.

    What failed several times goes alone, so that what a target will not take holds up nothing else.
    """
    table = outbox_deliveries.c
    due = and_(table.state == _WAITING, table.target == target, table.due_at <= now)
    order = (table.rank, table.attempts, table.id)
    candidates = connection.execute(
        select(table.id, table.kind, table.attempts, table.reminders).where(due).order_by(*order).limit(_TO_CLAIM)
    ).all()
    if not candidates:
        return []
    first = candidates[0]
    if first.attempts >= _MAY_SHARE or first.reminders:
        chosen = [first.id]
    else:
        group = group_of(Kind(first.kind))
        alike = [row for row in candidates if row.attempts < _MAY_SHARE and not row.reminders]
        chosen = [row.id for row in alike if group_of(Kind(row.kind)) == group][:most]
    connection.execute(update(outbox_deliveries).where(table.id.in_(chosen)).values(state=_SENDING))
    return _read(connection, chosen)


def _read(connection: Connection, ids: Sequence[int]) -> list[Claimed]:
    table = outbox_deliveries.c
    ours = (table.id, table.message_id, table.status_id, table.attempts, table.reminders, table.created_at)
    columns = [column.label(f"d_{column.name}") for column in ours]
    query = select(*columns, outbox).join(outbox, outbox.c.id == table.outbox_id).where(table.id.in_(ids))
    return [
        Claimed(
            delivery_id=row.d_id,
            message_id=row.d_message_id,
            status_id=row.d_status_id,
            notice=_notice(row),
            attempts=row.d_attempts,
            reminders=row.d_reminders,
            created_at=row.d_created_at,
            acknowledged=row.acknowledged_at is not None,
        )
        for row in connection.execute(query.order_by(outbox.c.at, outbox.c.id))
    ]


def finish(
    connection: Connection, shape: Shape, done: Iterable[Claimed], state: str, at: datetime, error: str | None = None
) -> None:
    """Deliveries have come to an end: `delivered`, `failed` or `cancelled`. Their statuses are settled already."""
    done = list(done)
    table = outbox_deliveries
    ids = [one.delivery_id for one in done]
    values = {"state": state, "settled_at": at, "attempts": table.c.attempts + 1, "last_error": error}
    connection.execute(update(table).where(table.c.id.in_(ids)).values(**values))
    messages = sorted({one.message_id for one in done if one.message_id is not None})
    settle_messages(connection, shape, messages, at)


def wait_again(
    connection: Connection, deliveries: Iterable[Claimed], due_at: datetime, error: str | None, *, tried: bool = True
) -> None:
    """Deliveries did not get through (`error`), and are due again later; not `tried`: they were merely put back."""
    table = outbox_deliveries
    values: dict[str, Any] = {"state": _WAITING, "due_at": due_at}
    if tried:
        values |= {"attempts": table.c.attempts + 1, "last_error": error}
    ids = [one.delivery_id for one in deliveries]
    connection.execute(update(table).where(table.c.id.in_(ids)).values(**values))


def remind(connection: Connection, delivery: Claimed, due_at: datetime) -> None:
    """A delivered notice is told again at that time unless somebody acknowledges it before."""
    table = outbox_deliveries
    values = {"state": _WAITING, "due_at": due_at, "attempts": 0, "reminders": table.c.reminders + 1}
    connection.execute(update(table).where(table.c.id == delivery.delivery_id).values(**values))


def forget(connection: Connection, before: datetime) -> int:
    """Delete notices that are older and on no way any more; how many."""
    table = outbox_deliveries.c
    on_the_way = select(table.outbox_id).where(table.state.in_([_WAITING, _SENDING]))
    old = and_(outbox.c.at < before, outbox.c.routed_at.is_not(None), outbox.c.id.not_in(on_the_way))
    return connection.execute(delete(outbox).where(old)).rowcount


def _notice(row: Any) -> Notice:
    return Notice(
        key=row.key,
        bot_id=row.bot_id,
        bot_name=row.bot_name,
        kind=Kind(row.kind),
        topic=row.topic,
        priority=Priority(row.priority),
        at=row.at,
        facts=row.facts if isinstance(row.facts, dict) else {},
        repeats=bool(row.repeats),
    )
