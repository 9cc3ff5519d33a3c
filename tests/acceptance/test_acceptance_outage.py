"""The database goes away; the bots do not."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from builders import a_bot
from chaos.outage import taken_away
from database import Database
from judging import assert_traded_as
from postgres import Postgres
from recorded_bots import ETH_BTC, needs_recordings, often
from reference.simulator import simulate
from waiting import holds_for
from world import World


@pytest.fixture(scope="module")
def stoppable() -> Iterator[Postgres]:
    """A server that only this module's worlds use."""
    folder = Path(tempfile.mkdtemp(prefix="bvo", dir="/tmp"))
    folder.chmod(0o755)
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pg_world(stoppable: Postgres) -> Iterator[World]:
    yield from migrated(Database(stoppable.url(stoppable.create())))


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    name = "lite_world" if request.param == "sqlite" else "pg_world"
    with_database: World = request.getfixturevalue(name)
    return with_database


def migrated(database: Database) -> Iterator[World]:
    installation = World(database)
    installation.migrate()
    yield installation
    installation.close()


def server_of(world: World, request: pytest.FixtureRequest) -> Postgres | None:
    return None if world.database.is_sqlite else request.getfixturevalue("stoppable")


def bytes_of_journals(world: World) -> dict[Path, tuple[int, int]]:
    files = [path for path in world.state.rglob("*") if path.is_file()]
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@needs_recordings
@pytest.mark.parametrize(
    "seconds",
    [
        3,
        pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
        pytest.param(600, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
    ],
)
def test_bots_trade_on_while_the_database_is_away_and_every_trade_is_there_once(
    world: World, request: pytest.FixtureRequest, seconds: int
) -> None:
    speed = {"speed": 1_728_000 / (seconds + min(2 * seconds, 120) + 5)}
    configs = [often() | {"data": often()["data"] | speed}, a_bot(ETH_BTC, data=speed)]
    ids = [world.insert_bot(config) for config in configs]
    world.start()
    kept, victim = world.until_running(*ids)
    world.wait("trades", lambda: len(world.trades(ids[0])) > 10)
    with taken_away(world.database, server_of(world, request)):
        before = bytes_of_journals(world)
        psutil.Process(victim).kill()
        world.wait("the crashed bot to be restarted meanwhile", lambda: world.worker(ids[1]) not in (None, victim))
        holds_for(float(seconds), "the other keeps its process", lambda: world.worker(ids[0]) == kept)
        assert bytes_of_journals(world) != before, "facts are written down while nobody can record them"
        assert_the_operator_still_sees(world, ids[0], kept)
        assert world.supervisor is not None
        assert world.supervisor.poll() is None
    world.until_finished(*ids, within=120 + seconds)
    for bot_id, config in zip(ids, configs, strict=True):
        assert_traded_as(world, bot_id, simulate(config, ETH_BTC))


def assert_the_operator_still_sees(world: World, bot_id: int, pid: int) -> None:
    """What the supervisor knows does not need the database."""
    (row,) = world.ask("status", str(bot_id))
    assert (row["status"], row["pid"], row["health"]) == ("running", pid, "healthy")
    if not world.database.is_sqlite:  # a locked file can still be read
        assert "what the supervisor knows" in world.botctl("status").stdout
    assert pid in [row["pid"] for row in world.ask("ps")]


def test_a_database_that_is_away_at_the_start_is_waited_for(world: World, request: pytest.FixtureRequest) -> None:
    bot_id = world.insert_bot(a_bot())
    with taken_away(world.database, server_of(world, request)):
        world.start()
        world.wait("three tries in the log", lambda: len(tries(world)) >= 3)
        assert world.supervisor is not None
        assert world.supervisor.poll() is None
        delays = tries(world)
        assert delays == sorted(delays), delays
        assert delays[-1] > delays[0], "growing delays"
    world.until_running(bot_id)


def tries(world: World) -> list[float]:
    """The delays that the log announces, in its order: lines that speak of the database and of seconds."""
    path = world.folder / "terminal"
    lines = path.read_text().splitlines() if path.exists() else []
    about = [line for line in lines if "database" in line.lower() and re.search(r"(again|retry|next)", line.lower())]
    return [float(found[-1]) for line in about if (found := re.findall(r"(\d+(?:\.\d+)?) ?s(?:econds)?\b", line))]


@needs_recordings
@pytest.mark.slow
def test_a_stop_while_the_database_is_away_loses_nothing(pg_world: World, stoppable: Postgres) -> None:
    """What was not recorded stays in the journals and is recorded by the next service."""
    config = often() | {"data": often()["data"] | {"speed": 150_000}}
    bot_id = pg_world.insert_bot(config)
    pg_world.start(BOTVISOR_STOP_TIMEOUT="5")
    pg_world.until_running(bot_id)
    pg_world.wait("trades", lambda: len(pg_world.trades(bot_id)) > 10)
    stoppable.stop()
    try:
        holds_for(1.0, "the bot trades on", lambda: pg_world.worker(bot_id))
        pg_world.stop()
        assert not pg_world.left_behind()
    finally:
        stoppable.start()
    pg_world.start()
    pg_world.until_finished(bot_id)
    assert_traded_as(pg_world, bot_id, simulate(config, ETH_BTC))
