"""Every step of the delivery and of the order path is cut once by SIGKILL; the ledger is that of an undisturbed run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.drive import SETTINGS
from chaos.ledger import Bookings, differences, ledger
from chaos.market import a_market, trader
from conftest import NewDatabase
from world import World

from common.crash_points import FORK_SERVER_POINTS, SUPERVISOR_POINTS, VARIABLE, WORKER_POINTS

POINTS = [*WORKER_POINTS, *FORK_SERVER_POINTS, *SUPERVISOR_POINTS]
PASSINGS = (1, 2, 3)
IN_THE_SHORT_RUN = {
    ("intent.recorded", 2),
    ("fork.told", 2),
    ("ledger.before_commit", 2),
}
ROTATING = {"segment.before_rename", "segment.after_rename", "segment.before_delete", "segment.after_delete"}
"""Only a journal of some length has segments that come and go."""
MOST_PASSINGS = {
    **dict.fromkeys(["adoption.before", "adoption.after", "incarnations.reserved", "incarnations.received"], 1),
    **dict.fromkeys(["life.locked", "journal.opened", "goodbye.before_send", "goodbye.after_send"], 1),
    **dict.fromkeys(["segment.before_delete", "segment.after_delete"], 2),
    **dict.fromkeys([point for point in SUPERVISOR_POINTS if point.startswith(("life_record.", "spawn."))], 2),
}
"""How often a point is passed at least by one process while two bots trade to the end of their candles."""
SHORT, LONG = (300, 2), (4000, 1)
"""Bars and bots."""
BARS_PER_SECOND = 150
"""Slow enough that what happens is told, recorded and acknowledged in many portions."""
OFTEN = SETTINGS | {"BOTVISOR_CHECKPOINT_BARS": "2"}


def cases() -> Iterator[object]:
    for point, passing in itertools.product(POINTS, PASSINGS):
        if passing > MOST_PASSINGS.get(point, 3):
            continue
        marks = [] if (point, passing) in IN_THE_SHORT_RUN else [pytest.mark.slow]
        yield pytest.param(point, passing, marks=marks, id=f"{point}-{passing}")


class Scene:
    """Bots on one market, and what they trade when nobody disturbs them."""

    def __init__(self, folder: Path, size: tuple[int, int], new_database: NewDatabase) -> None:
        bars, self._bots = size
        self._csv = a_market(folder / "market.csv", 5, bars)
        self._pace = BARS_PER_SECOND if size == SHORT else 0
        world = World(new_database(), **OFTEN)
        try:
            ids = self.prepare(world)
            world.start()
            world.until_finished(*ids, within=120)
            self.expected = self.recorded(world, ids)
        finally:
            world.close()

    def prepare(self, world: World) -> list[int]:
        return [world.insert_bot(trader(number, self._csv, self._pace)) for number in range(self._bots)]

    def recorded(self, world: World, ids: list[int]) -> list[Bookings]:
        return [ledger(world.database, bot_id) for bot_id in ids]


@pytest.fixture(scope="module")
def short_scene(tmp_path_factory: pytest.TempPathFactory, new_sqlite: NewDatabase) -> Scene:
    return Scene(tmp_path_factory.mktemp("market"), SHORT, new_sqlite)


@pytest.fixture(scope="module")
def long_scene(tmp_path_factory: pytest.TempPathFactory, new_sqlite: NewDatabase) -> Scene:
    return Scene(tmp_path_factory.mktemp("market"), LONG, new_sqlite)


@pytest.mark.parametrize(("point", "passing"), list(cases()))
def test_a_death_at_any_point_loses_and_doubles_nothing(
    point: str, passing: int, new_sqlite: NewDatabase, request: pytest.FixtureRequest
) -> None:
    scene: Scene = request.getfixturevalue("long_scene" if point in ROTATING else "short_scene")
    world = World(new_sqlite(), **OFTEN)
    died = world.folder / "died"
    try:
        ids = scene.prepare(world)
        world.start(**{VARIABLE: f"{point}:{passing}:{died}"})
        until_all_finished(world, ids)
        assert died.exists(), f"{point} was passed fewer than {passing} times: this case tested nothing"
        told = [
            line
            for found, expected in zip(scene.recorded(world, ids), scene.expected, strict=True)
            for line in differences(found, expected)
        ]
        assert told == []
        assert world.stop() == 0
        assert not world.left_behind()
    finally:
        world.close()


def until_all_finished(world: World, ids: list[int]) -> None:
    """A supervisor that died is started again, without the order to die."""

    def finished() -> bool:
        assert world.supervisor is not None
        if world.supervisor.poll() is not None:
            world.start()
        world.remember_processes()
        return all(world.has_finished(bot_id) for bot_id in ids)

    world.wait("the bots to come to the end of their candles", finished, within=90)
