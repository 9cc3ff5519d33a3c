"""Runs bots on candles while a plan of faults is carried out, and compares what the ledger then says with the truth.

The truth is an undisturbed run of the same bots, whose trades must be those of the reference as well.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from database import Database
from judging import assert_traded_as
from postgres import Postgres
from reference.simulator import simulate
from waiting import wait_until
from world import World

from chaos.audit import Doubles, descriptors, zombies
from chaos.disk import mount_small, unmount
from chaos.faults import Faults
from chaos.ledger import Bookings, differences, ledger
from chaos.market import a_market, trader
from chaos.plan import KINDS, LASTING, Step, plan

BARS_PER_SECOND = 25.0
SETTINGS = {
    "BOTVISOR_RESTART_LIMIT": "1000",
    "BOTVISOR_KILL_LIMIT": "100000",
    "BOTVISOR_RESTART_DELAY": "0.1",
    "BOTVISOR_RESTART_DELAY_MAX": "1",
    "BOTVISOR_DRAIN_GRACE": "3",
    "BOTVISOR_TERM_GRACE": "1",
    "BOTVISOR_ABORT_GRACE": "1",
}
"""No number of faults makes a bot a hopeless one, and what is held up is let go within seconds."""
_LOOK_EVERY = 0.3
_SPARE_DESCRIPTORS = 4

NewDatabase = Callable[[], Database]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    seed: int
    seconds: float
    bots: int
    kinds: tuple[str, ...] = KINDS
    pause: float = 1.2


@dataclass
class Report:
    """What was seen; `wrong` is empty after a run in which nothing was lost, doubled or left."""

    steps: int = 0
    trades: int = 0
    lives: int = 0
    skipped: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def run(order: Order, new_database: NewDatabase, postgres: Postgres | None, say: Say = print) -> Report:
    """The undisturbed run, the disturbed one, and the comparison."""
    report = Report()
    folder = Path(tempfile.mkdtemp(prefix="bvc", dir="/tmp"))
    try:
        bars = max(200, int(order.seconds * BARS_PER_SECOND))
        csv = a_market(folder / "market.csv", order.seed, bars)
        truth, spare = _undisturbed(order, csv, new_database())
        _disturbed(order, csv, new_database(), postgres, truth, spare, report, say)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report


def _undisturbed(order: Order, csv: Path, database: Database) -> tuple[list[Bookings], int]:
    """The ledger of each bot after a quiet run, and how many descriptors the supervisor then holds."""
    world = World(database)
    try:
        configs = [trader(number, csv) for number in range(order.bots)]
        ids = [world.insert_bot(config) for config in configs]
        world.start()
        world.until_finished(*ids, within=60 + order.seconds)
        for bot_id, config in zip(ids, configs, strict=True):
            assert_traded_as(world, bot_id, simulate(config, csv))
        held = descriptors(world).total()
        world.stop()
        return [ledger(database, bot_id) for bot_id in ids], held
    finally:
        world.close()


def _disturbed(
    order: Order,
    csv: Path,
    database: Database,
    postgres: Postgres | None,
    truth: Sequence[Bookings],
    held: int,
    report: Report,
    say: Say,
) -> None:
    world = World(database, **SETTINGS)
    small = "disk-full" in order.kinds and mount_small(world.folder)
    if "disk-full" in order.kinds and not small:
        report.skipped.append("no small file system may be mounted here: disk-full only limits the workers' files")
    world.settings["BOTVISOR_CLOCK_OFFSET"] = str(world.folder / "clock-offset")
    try:
        ids = [world.insert_bot(trader(n, csv, BARS_PER_SECOND)) for n in range(order.bots)]
        world.start()
        storm = _Storm(world, Faults(world, postgres, ids, small_disk=small), say)
        world.until_running(*ids)
        storm.blow(plan(order.seed, order.seconds, order.bots, order.kinds, pause=order.pause))
        report.steps = storm.steps
        storm.see_to_the_end(ids, within=90 + 2 * order.seconds)
        _judge(world, ids, truth, held, report)
        report.wrong += storm.wrong
    except AssertionError as error:
        report.wrong.append(str(error))
    finally:
        world.close()
        if small:
            unmount(world.folder)
            shutil.rmtree(world.folder, ignore_errors=True)


class _Storm:
    """The time in which things go wrong; a supervisor that ended is started again, as a service manager does."""

    def __init__(self, world: World, faults: Faults, say: Say) -> None:
        self._world = world
        self._faults = faults
        self._say = say
        self._doubles = Doubles(world)
        self._began = time.monotonic()
        self._looked = 0.0
        self._restart_at: float | None = None
        self._ours = False
        self._full = False
        self.steps = 0
        self.wrong: list[str] = []

    def blow(self, steps: Sequence[Step]) -> None:
        """Carry out the steps in their time and take back the lasting ones in theirs."""
        self._began = time.monotonic()
        ends: list[tuple[float, Step, ExitStack]] = []
        for step in steps:
            self._pass_time_until(step.at, ends)
            self._begin(step, ends)
        for end in sorted(ends, key=lambda one: one[0]):
            self._pass_time_until(end[0], [])
            self._take_back(end)

    def see_to_the_end(self, ids: Sequence[int], within: float) -> None:
        """No more faults: every bot comes to the end of its candles."""

        def all_finished() -> bool:
            self._keep_up()
            return all(self._world.has_finished(bot_id) for bot_id in ids)

        self._world.wait("all bots to come to the end of their candles", all_finished, within)
        self.wrong += self._doubles.found

    def _pass_time_until(self, at: float, ends: list[tuple[float, Step, ExitStack]]) -> None:
        while (now := time.monotonic() - self._began) < at:
            for end in [one for one in ends if one[0] <= now]:
                ends.remove(end)
                self._take_back(end)
            self._keep_up()
            time.sleep(0.02)

    def _begin(self, step: Step, ends: list[tuple[float, Step, ExitStack]]) -> None:
        self.steps += 1
        if step.kind in LASTING:
            stack = ExitStack()
            stack.enter_context(self._faults.lasting(step))
            self._full |= step.kind == "disk-full"
            ends.append((step.at + step.lasts, step, stack))
            self._say(f"{step}")
            return
        self._ours |= step.kind in ("kill-supervisor", "upgrade", "stop-service", "corrupt-journal")
        if step.kind in ("upgrade", "stop-service"):  # a frozen or unsaved world would only make it wait for us
            for end in ends:
                self._take_back(end)
            ends.clear()
        told = self._faults.strike(step)
        self._say(f"{step}: {told}")
        self._restart_at = time.monotonic() + step.amount

    def _take_back(self, end: tuple[float, Step, ExitStack]) -> None:
        _, step, stack = end
        stack.close()
        if step.kind == "disk-full":
            self._full = False
        self._say(f"{time.monotonic() - self._began:7.2f}  {step.kind} is over")

    def _keep_up(self) -> None:
        supervisor = self._world.supervisor
        now = time.monotonic()
        if supervisor is not None and supervisor.poll() is not None:
            if not self._ours and not self._full and supervisor.returncode != 0:
                self.wrong.append(f"the supervisor ended by itself with {supervisor.returncode}\n{self._world.tail()}")
            self._ours = True
            if now >= (self._restart_at or 0.0):
                self._world.start()
                self._ours, self._restart_at = False, now + 1.0
        elif now >= self._looked + _LOOK_EVERY:
            self._looked = now
            self._doubles.look()


def _judge(world: World, ids: Sequence[int], truth: Sequence[Bookings], held: int, report: Report) -> None:
    for number, (bot_id, expected) in enumerate(zip(ids, truth, strict=True)):
        told = differences(ledger(world.database, bot_id), expected)
        report.wrong += [f"bot #{number}: {line}" for line in told]
        report.trades += len(world.trades(bot_id))
    report.lives = world.database.row("SELECT COUNT(*) AS lives FROM incarnations")["lives"]
    report.wrong += zombies(world)
    wait_until(
        "the supervisor's descriptors to be let go", lambda: descriptors(world).total() <= held + _SPARE_DESCRIPTORS
    )
    code = world.stop()
    if code != 0:
        report.wrong.append(f"the last supervisor ended with {code}")
    report.wrong += [f"left behind: {process}" for process in world.left_behind()]
