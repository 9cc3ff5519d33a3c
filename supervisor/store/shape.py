"""The columns that this database's tables really have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, inspect
from sqlalchemy import insert as generic_insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import NoSuchTableError

from common.errors import ConfigurationError
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
        if self.dialect == SQLITE:
            return sqlite_insert(table)
        return postgresql_insert(table) if self.is_postgresql else generic_insert(table)

    def write_many(self, connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute an INSERT from `insert` for many rows at once.

        PostgreSQL gets them as rows of one VALUES: the driver does so for a conflict clause only where
        something is returned, and is several times slower otherwise.
        """
        if self.is_postgresql:
            key = next(iter(statement.table.primary_key))
            connection.execute(statement.returning(key), rows).close()
        else:
            connection.execute(statement, rows)


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
