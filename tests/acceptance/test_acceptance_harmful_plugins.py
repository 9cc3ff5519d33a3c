"""A strategy that fails, hangs, ends its process or wastes memory and output harms its own bot and no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from builders import a_bot
from database import Database, moment
from harmful_plugins import write_harmful_plugins
from world import World

MOST_SILENCE = timedelta(seconds=5)
"""Longest gap between two heartbeats of a bot that nothing happened to: as many intervals as the watchdog allows."""
LOOK_AWAY = 1.0
"""Seconds without a look after which a heartbeat may have been missed by the test itself."""

CAUSES: dict[str, tuple[str, ...]] = {
    "RaisesAtBirth": ("RuntimeError", "no broker for me"),
    "RaisesOnABar": ("KeyError", "no such key"),
    "LeavesByZero": ("exit code 0 without last words",),
    "LeavesByThree": ("exit code 3",),
    "AsksToExit": ("called exit('had enough')",),
    "AsksToExitByZero": ("called exit(0)",),
}
IN_THE_SHORT_RUN = {"RaisesOnABar"}


class Neighbour:
    """A healthy bot of the same supervisor, watched while another one suffers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bot_id = world.insert_bot(a_bot(name="neighbour"))
        (self.pid,) = world.until_running(self.bot_id)
        self._looked = 0.0
        self._watched: list[list[datetime]] = []

    def begin(self) -> int:
        """Watch afresh; answers how many trades there are."""
        self._watched = []
        return len(self.world.trades(self.bot_id))

    def while_waiting_for(self, condition: Callable[[], Any]) -> Callable[[], Any]:
        """The condition, noting the neighbour's heartbeats in passing."""

        def observed() -> Any:
            now, beat = time.monotonic(), moment(self.world.bot(self.bot_id)["last_heartbeat"])
            if not self._watched or now > self._looked + LOOK_AWAY:
                self._watched.append([])
            self._looked = now
            if beat is not None and beat not in self._watched[-1][-1:]:
                self._watched[-1].append(beat)
            return condition()

        return observed

    def assert_unharmed(self, trades_before: int) -> None:
        def went_on() -> bool:
            return len(self._watched[-1]) >= 4 and len(self.world.trades(self.bot_id)) > trades_before + 1

        self.world.wait("the neighbour's heartbeats and trades", self.while_waiting_for(went_on))
        gaps = [after - before for beats in self._watched for before, after in pairwise(beats)]
        assert max(gaps) <= MOST_SILENCE, gaps
        assert self.world.worker(self.bot_id) == self.pid, "it was not replaced"
        assert self.world.supervisor is not None
        assert self.world.supervisor.poll() is None, self.world.tail()


@pytest.fixture(scope="module")
def shared(new_sqlite: Callable[[], Database]) -> Iterator[World]:
    world = World(new_sqlite())
    plugins = write_harmful_plugins(world.folder / "plugins")
    world.start(
        BOTVISOR_PLUGIN_DIRS=str(plugins),
        BOTVISOR_RESTART_LIMIT="2",
        BOTVISOR_RESTART_DELAY="0.05",
        BOTVISOR_ABORT_GRACE="1",
        BOTVISOR_TERM_GRACE="0.5",
    )
    yield world
    world.close()


@pytest.fixture(scope="module")
def hanging(shared: World) -> int:
    """A bot whose plugin never comes back from its import; its examination goes on beside the other tests."""
    return shared.insert_bot(a_bot(strategy={"type": "Hangs"}))


@pytest.fixture(scope="module")
def neighbour(shared: World, hanging: int) -> Neighbour:
    return Neighbour(shared)


def harmed(world: World, bot_id: int) -> bool:
    return world.status(bot_id) == "error"


def incidents(world: World, bot_id: int) -> list[dict[str, Any]]:
    return list(world.ask("incidents", str(bot_id)))


def insert(world: World, strategy: str) -> int:
    return world.insert_bot(a_bot(name=strategy, strategy={"type": strategy}))


@pytest.mark.parametrize(
    "strategy",
    [pytest.param(cause, marks=[] if cause in IN_THE_SHORT_RUN else [pytest.mark.slow]) for cause in CAUSES],
)
def test_a_strategy_that_ends_its_life_is_given_up_with_the_reason(
    shared: World, neighbour: Neighbour, strategy: str
) -> None:
    before, bot_id = neighbour.begin(), insert(shared, strategy)
    shared.wait("it is given up", neighbour.while_waiting_for(lambda: harmed(shared, bot_id)))
    notes = shared.notes(bot_id)
    assert all(words in notes["last_error"] for words in CAUSES[strategy]), notes
    told = " ".join(incident["message"] for incident in incidents(shared, bot_id))
    assert all(words in told for words in CAUSES[strategy]), told
    neighbour.assert_unharmed(before)


@pytest.mark.parametrize(
    ("strategy", "file"),
    [
        ("Loops", "loops.py"),
        pytest.param("HoldsTheInterpreter", "holdstheinterpreter.py", marks=pytest.mark.slow),
    ],
)
def test_a_strategy_that_blocks_is_replaced_its_stacks_kept_and_then_given_up(
    shared: World, neighbour: Neighbour, strategy: str, file: str
) -> None:
    before, bot_id = neighbour.begin(), insert(shared, strategy)
    shared.wait("it is given up", neighbour.while_waiting_for(lambda: harmed(shared, bot_id)))
    assert "watchdog" in shared.notes(bot_id)["last_error"], shared.notes(bot_id)
    assert any(
        file in str(incident) for incident in shared.database.rows("SELECT * FROM incidents WHERE bot_id = ?", bot_id)
    ), "the stacks show where it stood"
    neighbour.assert_unharmed(before)


def test_a_strategy_that_leaks_grows_alone(shared: World, neighbour: Neighbour) -> None:
    def size(pid: int) -> int:
        return int(psutil.Process(pid).memory_info().rss)

    before, others = neighbour.begin(), (neighbour.pid, shared.pid)
    sizes = [size(pid) for pid in others]
    bot_id = insert(shared, "Leaks")
    pid = shared.wait("it lives", neighbour.while_waiting_for(lambda: shared.worker(bot_id)))
    shared.wait("it has leaked", neighbour.while_waiting_for(lambda: size(pid) > size(neighbour.pid) + 100_000_000))
    neighbour.assert_unharmed(before)
    for other, earlier in zip(others, sizes, strict=True):
        assert size(other) < earlier + 50_000_000
    assert shared.worker(bot_id) == pid
    shared.set_status(bot_id, "disabled")


def test_a_strategy_that_prints_megabytes_fills_its_own_file(shared: World, neighbour: Neighbour) -> None:
    before, bot_id = neighbour.begin(), insert(shared, "Prints")
    pid = shared.wait("it lives", neighbour.while_waiting_for(lambda: shared.worker(bot_id)))

    def printed() -> list[Path]:
        return [path for path in shared.folder.rglob("*") if path.is_file() and path.stat().st_size >= 16_000_000]

    (file,) = shared.wait("all is printed", neighbour.while_waiting_for(printed))
    assert str(bot_id) in file.name
    assert "xxxx" not in (shared.folder / "terminal").read_text()
    neighbour.assert_unharmed(before)
    assert shared.worker(bot_id) == pid
    shared.set_status(bot_id, "disabled")


def test_a_plugin_that_ends_the_examination_is_refused_and_others_of_its_folder_are_not(
    shared: World, neighbour: Neighbour
) -> None:
    before, bot_id = neighbour.begin(), insert(shared, "Quits")
    shared.wait("it is refused", neighbour.while_waiting_for(lambda: harmed(shared, bot_id)))
    assert "exit code 5" in shared.notes(bot_id)["last_error"]
    assert shared.worker(bot_id) is None
    neighbour.assert_unharmed(before)


def test_a_plugin_whose_import_hangs_meets_the_time_limit_of_the_examination(
    shared: World, neighbour: Neighbour, hanging: int
) -> None:
    before = neighbour.begin()
    shared.wait("it is refused", neighbour.while_waiting_for(lambda: harmed(shared, hanging)))
    last_error = shared.notes(hanging)["last_error"]
    assert "time limit" in last_error
    assert "plugin" in last_error
    neighbour.assert_unharmed(before)
