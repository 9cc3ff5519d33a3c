"""Opening a database: one URL, two kinds, the settings each needs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from common.errors import ConfigurationError
from supervisor.store.faults import translated

SQLITE = "sqlite"
POSTGRESQL = "postgresql"

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
}
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000", "temp_store=MEMORY")
_PG_SESSION = "SET timezone = 'UTC'; SET lock_timeout = '5s'"
_PG_CONNECT: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
    "application_name": "botvisor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """Connection pool of PostgreSQL; seconds where times are meant."""

    size: int = 10
    max_overflow: int = 20
    timeout: float = 30.0
    recycle: int = 1800

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> PoolSettings:
        """DB_POOL_SIZE, DB_MAX_OVERFLOW, DB_POOL_TIMEOUT and DB_POOL_RECYCLE, where given.

        Raises ConfigurationError naming the variable when it is not a whole number that makes sense.
        """
        source = os.environ if environ is None else environ
        return cls(
            size=_whole(source, "DB_POOL_SIZE", 10, least=1),
            max_overflow=_whole(source, "DB_MAX_OVERFLOW", 20, least=0),
            timeout=_whole(source, "DB_POOL_TIMEOUT", 30, least=1),
            recycle=_whole(source, "DB_POOL_RECYCLE", 1800, least=-1),
        )


def _whole(source: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = source.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise ConfigurationError(f"{name}={text!r} must be a whole number of at least {least}; correct or unset it")
    return value


def parse_url(url: str) -> URL:
    """The URL with the driver this project uses. Raises ConfigurationError; the text never shows a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "BOTVISOR_DATABASE_URL cannot be parsed; write sqlite:////folder/file.db or "
            "postgresql://user:password@host:5432/name (special characters in the password percent-encoded)"
        ) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ConfigurationError(
            f"BOTVISOR_DATABASE_URL names the driver {parsed.drivername!r}; known are sqlite and postgresql (psycopg2)"
        )
    parsed = parsed.set(drivername=driver)
    if driver.startswith(SQLITE):
        _require_file(parsed)
    elif not parsed.database:
        raise ConfigurationError(f"BOTVISOR_DATABASE_URL {safe_url(parsed)} names no database; add /name at its end")
    return parsed


def safe_url(url: URL | str) -> str:
    """The URL as text that may be shown: no password, also none among the query's parameters."""
    parsed = make_url(url)
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": "***"})
    return parsed.render_as_string(hide_password=True)


def _require_file(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "an SQLite database in memory would be gone with its process; name a file: sqlite:////folder/file.db"
        )
    if url.database.startswith("file:"):
        return
    path = Path(url.database).absolute()
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"BOTVISOR_DATABASE_URL: the folder {path.parent} of the SQLite database does not exist; make it first"
        )
    if path.is_dir():
        raise ConfigurationError(f"the SQLite database {path} is a folder; name a file in it")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise ConfigurationError(f"the SQLite database {path} is not writable for this user; mend its mode")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigurationError(f"the folder {path.parent} is not writable; SQLite needs it for its log beside {path}")


def open_engine(url: str, pool: PoolSettings | None = None) -> Engine:
    """An engine for the URL; nothing is connected yet. Raises ConfigurationError."""
    parsed = parse_url(url)
    settings = pool or PoolSettings()
    common: dict[str, Any] = {"pool_size": settings.size, "max_overflow": settings.max_overflow}
    common |= {"pool_timeout": settings.timeout, "hide_parameters": True, "insertmanyvalues_page_size": 500}
    if parsed.drivername.startswith(SQLITE):
        engine = create_engine(parsed, **common)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        parsed,
        **common,
        executemany_mode="values_plus_batch",
        executemany_batch_page_size=200,
        pool_pre_ping=True,
        pool_recycle=settings.recycle,
        connect_args={key: value for key, value in _PG_CONNECT.items() if key not in parsed.query},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(dbapi: sqlite3.Connection, _record: object) -> None:
    # Transactions are begun by _begin_sqlite alone: the driver's own implicit BEGIN comes too late and is deferred.
    dbapi.isolation_level = None
    # A row written by somebody else may hold bytes that are no UTF-8; it must not make all rows unreadable.
    dbapi.text_factory = partial(str, encoding="utf-8", errors="replace")
    for pragma in _PRAGMAS:
        dbapi.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _prepare_postgresql(dbapi: Any, _record: object) -> None:
    with dbapi.cursor() as cursor:
        cursor.execute(_PG_SESSION)
    dbapi.commit()


@contextmanager
def writing(source: Engine | Connection) -> Iterator[Connection]:
    """One transaction that takes SQLite's write lock at its start; committed at the end of the block.

    Raises ConfigurationError and TransientError for what the database says, once the block is left.
    """
    with translated(), _connected(source) as connection:
        connection.execution_options(immediate=True)
        with connection.begin():
            yield connection


@contextmanager
def reading(source: Engine | Connection) -> Iterator[Connection]:
    """One consistent view; nothing is kept of what the block might write. Raises as `writing`."""
    with translated(), _connected(source) as connection:
        connection.execution_options(immediate=False)
        with connection.begin() as transaction:
            yield connection
            transaction.rollback()


@contextmanager
def _connected(source: Engine | Connection) -> Iterator[Connection]:
    if isinstance(source, Connection):
        yield source
        return
    with source.connect() as connection:
        yield connection
