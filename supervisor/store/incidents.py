"""Rows of `incidents`: what an operator should read, each once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from common.wire.launch import LIFE_MARKER
from supervisor.store.commands import RecordIncident
from supervisor.store.shape import Shape
from supervisor.store.tables import incidents

_KEY_LENGTH = 255
_CLASS_LENGTH = 200
_OUTPUT_LENGTH = 16_384


def record_incidents(connection: Connection, shape: Shape, rows: Sequence[RecordIncident]) -> None:
    """Write those whose key is new, then those that complete one."""
    if fresh := [_row(row) for row in rows if not row.completes]:
        statement = shape.insert(incidents).on_conflict_do_nothing(index_elements=["key"])
        shape.write_many(connection, statement, fresh)
    for row in rows:
        if row.completes:
            insert = shape.insert(incidents)
            told = {name: insert.excluded[name] for name in ("message", "details")}
            connection.execute(insert.on_conflict_do_update(index_elements=["key"], set_=told), _row(row))


def _row(incident: RecordIncident) -> dict[str, Any]:
    return {
        "key": incident.key[:_KEY_LENGTH],
        "bot_id": incident.bot_id,
        "incarnation": incident.incarnation,
        "severity": incident.severity,
        "error_class": storable(incident.error_class)[:_CLASS_LENGTH],
        "message": storable(incident.message),
        "details": _details(incident) or None,
        "at": incident.at,
        "category": None if incident.category is None else str(incident.category),
    }


def _details(incident: RecordIncident) -> dict[str, Any]:
    details = dict(incident.details)
    if incident.output_file is not None and incident.incarnation is not None:
        output = last_output(incident.output_file, incident.incarnation)
        details |= {"output": output} if output else {}
    return details


def last_output(path: Path, incarnation: int) -> str:
    """What this life wrote to its output file, at most the last 16 kB; empty when there is nothing to read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _OUTPUT_LENGTH))
            text = file.read(_OUTPUT_LENGTH).decode("utf-8", "replace")
    except OSError:
        return ""
    _, marker, own = text.rpartition(LIFE_MARKER.format(incarnation))
    return storable(own if marker else text).strip()


def storable(text: str) -> str:
    """`text` as any database takes it: NUL characters and lone surrogates replaced."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
