"""A worker's link and a supervisor's router with a small ledger behind it, over real sockets."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from waiting import PATIENCE, wait_until

from common.clock import SystemClock
from common.wire.codec import decode_entry
from common.wire.facts import AccountChanged, Checkpoint
from common.wire.messages import Drain, Goodbye, Heartbeat, Hello, Kind, Message, Phase, Renew, Welcome
from common.wire.ticket import LinkTicket
from supervisor.intake.poller import Poller
from supervisor.intake.router import Received, Router
from supervisor.intake.suspicion import Suspicious
from worker.link.dealer import Link
from worker.link.journal import Journal
from worker.progress import Progress

TOKEN = "the secret of life 1"


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait for a condition, at most `patience` seconds."""
    return wait_until(what, condition, patience, pause=0.005)


class SlidingClock(SystemClock):
    """The system's clocks, with a boot time that can be moved as a sleeping host moves it."""

    def __init__(self) -> None:
        self.slept = 0.0

    def boottime(self) -> float:
        return super().boottime() + self.slept


@dataclass(kw_only=True)
class Manners:
    """How the supervisor treats what it gets; may be changed while it runs."""

    commits: bool = True
    """False while the database is away."""
    renews: bool = True
    ack_chance: float = 1.0
    """Chance that an acknowledgement is really sent."""
    batch: int = 50
    """Entries per commit."""
    lease: float = 30.0


@dataclass
class Ledger:
    """What was committed, over all supervisors; a known key changes nothing."""

    order: list[tuple[str, int]] = field(default_factory=list)
    known: set[tuple[str, int]] = field(default_factory=set)
    duplicates: int = 0
    values: list[int] = field(default_factory=list)

    def holds_more_than(self, count: int) -> bool:
        return len(self.order) > count

    def commit(self, received: Received) -> tuple[str, int]:
        entry = decode_entry(received.payload)
        key = (entry.journal_id, entry.seq)
        if key in self.known:
            self.duplicates += 1
        else:
            self.known.add(key)
            self.order.append(key)
            fact = entry.facts[0]
            assert isinstance(fact, AccountChanged)
            self.values.append(int(fact.balance))
        return key


class Supervisor:
    """A control loop of its own: router, poller, ledger."""

    def __init__(
        self, make: Callable[[], Router], ledger: Ledger, manners: Manners | None = None, seed: int = 1
    ) -> None:
        self.ledger = ledger
        self.manners = manners or Manners()
        self.lives: dict[str, tuple[int, int]] = {TOKEN: (7, 1)}
        self.heard: list[Message] = []
        self.suspicious: list[Suspicious] = []
        self.most_unacknowledged = 0
        self.failure: BaseException | None = None
        self._make = make
        self._chance = random.Random(seed)
        self._inbox: list[Received] = []
        self._pending: set[tuple[int, bytes]] = set()
        self._wants: list[Callable[[Router], Any]] = []
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._bell, self._ringer = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Supervisor:
        self._thread.start()
        assert self._ready.wait(PATIENCE), self.failure
        return self

    def do(self, what: Callable[[Router], Any]) -> None:
        """Have something done on the thread that owns the router."""
        self._wants.append(what)
        os.write(self._ringer, b"!")

    def stop(self) -> None:
        """End, leaving whatever was not committed or acknowledged."""
        self._stop.set()
        os.write(self._ringer, b"!")
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        os.close(self._bell)
        os.close(self._ringer)
        if self.failure is not None:
            raise self.failure

    def of(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]

    def _run(self) -> None:
        try:
            router = self._make()
            router._on_suspicious = self.suspicious.append
            try:
                self._serve(router)
            finally:
                router.close()
        except BaseException as error:  # noqa: BLE001 - told to the test that stops us
            self.failure = error

    def _serve(self, router: Router) -> None:
        for token, (bot_id, incarnation) in self.lives.items():
            router.admit(token, bot_id, incarnation)
        self.endpoint, self.server_key = router.endpoint, router.server_key
        poller = Poller()
        poller.register(router)
        poller.register(self._bell)
        self._ready.set()
        while not self._stop.is_set():
            if self._bell in poller.wait(0.05):
                os.read(self._bell, 100)
            while self._wants:
                self._wants.pop(0)(router)
            for received in router.receive():
                self._take(router, received)
            while self._inbox and self.manners.commits:
                self._commit(router)

    def _take(self, router: Router, received: Received) -> None:
        if received.kind == Kind.ENTRY:
            self._inbox.append(received)
            self._pending.add((received.incarnation, received.payload))
            self.most_unacknowledged = max(self.most_unacknowledged, len(self._pending))
            return
        assert received.message is not None
        self.heard.append(received.message)
        if isinstance(received.message, Hello):
            router.send(received.incarnation, Welcome(lease=self.manners.lease))
        if isinstance(received.message, Heartbeat) and self.manners.renews:
            router.send(received.incarnation, Renew(lease=self.manners.lease))

    def _commit(self, router: Router) -> None:
        batch, self._inbox = self._inbox[: self.manners.batch], self._inbox[self.manners.batch :]
        marks: dict[tuple[int, str], int] = {}
        for received in batch:
            journal_id, seq = self.ledger.commit(received)
            marks[received.incarnation, journal_id] = seq
            self._pending.discard((received.incarnation, received.payload))
        for (incarnation, journal_id), seq in marks.items():
            if self._chance.random() < self.manners.ack_chance:
                router.ack(incarnation, journal_id, seq)


class Worker:
    """A journal, a link, and what the link was told."""

    def __init__(
        self,
        folder: Path,
        endpoint: str,
        server_key: str | None = None,
        *,
        token: str = TOKEN,
        credit: int = 64,
        interval: float = 0.1,
        grace: float = 300.0,
        clock: SystemClock | None = None,
        incarnation: int = 1,
    ) -> None:
        clock = clock or SystemClock()
        self.progress = Progress(last_round=clock.monotonic())
        self.journal = Journal.open(folder, incarnation, clock)
        self.drains: list[Drain] = []
        self.pauses: list[bool] = []
        self.probes: list[int] = []
        self.throttles: list[float] = []
        self.orphaned = 0
        self.link = Link(
            LinkTicket(
                endpoint=endpoint,
                server_key=server_key,
                token=token,
                heartbeat_interval=interval,
                credit=credit,
                orphan_grace=grace,
                lease=30.0,
            ),
            folder,
            self.progress,
            Hello(token=token, incarnation=incarnation, pid=os.getpid(), generation="g"),
            on_drain=self.drains.append,
            on_pause=self.pauses.append,
            on_orphaned=self._on_orphaned,
            clock=clock,
            on_probe=self._on_probe,
            on_throttle=self.throttles.append,
        )
        self.progress.on_phase = self.link.wake
        self.written = 0

    def start(self) -> Worker:
        self.link.start()
        return self

    def _on_probe(self, number: int) -> None:
        self.probes.append(number)
        self.progress.probe = number

    def _on_orphaned(self) -> None:
        self.orphaned += 1

    def enters(self, phase: Phase) -> None:
        self.progress.phase = phase
        self.link.wake()

    def write(self, count: int) -> None:
        """Append entries whose facts count on from 1, as a trading thread does."""
        for _ in range(count):
            self.written += 1
            at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=self.written)
            self.journal.append(
                [AccountChanged(balance=Decimal(self.written), total_pnl=Decimal(0))],
                Checkpoint(revision=self.written, bar_at=at, state={"bars": self.written}),
            )
            self.link.wake()

    def finish(self, deadline: float = PATIENCE) -> None:
        self.link.finish(Goodbye(cause="drained"), deadline)
        self.journal.close()
        assert self.link.failure is None
