"""Carries out one step of a plan on an installation that runs."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psutil
from postgres import Postgres
from waiting import wait_until
from world import World

from chaos.disk import files_limited, filled, spoil_tail
from chaos.noise import busy_neighbours, shout
from chaos.outage import taken_away
from chaos.plan import Step

_STOPS_WITHIN = 60.0


class Faults:
    """The hands of the adversary. It knows the installation from outside only."""

    def __init__(self, world: World, postgres: Postgres | None, ids: list[int], *, small_disk: bool) -> None:
        self._world = world
        self._postgres = postgres
        self._ids = ids
        self._small_disk = small_disk
        self._wall = world.settings["BOTVISOR_CLOCK_OFFSET"]

    def strike(self, step: Step) -> str:
        """Do a fault of a moment; answers what came of it."""
        done = getattr(self, "_" + step.kind.replace("-", "_"))(step)
        return str(done or "")

    def lasting(self, step: Step) -> AbstractContextManager[object]:
        """A fault that is taken back at the end of the context."""
        match step.kind:
            case "freeze-worker":
                return self._frozen(self._world.worker(self._ids[step.bot]))
            case "freeze-supervisor":
                return self._frozen(self._world.pid if self._up() else None)
            case "database-away":
                return taken_away(self._world.database, self._postgres)
            case "disk-full":
                return filled(self._world.folder) if self._small_disk else files_limited(self._world)
            case "starve-cpu":
                return busy_neighbours()
        raise ValueError(f"{step.kind} is no lasting fault")

    def _up(self) -> bool:
        return self._world.supervisor is not None and self._world.supervisor.poll() is None

    @contextmanager
    def _frozen(self, pid: int | None) -> Iterator[None]:
        process = None if pid is None else psutil.Process(pid)
        if process is not None:
            process.suspend()
        try:
            yield
        finally:
            with suppress(psutil.Error):
                if process is not None and process.is_running():
                    process.resume()

    def _send(self, pid: int | None, number: int) -> str:
        if pid is None:
            return "nobody there"
        try:
            psutil.Process(pid).send_signal(number)
        except psutil.NoSuchProcess:
            return "just gone"
        return f"pid {pid}"

    def _kill_worker(self, step: Step) -> str:
        return self._send(self._world.worker(self._ids[step.bot]), signal.SIGKILL)

    def _hangup_worker(self, step: Step) -> str:
        return self._send(self._world.worker(self._ids[step.bot]), signal.SIGHUP)

    def _kill_supervisor(self, step: Step) -> str:
        if not self._up():
            return "nobody there"
        self._world.kill_supervisor()
        return ""

    def _upgrade(self, step: Step) -> str:
        return self._leave(signal.SIGUSR2)

    def _stop_service(self, step: Step) -> str:
        return self._leave(signal.SIGTERM)

    def _leave(self, number: int) -> str:
        if not self._up():
            return "nobody there"
        code = self._world.stop(number, within=_STOPS_WITHIN)
        return f"exit code {code}"

    def _kill_fork_server(self, step: Step) -> str:
        if not self._up():
            return "nobody there"
        children = psutil.Process(self._world.pid).children()
        servers = [child.pid for child in children if "fork server" in self._world.title(child.pid)]
        return ", ".join(self._send(pid, signal.SIGKILL) for pid in servers) or "none yet"

    def _corrupt_journal(self, step: Step) -> str:
        """The supervisor dies first, so that nobody makes a new life while the file is damaged."""
        self._kill_supervisor(step)
        bot_id = self._ids[step.bot]
        pid = self._world.worker(bot_id)
        self._send(pid, signal.SIGKILL)
        wait_until(f"worker {pid} to be gone", lambda: self._world.worker(bot_id) is None)
        record = self._world.state / "lives" / f"{bot_id}.json"
        try:
            folder = Path(json.loads(record.read_text())["life"]["state_dir"])
        except (OSError, ValueError, KeyError):
            return "no life recorded"
        return spoil_tail(folder / "journal", random.Random(step.amount))

    def _garbage(self, step: Step) -> None:
        shout(self._world, random.Random(step.amount))

    def _step_clock(self, step: Step) -> str:
        """Up to an hour to either side of the truth, at once, for the supervisor and all workers."""
        seconds = (step.amount - 0.5) * 7200
        Path(self._wall).write_text(f"{seconds:.3f}")
        return f"the wall clock is {seconds:+.0f} s off"

    def _signal_burst(self, step: Step) -> str:
        if not self._up() or not self._world.catches(signal.SIGHUP):
            return "nobody there yet"
        for index in range(1000):
            done = self._send(self._world.pid, signal.SIGHUP if index % 2 else signal.SIGUSR1)
        return done
