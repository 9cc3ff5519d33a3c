"""The message history: tables of the earlier service, which a person or its web pages may read.

Our rows are marked as being worked on by us (`locked_by`), so that the earlier service's own worker, should it still
run on this database, does not send them too; and when they have failed for good, as tried often enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from supervisor.store.service_tables import msg_delivery_status, msg_messages, msg_system_health
from supervisor.store.shape import Shape

OURS = "botvisor"
_SYSTEM = "notifications"
_MOST_RETRIES = 3
_ERROR_LENGTH = 1000


def add_message(connection: Connection, shape: Shape, values: Mapping[str, Any], at: datetime) -> int:
    """Write a message that is on its way; its id.

    `values`: kind, priority, channels, recipient, topic, content, metadata.
    """
    row = {
        "message_type": values["kind"],
        "priority": values["priority"],
        "channels": list(values["channels"]),
        "recipient_id": values["recipient"],
        "template_name": values["topic"],
        "content": values["content"],
        "metadata": values["metadata"],
        "created_at": at,
        "scheduled_for": at,
        "status": "PROCESSING",
        "retry_count": 0,
        "max_retries": _MOST_RETRIES,
        "locked_by": OURS,
        "locked_at": at,
    }
    statement = insert(msg_messages).values(shape.only(msg_messages, row)).returning(msg_messages.c.id)
    return int(connection.execute(statement).scalar_one())


def add_status(connection: Connection, shape: Shape, message_id: int, channel: str, at: datetime) -> int:
    """Write that a message is on its way through a channel; the row's id."""
    row = {"message_id": message_id, "channel": channel, "status": "PENDING", "created_at": at}
    table = msg_delivery_status
    return int(connection.execute(insert(table).values(shape.only(table, row)).returning(table.c.id)).scalar_one())


def settle_status(
    connection: Connection, shape: Shape, status_id: int, *, delivered: bool, at: datetime, seconds: float, error: str
) -> None:
    """Write what became of a message in a channel."""
    row = {
        "status": "DELIVERED" if delivered else "FAILED",
        "delivered_at": at if delivered else None,
        "response_time_ms": max(0, round(seconds * 1000)),
        "error_message": None if delivered else error[:_ERROR_LENGTH],
    }
    table = msg_delivery_status
    connection.execute(update(table).where(table.c.id == status_id).values(shape.only(table, row)))


def note_retry(connection: Connection, shape: Shape, message_ids: Iterable[int], error: str) -> None:
    """Write that a try failed and another will follow."""
    row = {"retry_count": msg_messages.c.retry_count + 1, "last_error": error[:_ERROR_LENGTH]}
    table = msg_messages
    statement = update(table).where(table.c.id.in_(list(message_ids)))
    connection.execute(statement.values(shape.only(table, row)))


def settle_messages(connection: Connection, shape: Shape, message_ids: Sequence[int], at: datetime) -> None:
    """Write of messages whose channels have all come to an end what became of them: delivered if by any channel."""
    table = msg_delivery_status
    found: dict[int, set[str]] = {}
    for row in connection.execute(
        select(table.c.message_id, table.c.status, table.c.error_message).where(table.c.message_id.in_(message_ids))
    ):
        found.setdefault(row.message_id, set()).add(row.status)
    for message_id, statuses in found.items():
        if "PENDING" in statuses:
            continue
        _finish(connection, shape, message_id, "DELIVERED" if "DELIVERED" in statuses else "FAILED", at, None)


def fail_message(connection: Connection, shape: Shape, message_id: int, error: str, at: datetime) -> None:
    """Write that a message has nowhere to go."""
    _finish(connection, shape, message_id, "FAILED", at, error)


def _finish(
    connection: Connection, shape: Shape, message_id: int, status: str, at: datetime, error: str | None
) -> None:
    row: dict[str, Any] = {"status": status, "processed_at": at}
    if status == "FAILED":
        row["retry_count"] = msg_messages.c.max_retries
    if error is not None:
        row["last_error"] = error[:_ERROR_LENGTH]
    statement = update(msg_messages).where(msg_messages.c.id == message_id)
    connection.execute(statement.values(shape.only(msg_messages, row)))


def note_health(connection: Connection, shape: Shape, component: str, values: Mapping[str, Any]) -> None:
    """Write how a target does: status, last success or failure, failures in a row, mean time, error."""
    table = msg_system_health
    if not shape.columns.get(table.name):
        return
    where = (table.c.system == _SYSTEM, table.c.component == component[:100])
    row = shape.only(table, dict(values))
    if connection.execute(update(table).where(*where).values(row)).rowcount == 0:
        connection.execute(insert(table).values({"system": _SYSTEM, "component": component[:100]} | row))


def health_rows(connection: Connection, shape: Shape) -> list[dict[str, Any]]:
    """How each target did when it was last tried."""
    table = msg_system_health
    if not shape.columns.get(table.name):
        return []
    query = select(*shape.present(table)).where(table.c.system == _SYSTEM).order_by(table.c.component)
    return [dict(row._mapping) for row in connection.execute(query)]


def forget_messages(connection: Connection, before: datetime) -> int:
    """Delete our messages that are older and settled; how many."""
    table = msg_messages
    old = (table.c.locked_by == OURS, table.c.created_at < before, table.c.status != "PROCESSING")
    return connection.execute(delete(table).where(*old)).rowcount
