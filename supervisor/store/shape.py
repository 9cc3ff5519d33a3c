"""The columns that this database's tables really have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, inspect, update
from sqlalchemy import insert as generic_insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import NoSuchTableError

from common.errors import ConfigurationError
from supervisor.store.arrays import all_given, given, parameters
from supervisor.store.engine import POSTGRESQL, SQLITE
from supervisor.store.tables import SERVICE_TABLES, metadata

_NEEDED = {"trading_bots": ("id", "status", "config")}


@dataclass(frozen=True, slots=True)
class Shape:
    """What was found by looking at a database once; tables of ours are as they were made."""

    dialect: str
    columns: Mapping[str, frozenset[str]]
    """Column names of the earlier service's tables."""

    @property
    def is_postgresql(self) -> bool:
        return self.dialect == POSTGRESQL

    def has(self, table: Table, column: str) -> bool:
        """Whether the table has the column in this database."""
        found = self.columns.get(table.name)
        return column in table.c if found is None else column in found

    def present(self, table: Table) -> list[Column[Any]]:
        """The columns that both we and this database know."""
        return [column for column in table.c if self.has(table, column.name)]

    def only(self, table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` without those that have no column here."""
        found = self.columns.get(table.name)
        return dict(values) if found is None else {key: value for key, value in values.items() if key in found}

    def insert(self, table: Table) -> Any:
        """An INSERT that can say what to do on conflict, in the database's own way."""
        return _insert_of(self.dialect, table)

    def write_many(self, connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute an INSERT from `insert` for many rows at once.

        PostgreSQL gets them as arrays: rows written out as VALUES take it, and us, twice the time.
        """
        if not rows:
            return
        if not self.is_postgresql:
            connection.execute(statement, rows)
            return
        table, names = statement.table, tuple(rows[0])
        whole = statement.from_select(names, all_given(table, names))
        connection.execute(whole, parameters(connection.dialect, table, names, rows))

    def update_many(
        self, connection: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Lay each of `rows`, all with the same columns, over the row that has the same `keys`; the last one counts."""
        names = tuple(rows[0]) if rows else keys
        if set(names) <= set(keys):
            return
        if not self.is_postgresql:
            statement = update(table).where(*(table.c[key] == bindparam(f"same_{key}") for key in keys))
            connection.execute(statement, [_with_keys_apart(row, keys) for row in rows])
            return
        last = {tuple(row[key] for key in keys): row for row in rows}
        source = given(table, names)
        whole = update(table).where(*(table.c[key] == source.c[key] for key in keys))
        whole = whole.values({name: source.c[name] for name in names if name not in keys})
        connection.execute(whole, parameters(connection.dialect, table, names, list(last.values())))


@lru_cache(maxsize=64)
def _insert_of(dialect: str, table: Table) -> Any:
    # Kept, for to say `excluded` of a new one copies each column of the table.
    if dialect == SQLITE:
        return sqlite_insert(table)
    return postgresql_insert(table) if dialect == POSTGRESQL else generic_insert(table)


def _with_keys_apart(row: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {f"same_{name}" if name in keys else name: value for name, value in row.items()}


def read_shape(connection: Connection) -> Shape:
    """Look at the earlier service's tables. Raises ConfigurationError when one lacks what nothing can replace."""
    inspector = inspect(connection)
    columns: dict[str, frozenset[str]] = {}
    for name in sorted(SERVICE_TABLES & set(metadata.tables)):
        try:
            columns[name] = frozenset(column["name"] for column in inspector.get_columns(name))
        except NoSuchTableError:
            columns[name] = frozenset()
    for name, needed in _NEEDED.items():
        for column in needed:
            if column not in columns[name]:
                raise ConfigurationError(f"the table {name} has no column {column}; this is not a database of bots")
    return Shape(connection.dialect.name, columns)
