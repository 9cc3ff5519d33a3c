"""Launcher that executes each process as a fresh interpreter: slower, but needs nothing from the system."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.process import why_no_process
from common.wire.ticket import RowFacts, Ticket
from supervisor.processes.adopted import lay_to_rest
from supervisor.processes.child import create_time
from supervisor.processes.environment import worker_environment
from supervisor.processes.jobs import CHECK_SECONDS, CheckJob, Job, LifeJob
from supervisor.processes.orphans import Orphanage
from supervisor.processes.port import Checked, ExitReport, ProcessEvent, ProcessIdentity, SpawnFailed
from supervisor.processes.watch import Watch, a_watch

COMMAND = (sys.executable, "-m", "worker")


@dataclass(frozen=True, slots=True)
class _Running:
    job: Job
    process: subprocess.Popen[bytes]


class InterpreterLauncher:
    """`port.Launcher` over `python -m worker`. Works on every system.

    A start takes about a millisecond of the caller's time; the interpreter's own start-up is not waited for.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] = COMMAND,
        check_seconds: float = CHECK_SECONDS,
        bury_strangers: bool = True,
        ticket_over_stdin: bool = os.name == "nt",
        watch: Watch | None = None,
    ) -> None:
        """`ticket_over_stdin` is for systems that pass no other descriptors. `bury_strangers` as in ForkServerLauncher.

        `watch` tells of ended processes; the default is the best one of the system.
        """
        self._command = tuple(command)
        self._check_seconds = check_seconds
        self._orphans = Orphanage(bury_strangers)
        self._ticket_over_stdin = ticket_over_stdin
        self._watch = watch or a_watch()
        self._running: dict[ProcessIdentity, _Running] = {}
        self._early: list[ProcessEvent] = []

    def spawn(self, ticket: Ticket) -> None:
        """As in `port.Launcher`."""
        try:
            job = LifeJob.of(ticket)
        except OSError as error:
            self._early.append(SpawnFailed(ticket.incarnation, f"the ticket cannot be laid down: {error}"))
            return
        (source,) = job.files
        if self._ticket_over_stdin:
            self._execute(job, ("--ticket-fd", "0"), stdin=source)
        else:
            self._execute(job, ("--ticket-fd", str(source)), pass_fds=(source,))

    def check(self, request_id: str, row: RowFacts, config: Any, plugin_dirs: Sequence[Path] = ()) -> None:
        """As in `port.Launcher`."""
        try:
            job = CheckJob.of(request_id, row, config, plugin_dirs, self._check_seconds)
        except (OSError, ValueError) as error:
            self._early.append(Checked(request_id, None, f"the config cannot be handed over: {error}"))
            return
        question, answer = job.files
        self._execute(job, ("check",), stdin=question, stdout=answer)

    def events(self) -> list[ProcessEvent]:
        """As in `port.Launcher`."""
        told, self._early = self._early, []
        for identity in self._watch.ended():
            running = self._running.pop(identity)
            told += running.job.ended(_end_of(identity, running.process))
            self._orphans.hurry()
        self._orphans.look({identity.pid for identity in self._running}, ())
        return told

    def filenos(self) -> list[int]:
        """As in `port.Launcher`."""
        return [self._watch.fileno()]

    def wake_at(self) -> float | None:
        """As in `port.Launcher`."""
        return time.monotonic() if self._early else self._orphans.wake_at()

    def close(self) -> None:
        """As in `port.Launcher`."""
        for running in self._running.values():
            running.job.drop()
            running.process.returncode = 0  # the process lives on; an unfinished Popen would complain when collected
        self._running.clear()
        self._watch.close()

    def _execute(self, job: Job, arguments: Sequence[str], **streams: Any) -> None:
        options = {"stdin": subprocess.DEVNULL, **streams}
        try:
            process = subprocess.Popen(
                [*self._command, *arguments], start_new_session=True, env=worker_environment(), **options
            )
        except OSError as error:
            self._early += job.failed(f"the interpreter cannot be started: {why_no_process(error)}")
            return
        created = create_time(process.pid)
        identity = ProcessIdentity(process.pid, created if created is not None else 0.0)
        self._running[identity] = _Running(job, process)
        self._early += job.born(identity)
        self._watch.add(identity)


def _end_of(identity: ProcessIdentity, process: subprocess.Popen[bytes]) -> ExitReport:
    """The end of an ended child, whose process group is killed before its number becomes free."""
    if hasattr(os, "waitid"):
        report = lay_to_rest(identity)
        process.returncode = report.exit_code if report.signal is None else -report.signal
        return report
    code = process.wait()
    return ExitReport(exit_code=code) if code >= 0 else ExitReport(signal=-code)
