"""What the recorder's thread does: write, record, read, and outlast the database's absences."""

from __future__ import annotations

import selectors
import time

from loguru import logger
from sqlalchemy import Engine

from common.clock import Clock
from common.errors import BotvisorError, ConfigurationError, TransientError
from supervisor.store.arrivals import Arrivals
from supervisor.store.commands import Command, RefreshBots, WriteStatus, WriteWish
from supervisor.store.engine import open_engine
from supervisor.store.events import (
    DatabaseAway,
    DatabaseBack,
    DatabaseReady,
    DatabaseRefused,
    EntriesRecorded,
    RecorderStopped,
    StatusWritten,
)
from supervisor.store.faults import RowsLocked, SettingsRefused
from supervisor.store.holding import EVERYBODY, Holds
from supervisor.store.mailbox import Inbox, Outbox, RecorderOptions
from supervisor.store.metering import meter_statements
from supervisor.store.picture import Picture
from supervisor.store.queueing import CommandQueue, bots_of
from supervisor.store.session import Session, Terms, take_database
from supervisor.store.watch import Watch
from supervisor.store.writing import Answer

_FIRST_RETRY = 0.1
_LONGEST_RETRY = 30.0


class _Stopped(Exception):
    """The recorder ends as asked."""


class Recording:
    """The recorder's thread."""

    def __init__(self, options: RecorderOptions, inbox: Inbox, outbox: Outbox, clock: Clock) -> None:
        self._options = options
        self._inbox = inbox
        self._outbox = outbox
        self._clock = clock
        self._queue = CommandQueue()
        self._commands: list[Command] = []
        """Being written; kept until the COMMIT is known."""
        self._commands_repeated = False
        self._holds = Holds("statuses and heartbeats")
        self._entries = Arrivals(inbox.entries, options.batch_entries)
        self._picture = Picture()
        self._refresh = RefreshBots(whole=True)
        self._due: float = 0.0
        self._ready: DatabaseReady | None = None
        self._away_since: float | None = None
        self._failures = 0

    def run(self) -> None:
        """Until stopped or refused."""
        engine: Engine | None = None
        try:
            engine = open_engine(self._options.url, self._options.pool)
            if self._options.meter is not None:
                meter_statements(engine, self._options.meter.statement)
            while True:
                self._try(engine)
        except _Stopped:
            left = self._left()
            self._outbox.put(RecorderStopped(flushed=left == 0, left=left))
        except BotvisorError as error:
            self._outbox.put(DatabaseRefused(error))
        except Exception as error:  # noqa: BLE001 - nobody would learn of the end of a thread that ends silently
            logger.exception("the recorder met what it did not foresee and ends")
            problem = f"the recorder ended over {type(error).__name__}: {error}; this is a fault of the program"
            self._outbox.put(DatabaseRefused(BotvisorError(problem)))
        finally:
            if engine is not None:
                engine.dispose()

    def _try(self, engine: Engine) -> None:
        """Serve until something fails; then wait before the next try."""
        try:
            self._serve_with(engine)
        except SettingsRefused as error:
            if self._ready is None:
                raise
            self._away(engine, str(error))
        except ConfigurationError:
            raise
        except TransientError as error:
            self._away(engine, str(error))
        except _Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - told with its traceback; the database must outlive a mistake here
            logger.exception("the recorder met what it did not foresee; it tries again")
            self._away(engine, f"{type(error).__name__}: {error}")

    def _serve_with(self, engine: Engine) -> None:
        if self._ready is None:
            self._ready = take_database(engine, self._terms(), self._clock.now())
            self._outbox.put(self._ready)
        session = Session.open(engine, self._options.claimant, self._ready.database_uuid, self._options.desk)
        try:
            self._back()
            self._serve(session)
        finally:
            try:
                session.close()
            except BotvisorError as error:
                logger.debug("closing the lost session: {}", error)

    def _terms(self) -> Terms:
        options = self._options
        return Terms(
            claimant=options.claimant,
            is_alive=options.is_alive,
            upgrade=options.upgrade,
            takeover=options.takeover,
            expected_uuid=options.expected_uuid,
            incarnation_block=options.incarnation_block,
            desk=options.desk,
        )

    def _back(self) -> None:
        self._failures = 0
        self._due = 0.0
        if self._away_since is not None:
            away_for = time.monotonic() - self._away_since
            self._away_since = None
            logger.info("the database is back after {:.1f} s", away_for)
            self._outbox.put(DatabaseBack(away_for=away_for))

    def _away(self, engine: Engine, reason: str) -> None:
        """Tell it, and wait out the delay unless asked to stop."""
        self._commands_repeated = bool(self._commands)
        self._entries.doubt()
        engine.dispose()
        if self._away_since is None:
            self._away_since = time.monotonic()
        delay = min(_LONGEST_RETRY, _FIRST_RETRY * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        logger.warning("{}; next try in {:.1f} s", reason, delay)
        self._outbox.put(DatabaseAway(reason=reason, retry_in=delay))
        until = time.monotonic() + delay
        with selectors.DefaultSelector() as selector:
            selector.register(self._inbox.wake, selectors.EVENT_READ)
            while (left := until - time.monotonic()) > 0:
                self._stop_when_late()
                selector.select(self._no_longer_than(left))
                self._collect_commands()

    def _serve(self, session: Session) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._inbox.wake, selectors.EVENT_READ)
            descriptor = session.watch.fileno()
            if descriptor is not None:
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                self._write_commands(session)
                self._write_entries(session)
                self._read_bots(session)
                self._stop_when_done(session)
                self._rest(selector, session.watch, descriptor)

    def _rest(self, selector: selectors.BaseSelector, watch: Watch, descriptor: int | None) -> None:
        """Until there is something to do; where only looking helps, look now and then."""
        while True:
            ready = selector.select(self._patience(descriptor is None))
            if descriptor is None or any(key.fd == descriptor for key, _ in ready):
                self._due = 0.0 if watch.changed() else self._due
            if ready or self._patience(looking=False) == 0.0:
                return

    def _patience(self, looking: bool) -> float:
        """Seconds the thread may sleep."""
        now = time.monotonic()
        if self._inbox.commands or self._entries.ready(now):
            return 0.0
        moments = (self._due, self._inbox.stop_at, self._holds.next_due(), self._entries.next_due())
        patience = max(0.0, min(moment for moment in moments if moment is not None) - now)
        return min(patience, self._options.watch_interval) if looking else patience

    def _no_longer_than(self, seconds: float) -> float:
        if self._inbox.stop_at is None:
            return seconds
        return max(0.0, min(seconds, self._inbox.stop_at - time.monotonic()))

    def _collect_commands(self) -> None:
        self._inbox.wake.clear()
        while self._inbox.commands:
            self._queue.add(self._inbox.commands.popleft())

    def _write_commands(self, session: Session) -> None:
        self._collect_commands()
        held = self._holds.held(time.monotonic())
        if EVERYBODY in held:
            return
        if not self._commands:
            self._commands = self._queue.take(held)
        if not self._commands:
            return
        self._inbox.in_work = self._taken()
        try:
            written = session.write(self._commands, self._clock.now(), repeated=self._commands_repeated)
        except RowsLocked as error:
            self._lock_out_commands(error)
            return
        commands, self._commands = self._commands, []
        self._commands_repeated = False
        self._defer(commands, written.deferred)
        self._inbox.in_work = self._taken()
        self._note(commands, written.answers)
        for answer in written.answers:
            self._outbox.put(answer)

    def _defer(self, commands: list[Command], deferred: list[Command]) -> None:
        """Some commands met a lock on their bot's rows; they go before whatever came or comes since."""
        again = {bot_id for command in deferred for bot_id in bots_of(command)}
        tried = {bot_id for command in commands for bot_id in bots_of(command)}
        self._holds.free({EVERYBODY, *tried} - again)
        self._holds.hold(again, time.monotonic())
        if deferred:
            self._queue.give_back(deferred)

    def _lock_out_commands(self, error: RowsLocked) -> None:
        """Nothing of them was written; whether an earlier try was committed is as unknown as before."""
        logger.debug("commands wait: {}", error)
        self._holds.hold([EVERYBODY], time.monotonic())
        if not self._commands_repeated:
            self._queue.give_back(self._commands)
            self._commands = []

    def _note(self, commands: list[Command], answers: list[Answer]) -> None:
        """What we wrote ourselves is no news when it is read."""
        done = {answer.bot_id: answer.done for answer in answers if isinstance(answer, StatusWritten)}
        for command in commands:
            if isinstance(command, WriteStatus):
                if done.get(command.bot_id):
                    self._picture.status_written(command)
            elif isinstance(command, WriteWish):
                self._due = 0.0  # a wish is news, though it is by our hand
            elif isinstance(command, RefreshBots):
                self._due = 0.0
                self._refresh = RefreshBots(command.whole or self._refresh.whole)

    def _write_entries(self, session: Session) -> None:
        entries = self._entries.take(time.monotonic())
        if not entries:
            return
        self._inbox.in_work = self._taken()
        began = time.monotonic()
        try:
            recorded = session.record(entries, self._clock.now(), repeated=self._entries.repeated)
        except RowsLocked as error:
            logger.debug("entries wait: {}", error)
            self._entries.locked_out(time.monotonic())
            return
        self._entries.written(recorded.deferred, recorded.locked, time.monotonic())
        if self._options.meter is not None:
            written = len(entries) - len(recorded.deferred)
            self._options.meter.committed(written, time.monotonic() - began, session.connections())
        self._inbox.in_work = self._taken()
        if recorded.deliveries:
            self._outbox.put(EntriesRecorded(recorded.deliveries))

    def _read_bots(self, session: Session) -> None:
        if time.monotonic() < self._due:
            return
        whole = self._refresh.whole
        told = session.read_bots(self._picture, self._options.keys, whole=whole)
        self._refresh = RefreshBots()
        self._due = time.monotonic() + self._options.poll_interval
        if told is not None:
            self._outbox.put(told)

    def _taken(self) -> int:
        """Submissions taken out of the inbox and not written yet."""
        return len(self._queue) + len(self._commands) + self._entries.taken()

    def _left(self) -> int:
        return len(self._inbox.entries) + len(self._inbox.commands) + self._taken()

    def _stop_when_done(self, session: Session) -> None:
        if self._inbox.stop_at is None:
            return
        left = self._left()
        if left == 0 or time.monotonic() >= self._inbox.stop_at:
            session.release(self._clock.now())
            raise _Stopped

    def _stop_when_late(self) -> None:
        if self._inbox.stop_at is not None and time.monotonic() >= self._inbox.stop_at:
            logger.warning("the recorder stops while the database is away; it keeps its claim")
            raise _Stopped
