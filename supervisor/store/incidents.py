"""Rows of `incidents`: what an operator should read, each once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from supervisor.store.commands import RecordIncident
from supervisor.store.shape import Shape
from supervisor.store.tables import incidents

_KEY_LENGTH = 255
_CLASS_LENGTH = 200


def record_incidents(connection: Connection, shape: Shape, rows: Sequence[RecordIncident]) -> None:
    """Write those whose key is new."""
    if rows:
        statement = shape.insert(incidents).on_conflict_do_nothing(index_elements=["key"])
        shape.write_many(connection, statement, [_row(row) for row in rows])


def _row(incident: RecordIncident) -> dict[str, Any]:
    return {
        "key": incident.key[:_KEY_LENGTH],
        "bot_id": incident.bot_id,
        "incarnation": incident.incarnation,
        "severity": incident.severity,
        "error_class": storable(incident.error_class)[:_CLASS_LENGTH],
        "message": storable(incident.message),
        "details": dict(incident.details) or None,
        "at": incident.at,
    }


def storable(text: str) -> str:
    """`text` as any database takes it: NUL characters and lone surrogates replaced."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
