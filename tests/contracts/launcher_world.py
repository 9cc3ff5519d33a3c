"""Launchers of all kinds over the stand-in worker, and a way to wait for their events."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE

from common.wire.ticket import LinkTicket, Places, RowFacts, Ticket
from supervisor.processes.forkserver import ForkServerLauncher
from supervisor.processes.interpreter import InterpreterLauncher
from supervisor.processes.port import Exited, Launcher, ProcessEvent, Spawned
from supervisor.processes.watch import ThreadWatch

STAND_IN = Path(__file__).with_name("stand_in_worker.py")

LAUNCHERS: dict[str, Callable[[], Launcher]] = {
    "forkserver": lambda: ForkServerLauncher(command=(sys.executable, str(STAND_IN), "forkserver"), check_seconds=1.5),
    "interpreter": lambda: InterpreterLauncher(command=(sys.executable, str(STAND_IN)), check_seconds=1.5),
    "interpreter-stdin-threads": lambda: InterpreterLauncher(
        command=(sys.executable, str(STAND_IN)), check_seconds=1.5, ticket_over_stdin=True, watch=ThreadWatch()
    ),
}


class World:
    """One launcher and everything it told."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self.launcher = launcher
        self.folder = folder
        self.told: list[ProcessEvent] = []
        self._incarnations = itertools.count(1)

    def ticket(self, do: str, *, bot: int | None = None, **order: Any) -> Ticket:
        incarnation = next(self._incarnations)
        bot_id = bot or incarnation
        state = self.folder / f"bot-{bot_id}"
        return Ticket(
            row=RowFacts(bot_id=bot_id),
            config={"do": do, "note": str(self.note_path(incarnation)), **order},
            bot_uid=f"uid-{bot_id}",
            install_tag="test",
            incarnation=incarnation,
            generation="g",
            link=LinkTicket(
                endpoint="ipc:///nowhere",
                token=f"hush-{incarnation}",
                heartbeat_interval=1,
                credit=1,
                orphan_grace=1,
                lease=1,
            ),
            places=Places(
                state_dir=state,
                pid_file=self.folder / f"{bot_id}.pid",
                log_file=state / "log",
                output_file=state / "output",
            ),
            process_title=f"botvisor: bot {bot_id} stand-in",
        )

    def note_path(self, incarnation: int) -> Path:
        return self.folder / f"note-{incarnation}.json"

    def note(self, incarnation: int) -> dict[str, Any]:
        self.until(lambda: self.note_path(incarnation).exists(), f"life {incarnation} tells about itself")
        return dict(json.loads(self.note_path(incarnation).read_text()))

    def start(self, do: str, **order: Any) -> Spawned:
        """Spawn, wait for the process and for its note."""
        ticket = self.ticket(do, **order)
        self.launcher.spawn(ticket)
        spawned: Spawned = self.first(Spawned, ticket.incarnation)
        self.note(ticket.incarnation)
        return spawned

    def first(self, kind: type[Any], incarnation: int) -> Any:
        """The first event of a kind about a life, waited for."""

        def found() -> Any:
            return next((e for e in self.told if isinstance(e, kind) and e.incarnation == incarnation), None)

        self.until(found, f"{kind.__name__} of life {incarnation}")
        return found()

    def exit_of(self, incarnation: int) -> Any:
        return self.first(Exited, incarnation).report

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Listen to the launcher until `condition` holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {PATIENCE:g} s: {what}; told last: {self.told[-5:]}")
            self.listen(0.01)

    def listen(self, timeout: float) -> None:
        wake = self.launcher.wake_at()
        if wake is not None:
            timeout = min(timeout, max(0.0, wake - time.monotonic()))
        select.select(self.launcher.filenos(), [], [], timeout)
        self.told += self.launcher.events()

    def kill_everything(self) -> None:
        alive = {e.incarnation: e.child.pid for e in self.told if isinstance(e, Spawned)}
        for event in self.told:
            if isinstance(event, Exited):
                alive.pop(event.incarnation)
        for pid in alive.values():
            with contextlib.suppress(ProcessLookupError):  # it ended by itself and that is not told yet
                os.killpg(pid, signal.SIGKILL)
        self.until(lambda: not self._unfinished(), "all lives end")

    def _unfinished(self) -> set[int]:
        born = {e.incarnation for e in self.told if isinstance(e, Spawned)}
        return born - {e.incarnation for e in self.told if isinstance(e, Exited)}
