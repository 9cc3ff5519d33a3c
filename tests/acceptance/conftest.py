"""Worlds for the acceptance tests: a fresh one per test, and a fleet that stays up for the tests of a database."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from database import Database
from postgres import Postgres
from world import World

ACCEPTANCE = Path(__file__).resolve().parent
NewDatabase = Callable[[], Database]


ON_POSTGRESQL_TOO = {
    "test_a_changed_config_restarts_that_bot_alone",
    "test_a_killed_bot_manages_the_same_trade_to_its_end",
    "test_bots_trade_on_while_the_database_is_away_and_every_trade_is_there_once",
    "test_every_recorded_bot_ends_with_the_prescribed_trades",
    "test_the_old_tables_are_used_unchanged",
}
"""Tests whose subject is the database: the short run tries them on both; all others there on SQLite alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if ACCEPTANCE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.acceptance)
        if "postgresql" in item.nodeid:
            item.add_marker(pytest.mark.postgres)
            if item.name.split("[")[0] not in ON_POSTGRESQL_TOO:
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path: sockets live in it."""
    folder = Path(tempfile.mkdtemp(prefix="bvt", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(short_folder: Path) -> Iterator[Postgres]:
    data = short_folder / "pg"
    data.mkdir()
    server = Postgres(data)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_sqlite(short_folder: Path) -> NewDatabase:
    """Makes SQLite databases with the present schema: migrated once, copied after."""
    template = short_folder / "template.db"
    world = World(Database(f"sqlite:///{template}"))
    try:
        world.migrate()
    finally:
        world.close()
    with closing(sqlite3.connect(template)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made: list[Path] = []

    def make() -> Database:
        path = short_folder / f"world{len(made) + 1}.db"
        made.append(path)
        shutil.copy(template, path)
        return Database(f"sqlite:///{path}")

    return make


@pytest.fixture(scope="session")
def new_postgresql(postgres: Postgres) -> NewDatabase:
    """Makes PostgreSQL databases with the present schema: migrated once, copied after."""
    template = postgres.create()
    world = World(Database(postgres.url(template)))
    try:
        world.migrate()
    finally:
        world.close()
    return lambda: Database(postgres.url(postgres.create(template=template)))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Both databases, one after the other."""
    make: NewDatabase = request.getfixturevalue(f"new_{request.param}")
    return make


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    """A fresh installation on each database; nothing runs yet."""
    with_database = World(new_database())
    yield with_database
    with_database.close()


@pytest.fixture
def lite_world(new_sqlite: NewDatabase) -> Iterator[World]:
    """A fresh installation on SQLite, for what has nothing to do with the database."""
    alone = World(new_sqlite())
    yield alone
    alone.close()


@pytest.fixture
def pg_world(new_postgresql: NewDatabase) -> Iterator[World]:
    alone = World(new_postgresql())
    yield alone
    alone.close()


@pytest.fixture(scope="session")
def _fleets(new_database: NewDatabase) -> Iterator[World]:
    running = World(new_database())
    running.start()
    yield running
    running.close()


@pytest.fixture
def fleet(_fleets: World) -> Iterator[World]:
    """A supervisor that runs already and is shared; the test's own rows are disabled afterwards."""
    assert _fleets.supervisor is not None
    if _fleets.supervisor.poll() is not None:
        _fleets.start()
    before = {row["id"] for row in _fleets.database.rows("SELECT id FROM trading_bots")}
    yield _fleets
    code = _fleets.supervisor.poll()
    assert code is None, f"the supervisor ended with {code} during this test\n{_fleets.tail()}"
    for row in _fleets.database.rows("SELECT id FROM trading_bots"):
        if row["id"] not in before:
            _fleets.set_status(row["id"], "disabled")
    _fleets.wait("the test's bots to stop", lambda: not (set(_fleets.workers()) - before))
