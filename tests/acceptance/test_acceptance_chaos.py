"""Half a minute of faults with fixed seeds; `make chaos` does the same for longer and with new ones."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from chaos.drive import Order, run
from chaos.plan import KINDS, plan
from conftest import NewDatabase
from database import Database
from postgres import Postgres
from world import World


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that only this test uses: it is stopped and started."""
    folder = Path(tempfile.mkdtemp(prefix="bvp", dir="/tmp"))
    folder.chmod(0o755)
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(240)
def test_a_disturbed_run_on_sqlite_books_what_an_undisturbed_one_does(new_sqlite: NewDatabase) -> None:
    told: list[str] = []
    report = run(Order(seed=11, seconds=14, bots=3, pause=0.7), new_sqlite, None, say=told.append)
    assert report.wrong == [], "\n".join([*told, *report.wrong])
    assert report.steps >= 10
    assert report.trades > 100
    assert report.lives > 3, "nobody had to be replaced: the faults did nothing"


@pytest.mark.timeout(240)
@pytest.mark.slow
def test_a_disturbed_run_on_postgresql_books_what_an_undisturbed_one_does(own_postgres: Postgres) -> None:
    told: list[str] = []
    order = Order(seed=12, seconds=14, bots=3, pause=0.7)
    report = run(order, partial(fresh_database, own_postgres), own_postgres, say=told.append)
    assert report.wrong == [], "\n".join([*told, *report.wrong])
    assert report.steps >= 10
    assert report.lives > 3, "nobody had to be replaced: the faults did nothing"


def fresh_database(server: Postgres) -> Database:
    database = Database(server.url(server.create()))
    world = World(database)
    try:
        world.migrate()
    finally:
        world.close()
    return database


def test_a_seed_makes_the_same_plan_every_time() -> None:
    assert plan(5, 60, 4) == plan(5, 60, 4)
    assert plan(5, 60, 4) != plan(6, 60, 4)


def test_a_long_plan_has_faults_of_every_kind_and_never_two_of_a_lasting_kind_at_once() -> None:
    steps = plan(1, 600, 8)
    assert {step.kind for step in steps} == set(KINDS)
    ends: dict[str, float] = {}
    for step in steps:
        assert step.at >= ends.get(step.kind, 0.0), f"{step} begins before the last one of its kind has ended"
        if step.lasts:
            ends[step.kind] = step.at + step.lasts


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kinds of faults: earthquake; known: kill-worker"):
        plan(1, 10, 1, ["earthquake"])
