"""Rows of `trading_bots` that are ours to write now, and those that another transaction has locked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from supervisor.store.engine import POSTGRESQL
from supervisor.store.tables import trading_bots

_SHORT = "SET lock_timeout = '500ms'"


@dataclass(frozen=True, slots=True)
class BotRows:
    """What was found of the bots asked for; one that is in neither set has no row."""

    free: frozenset[int]
    """On PostgreSQL locked by us until the transaction ends."""
    locked: frozenset[int]
    """Somebody else changes the row, or looks at it FOR UPDATE: writing it, or a row that refers to it, would wait."""


def seize(connection: Connection, ids: Iterable[int]) -> BotRows:
    """Lock the rows that are free, without waiting for the others; SQLite locks the whole database anyway."""
    wanted = frozenset(ids)
    if not wanted:
        return BotRows(frozenset(), frozenset())
    query = select(trading_bots.c.id)
    taking = query.where(trading_bots.c.id.in_(wanted)).with_for_update(key_share=True, skip_locked=True)
    free = frozenset(connection.scalars(taking))
    missing = wanted - free
    if not missing or connection.dialect.name != POSTGRESQL:
        return BotRows(free, frozenset())
    return BotRows(free, frozenset(connection.scalars(query.where(trading_bots.c.id.in_(missing)))))


def wait_briefly(connection: Connection) -> None:
    """From now on this session waits half a second at most for a lock, so that one locked row costs others little."""
    if connection.dialect.name == POSTGRESQL:
        with connection.begin():
            connection.execute(text(_SHORT))
