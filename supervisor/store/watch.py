"""Noticing that somebody else changed the database."""

from __future__ import annotations

import sqlite3
from typing import Any, Protocol, cast

import psycopg2
from sqlalchemy import Connection, Engine

from common.errors import TransientError
from supervisor.store.engine import POSTGRESQL
from supervisor.store.faults import message_of

CHANNEL = "botvisor_bots"


class Watch(Protocol):
    """Looks for others' changes without waiting."""

    def fileno(self) -> int | None:
        """A descriptor that becomes readable with a change; None when only looking helps."""

    def changed(self) -> bool:
        """Whether somebody else changed something since the last look. Raises TransientError."""

    def close(self) -> None:
        """Give back what the watch holds."""


class DataVersion:
    """SQLite counts the commits of all connections but the one that asks: ask the writer's."""

    def __init__(self, connection: Connection) -> None:
        self._dbapi = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        self._seen = self._version()

    def fileno(self) -> int | None:
        return None

    def changed(self) -> bool:
        version = self._version()
        different, self._seen = version != self._seen, version
        return different

    def close(self) -> None:
        return

    def _version(self) -> int:
        try:
            return int(self._dbapi.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise TransientError(f"the database does not answer as it should: {message_of(error)}") from error


class Notifications:
    """PostgreSQL's NOTIFY, on a connection of its own; what the writer's session caused is left out."""

    def __init__(self, engine: Engine, writer: Connection) -> None:
        self._writer_pid = cast("Any", writer.connection.dbapi_connection).info.backend_pid
        self._connection = engine.connect()
        # It listens until it is closed, so it must not go back to the pool.
        self._connection.detach()
        self._dbapi = cast("Any", self._connection.connection.dbapi_connection)
        self._dbapi.autocommit = True
        with self._dbapi.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")

    def fileno(self) -> int | None:
        return int(self._dbapi.fileno())

    def changed(self) -> bool:
        try:
            self._dbapi.poll()
        except psycopg2.Error as error:
            raise TransientError(f"the database ended the listening session: {message_of(error)}") from error
        heard = [notice for notice in self._dbapi.notifies if notice.pid != self._writer_pid]
        self._dbapi.notifies.clear()
        return bool(heard)

    def close(self) -> None:
        self._connection.close()


def open_watch(engine: Engine, writer: Connection) -> Watch:
    """The watch that fits the database. Raises what SQLAlchemy raises."""
    if engine.dialect.name == POSTGRESQL:
        return Notifications(engine, writer)
    return DataVersion(writer)
