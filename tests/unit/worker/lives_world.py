"""Real lives: forked by a real fork server, heard on a real socket, with a supervisor of a few lines."""

from __future__ import annotations

import itertools
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE

from common.process import become_subreaper
from common.wire.codec import decode_entry
from common.wire.facts import AnyFact
from common.wire.messages import Goodbye, Heartbeat, Hello, Kind, Message, Phase, Renew, Welcome
from common.wire.ticket import LinkTicket, Places, Recovery, RowFacts, Ticket
from supervisor.intake.poller import Poller
from supervisor.intake.router import Received, Router
from supervisor.processes.forkserver import ForkServerLauncher
from supervisor.processes.port import Exited, ExitReport, ProcessEvent, Spawned


class Lives:
    """A launcher, a router, and all that was heard."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.launcher = ForkServerLauncher(bury_strangers=False)
        self.router = Router()
        self.router.bind(f"ipc://{folder / 'run' / 'intake.sock'}")
        self.answers = True
        """Whether entries are acknowledged."""
        self.told: list[ProcessEvent] = []
        self.heard: dict[int, list[Message]] = {}
        self.facts: dict[int, list[AnyFact]] = {}
        self._incarnations = itertools.count(1)
        self._poller = Poller()
        self._poller.register(self.router)
        for descriptor in self.launcher.filenos():
            self._poller.register(descriptor)

    def ticket(self, config: dict[str, Any], *, bot_id: int | None = None, **changes: Any) -> Ticket:
        incarnation = next(self._incarnations)
        bot_id = bot_id or incarnation
        link = {
            "endpoint": self.router.endpoint,
            "token": f"secret of life {incarnation}",
            "heartbeat_interval": 0.2,
            "credit": 64,
            "orphan_grace": 30.0,
            "lease": 30.0,
        }
        state = self.folder / f"bot-{bot_id}"
        return Ticket(
            row=RowFacts(bot_id=bot_id),
            config=config,
            bot_uid=f"{bot_id}-x",
            install_tag="test",
            incarnation=incarnation,
            generation="g",
            link=LinkTicket(**(link | changes.pop("link", {}))),
            places=Places(
                state_dir=state,
                pid_file=self.folder / "run" / f"{bot_id}.pid",
                log_file=state / "log.jsonl",
                output_file=state / "output",
            ),
            process_title=f"botvisor: bot {bot_id} test",
            recovery=Recovery(),
            **changes,
        )

    def begin(self, config: dict[str, Any], **changes: Any) -> Ticket:
        """Spawn a life whose token is known to the router."""
        ticket = self.ticket(config, **changes)
        self.router.admit(ticket.link.token, ticket.row.bot_id, ticket.incarnation)
        self.launcher.spawn(ticket)
        return ticket

    def trading(self, config: dict[str, Any], **changes: Any) -> Ticket:
        """A life that has told that it trades."""
        ticket = self.begin(config, **changes)
        self.until(lambda: self._trades(ticket.incarnation), f"life {ticket.incarnation} trades")
        return ticket

    def pid(self, ticket: Ticket) -> int:
        spawned = next(e for e in self.told if isinstance(e, Spawned) and e.incarnation == ticket.incarnation)
        return spawned.child.pid

    def end(self, ticket: Ticket) -> ExitReport:
        """How the life ended, waited for."""

        def found() -> Exited | None:
            return next((e for e in self.told if isinstance(e, Exited) and e.incarnation == ticket.incarnation), None)

        exited: Exited = self.until(found, f"the end of life {ticket.incarnation}")
        self.listen(0)
        return exited.report

    def goodbye(self, ticket: Ticket) -> Goodbye | None:
        """Its last words, which may arrive a moment after the news of its death."""
        deadline = time.monotonic() + 0.5
        while True:
            said = [message for message in self.heard.get(ticket.incarnation, []) if isinstance(message, Goodbye)]
            assert len(said) <= 1
            if said or time.monotonic() > deadline:
                return said[0] if said else None
            self.listen(0.02)

    def log(self, ticket: Ticket) -> str:
        path = ticket.places.log_file
        return path.read_text() if path.exists() else ""

    def messages(self, ticket: Ticket) -> list[str]:
        """What the log says, line by line."""
        return [str(json.loads(line)["message"]) for line in self.log(ticket).splitlines()]

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            if time.monotonic() > deadline:
                pytest.fail(f"not within {PATIENCE:g} s: {what}; told last: {self.told[-4:]}")
            self.listen(0.02)
        return found

    def listen(self, timeout: float) -> None:
        wake = self.launcher.wake_at()
        self._poller.wait(timeout if wake is None else min(timeout, max(0.0, wake - time.monotonic())))
        for received in self.router.receive():
            self._take(received)
        self.told += self.launcher.events()

    def close(self) -> None:
        living = {e.incarnation: e.child.pid for e in self.told if isinstance(e, Spawned)}
        for event in self.told:
            if isinstance(event, Exited):
                living.pop(event.incarnation, None)
        for pid in living.values():
            os.killpg(pid, signal.SIGKILL)
        for incarnation in living:
            self.until(
                lambda: any(isinstance(e, Exited) and e.incarnation == incarnation for e in self.told),  # noqa: B023
                "the last lives end",
            )
        self.launcher.close()
        self.router.close()
        become_subreaper(False)

    def _trades(self, incarnation: int) -> bool:
        said = self.heard.get(incarnation, [])
        return any(isinstance(message, Heartbeat) and message.phase is Phase.TRADING for message in said)

    def _take(self, received: Received) -> None:
        incarnation = received.incarnation
        if received.kind == Kind.ENTRY:
            entry = decode_entry(received.payload)
            self.facts.setdefault(incarnation, []).extend(entry.facts)
            if self.answers:
                self.router.ack(incarnation, entry.journal_id, entry.seq)
            return
        message = received.message
        assert message is not None
        self.heard.setdefault(incarnation, []).append(message)
        if isinstance(message, Hello):
            self.router.send(incarnation, Welcome(lease=30.0))
        if isinstance(message, Heartbeat):
            self.router.send(incarnation, Renew(lease=30.0))
