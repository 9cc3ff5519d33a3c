"""The schema's version: what the database has, what this program needs, and how to get there."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from supervisor.store.engine import reading
from supervisor.store.tables import metadata

VERSION_TABLE = "botvisor_alembic_version"
"""Ours alone; the earlier service's own `alembic_version` is left alone."""

HEAD = "0007"
"""The newest revision in the history; written here because asking alembic for it costs every start its import."""


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the history is about this object (alembic's `include_name`): other programs' tables are not ours."""
    return name in metadata.tables if kind == "table" else True


def upgrade(engine: Engine) -> None:
    """Run the missing revisions, all or none. Safe when two processes do it at once; repeated, it does nothing.

    Raises ConfigurationError when the database is newer than this program, holds a namesake of one of our
    tables, or the role lacks a right; TransientError when the database is away or locked.
    """
    if is_current(engine):
        return
    from supervisor.store.history import run_history

    run_history(engine)


def current(engine: Engine) -> str | None:
    """Revision of the database; None when our history never touched it. Raises as `upgrade`."""
    with reading(engine) as connection:
        return current_of(connection)


def current_of(connection: Connection) -> str | None:
    """Revision of the connected database; None when our history never touched it."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return found


def is_current(engine: Engine) -> bool:
    """Whether nothing is left to upgrade. Raises as `upgrade`."""
    return current(engine) == HEAD


def head() -> str:
    """The newest revision this program knows."""
    return HEAD
