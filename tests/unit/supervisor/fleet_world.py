"""A control loop over a database, a launcher and a socket that live in memory; everything between them is real."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from builders import a_bot

from common.process import facts_of
from common.wire.messages import Goodbye, Heartbeat, Hello, Kind, Message, Phase
from common.wire.ticket import Recovery, RowFacts, Ticket
from supervisor.control.place import control_path, listen_unix
from supervisor.fleet.exchange_access import ExchangeAccess
from supervisor.fleet.roster import Bot, Life
from supervisor.fleet.ticketing import TicketOffice
from supervisor.host.exchange_environment import ExchangeEnvironment
from supervisor.host.state_folder import StateFolder
from supervisor.intake.router import Received
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.lives import LifeRecords
from supervisor.processes.port import Checked, Exited, ExitReport, ProcessEvent, ProcessIdentity, Spawned, SpawnFailed
from supervisor.processes.usage import HostUsage
from supervisor.service_manager.report import ServiceReport
from supervisor.service_manager.systemd import NotifySocket
from supervisor.settings import Settings, load_settings
from supervisor.signals import SignalInbox
from supervisor.store.bots import BotRow
from supervisor.store.commands import Command, RefreshBots, ReserveIncarnations, WriteStatus, WriteWish
from supervisor.store.events import (
    BotsRead,
    DatabaseReady,
    Event,
    IncarnationsReserved,
    RecorderStopped,
    StatusWritten,
    WishWritten,
)
from supervisor.store.supervision import Supervision
from supervisor.wiring import Ground, Wiring

UUID = "00000000-0000-4000-8000-000000000001"


class OwnClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def boottime(self) -> float:
        return self.seconds


class Database:
    """Stands where the recorder stands: collects commands, holds rows, answers when told to."""

    def __init__(self, clock: OwnClock) -> None:
        self._clock = clock
        self._bell, self._ringer = os.pipe()
        self.rows: dict[int, BotRow] = {}
        self.commands: list[Command] = []
        self.entries: list[tuple[int, int, bytes]] = []
        self.stop_asked: float | None = None
        self._waiting: list[Command] = []
        self._events: list[Event] = []
        self._block = 1
        self._stopped = False

    def fileno(self) -> int:
        return self._bell

    def start(self) -> None:
        self.tell(
            DatabaseReady(
                database_uuid=UUID, dialect="sqlite", incarnation_block=self._reserve(200), crashed_claim=False
            )
        )

    def submit(self, command: Command) -> None:
        self.commands.append(command)
        self._waiting.append(command)

    def submit_entry(self, bot_id: int, incarnation: int, payload: bytes) -> None:
        self.entries.append((bot_id, incarnation, payload))

    def events(self) -> list[Event]:
        told, self._events = self._events, []
        if told:
            os.read(self._bell, 4096)
        return told

    def backlog(self) -> int:
        return len(self._waiting)

    def request_stop(self, deadline_seconds: float) -> None:
        self.stop_asked = deadline_seconds

    def tell(self, *events: Event) -> None:
        self._events += events
        os.write(self._ringer, b"!")

    def of(self, kind: type[Any]) -> list[Any]:
        return [command for command in self.commands if isinstance(command, kind)]

    def commit(self) -> None:
        """Write what waits, in order, and answer."""
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            if isinstance(command, WriteStatus):
                self.tell(self._write(command))
            elif isinstance(command, WriteWish):
                self._write_wish(command)
            elif isinstance(command, ReserveIncarnations):
                self.tell(IncarnationsReserved(self._reserve(command.count)))
            elif isinstance(command, RefreshBots) and command.whole:
                self.tell(BotsRead(rows=tuple(self.rows.values()), first=True))
        if self.stop_asked is not None and not self._stopped:
            self._stopped = True
            self.tell(RecorderStopped(flushed=True, left=0))

    def operator(self, bot_id: int, **changes: Any) -> None:
        """Somebody else changes a row; we are told."""
        self.rows[bot_id] = replace(self.rows[bot_id], **changes)
        self.tell(BotsRead(rows=(self.rows[bot_id],), first=False))

    def delete(self, bot_id: int) -> None:
        del self.rows[bot_id]
        self.tell(BotsRead(rows=(), removed=(bot_id,), first=False))

    def close(self) -> None:
        os.close(self._bell)
        os.close(self._ringer)

    def _reserve(self, count: int) -> range:
        block = range(self._block, self._block + count)
        self._block += count
        return block

    def _write_wish(self, command: WriteWish) -> None:
        row = self.rows.get(command.bot_id)
        found = row.status if row else None
        done = row is not None and command.expected == found
        self.tell(WishWritten(bot_id=command.bot_id, status=command.status, done=done, found=found))
        if done:
            self.operator(command.bot_id, status=command.status)

    def _write(self, command: WriteStatus) -> StatusWritten:
        row = self.rows.get(command.bot_id)
        found = row.status if row else None
        done = row is not None and command.expected in (None, found)
        if row is not None and done:
            kept = {key: value for key, value in row.extra_metadata.items() if key not in command.metadata_remove}
            kept |= command.metadata_set
            if command.error is not None:
                kept["last_error"] = command.error
            self.rows[row.id] = replace(row, status=command.status or row.status, extra_metadata=kept)
        return StatusWritten(bot_id=command.bot_id, status=command.status, done=done, found=found)


@dataclass
class Maternity:
    """Stands where a launcher stands: notes what is asked of it, tells what the test has happen."""

    tickets: list[Ticket] = field(default_factory=list)
    checks: list[tuple[str, RowFacts, Any, tuple[Path, ...]]] = field(default_factory=list)
    happened: list[ProcessEvent] = field(default_factory=list)
    findings: Callable[[Any], Sequence[dict[str, str]]] = lambda config: ()
    """What a check finds in a config."""
    answers_checks: bool = True

    def spawn(self, ticket: Ticket) -> None:
        self.tickets.append(ticket)

    def check(self, request_id: str, row: RowFacts, config: Any, plugin_dirs: Sequence[Path] = ()) -> None:
        self.checks.append((request_id, row, config, tuple(plugin_dirs)))
        if self.answers_checks:
            self.happened.append(Checked(request_id, tuple(self.findings(config)), None))

    def answer_checks(self) -> None:
        """Answer everything asked so far, also what was answered before."""
        self.happened += [Checked(asked[0], tuple(self.findings(asked[2])), None) for asked in self.checks]

    def events(self) -> list[ProcessEvent]:
        told, self.happened = self.happened, []
        return told

    def filenos(self) -> list[int]:
        return []

    def wake_at(self) -> float | None:
        return 0.0 if self.happened else None

    def close(self) -> None:
        return None


@dataclass
class Meter:
    """Stands where the host is looked at: a calm one, until the test says otherwise."""

    usage: HostUsage = field(
        default_factory=lambda: HostUsage(
            cpu_percent=10.0, memory_percent=10.0, disk_percent=10.0, bytes_sent=0, bytes_received=0
        )
    )

    def read(self) -> HostUsage:
        return self.usage


@dataclass(eq=False)
class Wire:
    """Stands where the router stands."""

    admitted: dict[str, tuple[int, int]] = field(default_factory=dict)
    sent: list[tuple[int, Message]] = field(default_factory=list)
    acks: list[tuple[int, str, int]] = field(default_factory=list)
    inbox: list[Received] = field(default_factory=list)
    more_waiting: bool = False

    def admit(self, token: str, bot_id: int, incarnation: int) -> None:
        self.admitted[token] = (bot_id, incarnation)

    def sources(self) -> tuple[int, ...]:
        return ()

    def dismiss(self, incarnation: int) -> None:
        self.admitted = {token: life for token, life in self.admitted.items() if life[1] != incarnation}

    def receive(self) -> list[Received]:
        got, self.inbox = self.inbox, []
        return got

    def send(self, incarnation: int, message: Message) -> bool:
        self.sent.append((incarnation, message))
        return True

    def ack(self, incarnation: int, journal_id: str, seq: int) -> bool:
        self.acks.append((incarnation, journal_id, seq))
        return True

    def told(self, kind: type[Message]) -> list[Any]:
        return [message for _, message in self.sent if isinstance(message, kind)]


class Fleet:
    """The world of one test."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        manager: tuple[NotifySocket | None, float | None] = (None, None),
        **settings: Any,
    ) -> None:
        self.manager = manager
        self.clock = OwnClock()
        self.settings: Settings = load_settings(state_dir=folder, database_url="sqlite:///unused.db", **settings)
        self.settings.runtime_dir.mkdir(parents=True, exist_ok=True)
        self.settings.logs_dir.mkdir(parents=True, exist_ok=True)
        self.folder = stack.enter_context(StateFolder(folder, self.settings.runtime_dir, self.settings.logs_dir))
        self.database = Database(self.clock)
        stack.callback(self.database.close)
        self.launcher = Maternity()
        self.meter = Meter()
        self.wire = Wire()
        self.records = LifeRecords(folder / "lives")
        self.adopted = AdoptedLives()
        stack.callback(self.adopted.close)
        self._wire_up(stack)
        self._pids = iter(range(500_000, 600_000))

    def _wire_up(self, stack: ExitStack) -> None:
        self.signals = SignalInbox()
        stack.callback(self.signals.close)
        self.report = ServiceReport(*self.manager)
        stack.callback(self.report.close)
        self.office = TicketOffice(self.settings, self.folder, "", "ipc:///nowhere", None)
        wiring = Wiring(
            Ground(
                settings=self.settings,
                clock=self.clock,
                folder=self.folder,
                signals=self.signals,
                recorder=self.database,  # type: ignore[arg-type]
                router=self.wire,  # type: ignore[arg-type]
                launcher=self.launcher,
                adopted=self.adopted,
                records=self.records,
                office=self.office,
                access=ExchangeAccess(ExchangeEnvironment(), self.folder.rate_folder()),
                host_meter=self.meter,  # type: ignore[arg-type]
                control_place=listen_unix(control_path(self.settings.runtime_dir)),
                report=self.report,
            )
        )
        stack.callback(wiring.control.close)
        self.roster, self.news, self.observation = wiring.roster, wiring.news, wiring.observation
        self.requests, self.supervisor = wiring.requests, wiring.supervisor

    # -- the database --------------------------------------------------------------------------------------------

    def add(self, bot_id: int = 7, **changes: Any) -> None:
        """A row, before the start or told at once after it."""
        values: dict[str, Any] = {
            "id": bot_id,
            "user_id": 1,
            "status": "enabled",
            "config": a_bot(),
            "description": None,
            "extra_metadata": {},
            "created_at": datetime(2024, 1, 1, tzinfo=UTC),
            "started_at": None,
            "error_count": 0,
            "current_balance": None,
            "total_pnl": None,
            "supervision": Supervision(bot_id=bot_id),
            "recovery": Recovery(),
        }
        self.database.rows[bot_id] = BotRow(**(values | changes))

    def start(self) -> Fleet:
        """The database is reached and its rows are read."""
        self.database.start()
        self.database.tell(BotsRead(rows=tuple(self.database.rows.values()), first=True))
        return self.settle()

    def row(self, bot_id: int = 7) -> BotRow:
        return self.database.rows[bot_id]

    def set(self, bot_id: int = 7, **changes: Any) -> Fleet:
        """An operator changes a row, and the loop does what follows."""
        self.database.operator(bot_id, **changes)
        return self.settle()

    # -- the loop ------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """One turn of the control loop."""
        self.supervisor.turn()

    def settle(self) -> Fleet:
        """Turns and commits until nothing is left to do; says so when that never comes."""
        for _ in range(25):
            before = len(self.database.commands), len(self.launcher.tickets), len(self.wire.sent)
            self.turn()
            self.database.commit()
            busy = self.database._events or self.launcher.happened or self.wire.inbox
            if not busy and before == (len(self.database.commands), len(self.launcher.tickets), len(self.wire.sent)):
                return self
        raise AssertionError(f"the loop does not come to rest; it wrote last: {self.database.commands[-3:]}")

    def silence(self, seconds: float) -> Fleet:
        """Time passes while the loop turns and nobody says a word."""
        until = self.clock.seconds + seconds
        while self.clock.seconds < until:
            self.clock.seconds = min(until, self.clock.seconds + 1)
            self.turn()
        return self.settle()

    def wait(self, seconds: float) -> Fleet:
        """Time passes, in steps, while the living keep sending heartbeats."""
        until = self.clock.seconds + seconds
        while self.clock.seconds < until:
            self.clock.seconds = min(until, self.clock.seconds + self.settings.heartbeat_interval)
            for life in self.roster.lives():
                if life.identity is not None and life.worker.running_since is not None:
                    self.beat(life)
            self.settle()
        return self

    # -- lives ---------------------------------------------------------------------------------------------------

    def bot(self, bot_id: int = 7) -> Bot:
        bot = self.roster.bot(bot_id)
        assert bot is not None, f"bot {bot_id} is not known"
        return bot

    def life(self, bot_id: int = 7) -> Life:
        life = self.bot(bot_id).life
        assert life is not None, f"bot {bot_id} has no life"
        return life

    def born(self, bot_id: int = 7) -> Fleet:
        """The asked for life gets a process (one that does not exist) and trades."""
        life = self.life(bot_id)
        self.launcher.happened.append(Spawned(life.incarnation, ProcessIdentity(next(self._pids), 1.0)))
        self.settle()
        self.hear(life, Hello(token=life.token, incarnation=life.incarnation, pid=1, generation=life.worker.generation))
        self.beat(life)
        return self.settle()

    def born_unwritten(self, bot_id: int = 7) -> None:
        """As `born`, but the database has not yet carried out what follows of it."""
        life = self.life(bot_id)
        self.launcher.happened.append(Spawned(life.incarnation, ProcessIdentity(next(self._pids), 1.0)))
        self.turn()
        self.hear(life, Hello(token=life.token, incarnation=life.incarnation, pid=1, generation=life.worker.generation))
        self.beat(life)
        self.turn()

    def beat(self, life: Life, phase: Phase = Phase.TRADING, **more: Any) -> None:
        values = {"phase": phase, "bars": 3, "last_bar_at": None, "loop_age": 0.0, "unacknowledged": 0}
        self.hear(life, Heartbeat(**(values | more)))

    def hear(self, life: Life, message: Message) -> None:
        self.wire.inbox.append(
            Received(
                bot_id=life.bot_id, incarnation=life.incarnation, kind=Kind.HEARTBEAT, message=message, payload=b""
            )
        )

    def dies(self, bot_id: int = 7, *, goodbye: Goodbye | None = None, **how: Any) -> Fleet:
        life = self.life(bot_id)
        if goodbye is not None:
            self.hear(life, goodbye)
            self.settle()
        self.launcher.happened.append(Exited(life.incarnation, ExitReport(**how)))
        self.settle()
        if self.observation.next_burial() is not None:
            self.clock.seconds += 0.26
            self.turn()
        return self.settle()

    def is_not_born(self, reason: str, bot_id: int = 7) -> Fleet:
        self.launcher.happened.append(SpawnFailed(self.life(bot_id).incarnation, reason))
        return self.settle()


def own_identity() -> ProcessIdentity:
    """This very process: one that certainly lives."""
    facts = facts_of(os.getpid())
    assert facts is not None
    return ProcessIdentity(os.getpid(), facts.created)


def an_error(value: str = "x", message: str = "this cannot run") -> dict[str, str]:
    return {"severity": "error", "path": "strategy", "value": value, "rule": "known", "message": message}
