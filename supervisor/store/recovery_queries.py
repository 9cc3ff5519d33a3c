"""Read-only questions of botctl about errors and recoveries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from common.recovery import Outcome
from supervisor.store.tables import incidents, recoveries

Rows = list[dict[str, Any]]
_CONSEQUENCES = ("quarantine", "watchdog", "failover")
"""Incidents that tell what was done about errors, each of which is an incident of its own."""


def recovery_rows(connection: Connection, *, bot_id: int | None = None, limit: int | None = None) -> Rows:
    """Recoveries, newest first."""
    query = _about(select(recoveries), recoveries.c.bot_id, bot_id)
    return _rows(connection, query.order_by(recoveries.c.began_at.desc(), recoveries.c.id.desc()).limit(limit))


def recovery_rates(connection: Connection, *, bot_id: int | None = None) -> Rows:
    """Of each error class how many recoveries there were, how many helped, and the share of those that ended."""
    table = recoveries
    tallies = [func.sum(case((table.c.outcome == str(outcome), 1), else_=0)).label(str(outcome)) for outcome in Outcome]
    query = _about(select(table.c.category, func.count().label("count"), *tallies), table.c.bot_id, bot_id)
    rows = _rows(connection, query.group_by(table.c.category).order_by(table.c.category))
    for row in rows:
        ended = row["succeeded"] + row["failed"]
        row["success_rate"] = round(row["succeeded"] / ended, 4) if ended else None
    return rows


def error_counts(connection: Connection, *, bot_id: int | None = None) -> Rows:
    """Errors per bot and class, and when the last of them was; incidents that are no errors are left out."""
    table = incidents
    query = select(
        table.c.bot_id, table.c.category, func.count().label("errors"), func.max(table.c.at).label("last_at")
    )
    query = query.where(table.c.category.is_not(None), table.c.error_class.not_in(_CONSEQUENCES))
    query = _about(query, table.c.bot_id, bot_id)
    return _rows(
        connection, query.group_by(table.c.bot_id, table.c.category).order_by(table.c.bot_id, table.c.category)
    )


def _about(query: Select[Any], column: Any, bot_id: int | None) -> Select[Any]:
    return query if bot_id is None else query.where(column == bot_id)


def _rows(connection: Connection, query: Select[Any]) -> Rows:
    return [dict(row._mapping) for row in connection.execute(query)]
