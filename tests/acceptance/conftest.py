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


RULES_OF_TRADING = {
    "test_acceptance_strategies",
    "test_acceptance_market",
    "test_acceptance_risk",
    "test_acceptance_validation",
    "test_acceptance_botctl",
    "test_acceptance_bad_input",
    "test_acceptance_harmful_plugins",
    "test_acceptance_health",
    "test_acceptance_operating",
    "test_acceptance_signals",
    "test_acceptance_telemetry",
}
"""Files whose subject is the same on both databases: their PostgreSQL half belongs to the long run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if ACCEPTANCE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.acceptance)
        if "postgresql" in item.nodeid:
            item.add_marker(pytest.mark.postgres)
            if item.path.stem in RULES_OF_TRADING:
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
