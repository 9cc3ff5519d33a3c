"""Rows of `recoveries`: what was done about errors, each under its key, with its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, update

from common.recovery import Outcome
from supervisor.store.commands import EndRecoveries, RecordRecovery
from supervisor.store.incidents import storable
from supervisor.store.shape import Shape
from supervisor.store.tables import recoveries

_KEY_LENGTH = 255
_LATER = ("ended_at", "outcome")


def record_recoveries(connection: Connection, shape: Shape, commands: Sequence[RecordRecovery]) -> None:
    """Write each; of one that is known only its end is new, and an end that is known stands."""
    rows: dict[str, dict[str, Any]] = {}
    for command in commands:
        row = _row(command)
        first = rows.setdefault(row["key"], row)
        if first["outcome"] == Outcome.PENDING:
            first |= {name: row[name] for name in _LATER}
    insert = shape.insert(recoveries)
    statement = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={name: insert.excluded[name] for name in _LATER},
        where=recoveries.c.outcome == str(Outcome.PENDING),
    )
    shape.write_many(connection, statement, list(rows.values()))


def _row(command: RecordRecovery) -> dict[str, Any]:
    return {
        "key": command.key[:_KEY_LENGTH],
        "bot_id": command.bot_id,
        "incarnation": command.incarnation,
        "category": str(command.category),
        "strategy": str(command.strategy),
        "attempt": command.attempt,
        "detail": None if command.detail is None else storable(command.detail),
        "began_at": command.began_at,
        "ended_at": command.ended_at,
        "outcome": str(command.outcome),
    }


def end_recoveries(connection: Connection, command: EndRecoveries) -> None:
    """End what is pending for a bot, of the given strategies."""
    table = recoveries
    query = update(table).where(
        table.c.bot_id == command.bot_id,
        table.c.outcome == str(Outcome.PENDING),
        table.c.strategy.in_([str(strategy) for strategy in command.strategies]),
    )
    connection.execute(query.values(outcome=str(command.outcome), ended_at=command.at))
