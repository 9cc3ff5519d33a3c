"""Read-only questions of botctl: lists of plain rows, newest first unless said otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, Text, cast, func, select

from supervisor.store.shape import Shape
from supervisor.store.tables import (
    bot_states,
    bot_supervision,
    dead_letters,
    incarnations,
    incidents,
    trading_bots,
    trading_denials,
    trading_fills,
    trading_orders,
    trading_performance_metrics,
    trading_trades,
)
from supervisor.store.types import decode_json

Rows = list[dict[str, Any]]
_RAW = ("config", "extra_metadata")


def bots(connection: Connection, shape: Shape) -> Rows:
    """Every bot by id: its row, what the supervisor remembers of it (`supervision`), its last life (`life`), the last
    one that has ended (`ended_life`)."""
    present = shape.present(trading_bots)
    columns = [cast(one, Text).label(one.name) if one.name in _RAW else one for one in present]
    lives, ended = _newest_lives(connection), _newest_lives(connection, incarnations.c.ended_at.is_not(None))
    memories = {row["bot_id"]: row for row in _rows(connection, select(bot_supervision))}
    ticks = {row.bot_id: row for row in connection.execute(select(bot_states.c.bot_id, bot_states.c.last_tick_at))}
    found = []
    for row in _rows(connection, select(*columns).order_by(trading_bots.c.id)):
        row |= {name: decode_json(row[name]) for name in _RAW if name in row}
        row["supervision"] = memories.get(row["id"])
        row["life"] = lives.get(row["id"])
        row["ended_life"] = ended.get(row["id"])
        row["last_tick_at"] = ticks[row["id"]].last_tick_at if row["id"] in ticks else None
        found.append(row)
    return found


def _newest_lives(connection: Connection, *which: ColumnElement[bool]) -> dict[int, dict[str, Any]]:
    newest = select(func.max(incarnations.c.id)).where(*which).group_by(incarnations.c.bot_id)
    query = select(incarnations).where(incarnations.c.id.in_(newest))
    return {row["bot_id"]: row for row in _rows(connection, query)}


def trades(
    connection: Connection,
    shape: Shape,
    *,
    bot_id: int | None = None,
    status: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> Rows:
    """Trades by entry time; `since` is the earliest entry (aware UTC), `status` is open or closed."""
    table = trading_trades
    query = _about(select(*shape.present(table)), table, bot_id, table.c.entry_time, since, limit)
    return _rows(connection, query if status is None else query.where(table.c.status == status))


def orders(
    connection: Connection,
    *,
    bot_id: int | None = None,
    statuses: Sequence[str] | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> Rows:
    """Orders by creation (market time); `statuses` narrows them, such as to those still working."""
    table = trading_orders
    query = _about(select(table), table, bot_id, table.c.created_at, since, limit)
    return _rows(connection, query if statuses is None else query.where(table.c.status.in_(list(statuses))))


def fills(
    connection: Connection, *, bot_id: int | None = None, since: datetime | None = None, limit: int | None = None
) -> Rows:
    """Executions by market time."""
    table = trading_fills
    return _rows(connection, _about(select(table), table, bot_id, table.c.executed_at, since, limit))


def denials(
    connection: Connection, *, bot_id: int | None = None, since: datetime | None = None, limit: int | None = None
) -> Rows:
    """Signals that were refused, by market time."""
    table = trading_denials
    return _rows(connection, _about(select(table), table, bot_id, table.c.decided_at, since, limit))


def incident_rows(
    connection: Connection, *, bot_id: int | None = None, since: datetime | None = None, limit: int | None = None
) -> Rows:
    """Incidents by the time they happened."""
    return _rows(connection, _about(select(incidents), incidents, bot_id, incidents.c.at, since, limit))


def lives(
    connection: Connection, *, bot_id: int | None = None, since: datetime | None = None, limit: int | None = None
) -> Rows:
    """Incarnations by number; `since` is the earliest start."""
    table = incarnations
    return _rows(connection, _about(select(table), table, bot_id, table.c.started_at, since, limit))


def metrics(
    connection: Connection,
    shape: Shape,
    *,
    bot_id: int | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> Rows:
    """Performance metrics by the time they were computed for."""
    table = trading_performance_metrics
    query = select(*shape.present(table))
    return _rows(connection, _about(query, table, bot_id, table.c.calculated_at, since, limit))


def letters(
    connection: Connection, *, bot_id: int | None = None, since: datetime | None = None, limit: int | None = None
) -> Rows:
    """Entries that could not be recorded."""
    return _rows(connection, _about(select(dead_letters), dead_letters, bot_id, dead_letters.c.at, since, limit))


def _about(
    query: Select[Any],
    table: Table,
    bot_id: int | None,
    time: Column[Any],
    since: datetime | None,
    limit: int | None,
) -> Select[Any]:
    if bot_id is not None:
        query = query.where(table.c.bot_id == bot_id)
    if since is not None:
        query = query.where(time >= since)
    return query.order_by(time.desc(), table.c.id.desc()).limit(limit)


def _rows(connection: Connection, query: Select[Any]) -> Rows:
    return [dict(row._mapping) for row in connection.execute(query)]
