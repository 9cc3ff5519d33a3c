"""The database as an operator sees it: plain SQL through sqlite3 and psycopg2, on tables by their documented names."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
from sqlalchemy.engine import make_url
from waiting import PATIENCE


class Database:
    """A database under test. Statements use `?`; JSON columns come back parsed, each call is its own transaction."""

    JSON = frozenset({"config", "extra_metadata", "metrics", "state", "details"})

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")

    @property
    def file(self) -> Path:
        """The file of a SQLite database."""
        return Path(make_url(self.url).database or "")

    @contextmanager
    def connection(self) -> Iterator[Any]:
        if self.is_sqlite:
            with closing(sqlite3.connect(self.file, timeout=PATIENCE)) as lite:
                lite.execute("PRAGMA foreign_keys=ON")
                lite.row_factory = sqlite3.Row
                yield lite
                lite.commit()
        else:
            with closing(
                psycopg2.connect(make_url(self.url).set(drivername="postgresql").render_as_string(False))
            ) as server:
                yield server
                server.commit()

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self.connection() as connection:
            if self.is_sqlite:
                return [self._parsed(dict(row)) for row in connection.execute(sql, values)]
            with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
                cursor.execute(sql.replace("%", "%%").replace("?", "%s"), values)
                return [self._parsed(dict(row)) for row in cursor.fetchall()]

    def row(self, sql: str, *values: object) -> dict[str, Any]:
        (row,) = self.rows(sql, *values)
        return row

    def execute(self, sql: str, *values: object) -> None:
        with self.connection() as connection:
            if self.is_sqlite:
                connection.execute(sql, values)
            else:
                with connection.cursor() as cursor:
                    cursor.execute(sql.replace("%", "%%").replace("?", "%s"), values)

    def _parsed(self, row: dict[str, Any]) -> dict[str, Any]:
        for name in self.JSON & set(row):
            if isinstance(row[name], str):
                try:
                    row[name] = json.loads(row[name])
                except ValueError:
                    continue
        return row

    def tables(self) -> set[str]:
        if self.is_sqlite:
            found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        else:
            found = self.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
        return {row["name"] for row in found}


def money(value: Any, places: int = 8) -> Decimal | None:
    """A stored amount as a decimal at `places`; SQLite may hold it as a binary number, by its repr."""
    if value is None:
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def moment(value: Any) -> datetime | None:
    """A stored time as naive UTC."""
    if value is None or isinstance(value, datetime):
        return value if value is None else value.replace(tzinfo=None)
    return datetime.fromisoformat(str(value)).replace(tzinfo=None)
