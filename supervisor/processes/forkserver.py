"""Launcher that has its processes forked by a fork server, and outlives every fork server."""

from __future__ import annotations

import itertools
import selectors
import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from loguru import logger

from common.process import why_no_process
from common.wire.launch import NOT_STARTED, Answer, Born, Died, Ready, Refused
from common.wire.ticket import RowFacts, Ticket
from supervisor.processes.adopted import lay_to_rest
from supervisor.processes.jobs import CHECK_SECONDS, CheckJob, Job, LifeJob
from supervisor.processes.muteness import Muteness
from supervisor.processes.orphans import Orphanage
from supervisor.processes.port import Checked, ExitReport, ProcessEvent, ProcessIdentity, SpawnFailed
from supervisor.processes.server import ANSWER_SECONDS, COMMAND, ServerProcess, newborn
from supervisor.processes.watch import a_watch

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 10.0
_STABLE_SECONDS = 30.0


class ForkServerLauncher:
    """`port.Launcher` over a fork server. POSIX only.

    A fork server that dies is replaced (at once, then with growing delays); its children keep their lives, become
    children of this process and are reaped here. Requests wait while a server starts.
    """

    def __init__(
        self,
        *,
        preload: Sequence[str] = (),
        command: Sequence[str] = COMMAND,
        check_seconds: float = CHECK_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        bury_strangers: bool = True,
    ) -> None:
        """Start the first fork server, which is not waited for.

        `preload` names further modules to import in it. One that owes an answer for `answer_seconds` is replaced.
        `bury_strangers` reaps every unknown ended child of this process: right for a supervisor, which has no others.
        """
        self._command = tuple(command)
        self._preload = tuple(preload)
        self._check_seconds = check_seconds
        self._answer_seconds = answer_seconds
        self._muteness = Muteness(answer_seconds)
        self._orphans = Orphanage(bury_strangers)
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._waiting: deque[int] = deque()
        self._early: list[ProcessEvent] = []
        self._selector = selectors.DefaultSelector()
        self._watch = a_watch()
        self._selector.register(self._watch.fileno(), selectors.EVENT_READ, None)
        self._servers: dict[ProcessIdentity, ServerProcess] = {}
        self._current: ServerProcess | None = None
        self._next: ServerProcess | None = None
        self._inherited: dict[ProcessIdentity, int] = {}
        self._failures = 0
        self._start_at: float | None = time.monotonic()
        self._start_if_due()

    def spawn(self, ticket: Ticket) -> None:
        """As in `port.Launcher`."""
        try:
            self._ask(LifeJob.of(ticket))
        except OSError as error:
            self._early.append(SpawnFailed(ticket.incarnation, f"the ticket cannot be laid down: {error}"))

    def check(self, request_id: str, row: RowFacts, config: Any, plugin_dirs: Sequence[Path] = ()) -> None:
        """As in `port.Launcher`."""
        try:
            self._ask(CheckJob.of(request_id, row, config, plugin_dirs, self._check_seconds))
        except (OSError, ValueError) as error:
            self._early.append(Checked(request_id, None, f"the config cannot be handed over: {error}"))

    def events(self) -> list[ProcessEvent]:
        """As in `port.Launcher`."""
        told, self._early = self._early, []
        for key, _ in self._selector.select(0):
            if key.data is not None:
                told += self._listen(key.data)
        for identity in self._watch.ended():
            server = self._servers.get(identity)
            told += self._server_ended(server) if server is not None else self._inherited_ended(identity)
        told += self._start_if_due()
        self._let_go_of_mute()
        self._send_waiting()
        self._retire_idle()
        self._bury_orphans()
        return told

    def filenos(self) -> list[int]:
        """As in `port.Launcher`."""
        return [self._selector.fileno()]

    def wake_at(self) -> float | None:
        """As in `port.Launcher`: when a new fork server is due, or when an event waits already."""
        if self._early:
            return time.monotonic()
        moments = (self._start_at, self._orphans.wake_at(), *(server.word_due for server in self._servers.values()))
        return min((due for due in moments if due is not None), default=None)

    def refresh(self) -> None:
        """Start a fresh fork server, with today's code, and use it from the moment it is ready.

        The old one serves until then, and leaves when its last child has ended.
        """
        if self._next is None and self._current is not None:
            try:
                self._next = self._start()
            except OSError as error:
                logger.error("A fresh fork server cannot be started: {}; the old one serves on", why_no_process(error))

    def close(self) -> None:
        """As in `port.Launcher`."""
        for server in self._servers.values():
            server.close()
        for job in self._jobs.values():
            job.drop()
        self._servers.clear()
        self._jobs.clear()
        self._watch.close()
        self._selector.close()

    @property
    def server_pid(self) -> int | None:
        """Pid of the fork server that takes requests; None while there is none."""
        return self._current.identity.pid if self._current is not None else None

    def _ask(self, job: Job) -> None:
        number = next(self._numbers)
        self._jobs[number] = job
        self._waiting.append(number)
        self._send_waiting()

    def _send_waiting(self) -> None:
        # A full socket needs no watching for room: the server answers each request, and each answer wakes us.
        while self._waiting and self._current is not None and not self._current.lost:
            number = self._waiting[0]
            job = self._jobs[number]
            if not self._current.request(job.kind, number, job.files):
                return
            self._waiting.popleft()

    def _listen(self, server: ServerProcess) -> list[ProcessEvent]:
        told: list[ProcessEvent] = []
        for answer in server.answers():
            told += self._heard(server, answer)
        if server.lost and server.identity in self._servers:
            # End of file comes a moment before the process is gone; a server that only closed its socket must go too.
            self._selector.unregister(server.fileno())
            server.kill()
        return told

    def _heard(self, server: ServerProcess, answer: Answer) -> list[ProcessEvent]:
        if isinstance(answer, Ready):
            self._welcome(server, answer)
            return []
        job = self._jobs.get(answer.number)
        if job is None:
            return []
        if isinstance(answer, Born):
            return job.born(newborn(answer))
        del self._jobs[answer.number]
        if isinstance(answer, Refused):
            return job.failed(answer.reason)
        return job.ended(_report(answer))

    def _welcome(self, server: ServerProcess, ready: Ready) -> None:
        logger.info("Fork server {} is ready after {:.2f} s", ready.pid, ready.seconds)
        for module, reason in ready.broken.items():
            logger.warning("The fork server cannot import {}: {}", module, reason)
        if server is self._next:
            self._current, self._next = server, None

    def _server_ended(self, server: ServerProcess) -> list[ProcessEvent]:
        told = self._listen(server) if not server.lost else []
        if not server.lost:
            self._selector.unregister(server.fileno())
        del self._servers[server.identity]
        code = server.bury()
        server.close()
        for number, identity in server.children.items():
            self._inherited[identity] = number
            self._watch.add(identity)
        if server is self._next:
            self._next = None
            logger.error("The fresh fork server ended with {} before it was ready; the old one serves on", code)
        elif server is self._current:
            told += self._current_ended(server, code)
        return told

    def _current_ended(self, server: ServerProcess, code: int) -> list[ProcessEvent]:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        logger.error("The fork server {} ended with {}; {} lives go on", server.identity.pid, how, len(server.children))
        self._current = None
        self._failures = 0 if server.age() > _STABLE_SECONDS else self._failures
        self._start_later()
        killed_once = code < 0 and self._failures <= 1  # by somebody else: what it would have made, the next one makes
        if not server.ready and not killed_once:
            reason = f"the fork server ended with {how} while starting; its output tells why"
            return self._give_up(reason, server.unanswered)
        return self._ask_again(f"fork servers end with {how} before they answer", server)

    def _give_up(self, reason: str, unanswered: Iterable[int] = ()) -> list[ProcessEvent]:
        told: list[ProcessEvent] = []
        for number in (*sorted(unanswered), *self._waiting):
            told += self._jobs.pop(number).failed(reason)
        self._waiting.clear()
        return told

    def _ask_again(self, reason: str, server: ServerProcess) -> list[ProcessEvent]:
        """An unanswered request has made nothing: no child passes its gate unannounced. It may be sent once more."""
        told: list[ProcessEvent] = []
        for number in sorted(server.unanswered, reverse=True):
            job = self._jobs[number]
            if job.lost_before:
                told += self._jobs.pop(number).failed(reason)
            else:
                job.lost_before = True
                self._waiting.appendleft(number)
        return told

    def _inherited_ended(self, identity: ProcessIdentity) -> list[ProcessEvent]:
        number = self._inherited.pop(identity)
        self._orphans.hurry()
        job, report = self._jobs[number], lay_to_rest(identity)
        if isinstance(job, CheckJob) and report.exit_code == NOT_STARTED and not job.lost_before:
            # Announced, and its server died before it opened the gate: nothing was examined.
            job.lost_before = True
            self._waiting.append(number)
            self._send_waiting()
            return []
        del self._jobs[number]
        return job.ended(report)

    def _start_if_due(self) -> list[ProcessEvent]:
        """Whoever waits for a server that cannot be started is told so, and may ask again."""
        if self._start_at is None or time.monotonic() < self._start_at:
            return []
        self._start_at = None
        try:
            self._current = self._start()
        except OSError as error:
            self._start_later()
            reason = f"the fork server cannot be started: {why_no_process(error)}"
            logger.error("{}", reason.capitalize())
            return self._give_up(reason)
        return []

    def _start_later(self) -> None:
        delay = 0.0 if self._failures == 0 else min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (self._failures - 1))
        self._failures = min(self._failures + 1, 32)
        self._start_at = time.monotonic() + delay

    def _start(self) -> ServerProcess:
        """Raises OSError when the system refuses."""
        server = ServerProcess(self._command, self._preload, self._answer_seconds)
        self._servers[server.identity] = server
        self._selector.register(server.fileno(), selectors.EVENT_READ, server)
        self._watch.add(server.identity)
        return server

    def _let_go_of_mute(self) -> None:
        """One that was stopped or hangs is killed: its end is told and it is replaced, its children live on."""
        for server in self._muteness.found(self._servers.values()):
            logger.error("The fork server {} does not answer; it is killed and replaced", server.identity.pid)
            server.kill()

    def _retire_idle(self) -> None:
        for server in self._servers.values():
            in_use = server is self._current or server is self._next
            if not in_use and not server.lost and not server.children and not server.unanswered:
                server.leave()

    def _bury_orphans(self) -> None:
        spared = {identity.pid for identity in (*self._servers, *self._inherited)}
        living = {child.pid for server in self._servers.values() for child in server.children.values()}
        self._orphans.look(spared, living)


def _report(died: Died) -> ExitReport:
    return ExitReport(exit_code=died.exit_code, signal=died.signal, core_dumped=died.core_dumped)
