"""What the recorder's thread does: write, record, read, and outlast the database's absences."""

from __future__ import annotations

import selectors
import time

from loguru import logger
from sqlalchemy import Engine

from common.clock import Clock
from common.errors import BotvisorError, ConfigurationError, TransientError
from supervisor.store.commands import Command, RefreshBots, WriteStatus
from supervisor.store.delivery import read_submission
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
from supervisor.store.faults import SettingsRefused
from supervisor.store.ledger import Submission
from supervisor.store.mailbox import Inbox, Outbox, RecorderOptions
from supervisor.store.picture import Picture
from supervisor.store.queueing import CommandQueue
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
        self._entries: list[Submission] = []
        """Being written; kept until the COMMIT is known."""
        self._commands_repeated = False
        self._entries_repeated = False
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
            while True:
                self._try(engine)
        except _Stopped:
            left = self._left()
            self._outbox.put(RecorderStopped(flushed=left == 0, left=left))
        except BotvisorError as error:
            self._outbox.put(DatabaseRefused(error))
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
        session = Session.open(engine, self._options.claimant, self._ready.database_uuid)
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
        self._entries_repeated = bool(self._entries)
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
            if ready or self._inbox.stop_at is not None or time.monotonic() >= self._due:
                return

    def _patience(self, looking: bool) -> float:
        """Seconds the thread may sleep."""
        if self._inbox.entries or self._inbox.commands or self._inbox.stop_at is not None:
            return 0.0
        until_poll = max(0.0, self._due - time.monotonic())
        return min(until_poll, self._options.watch_interval) if looking else until_poll

    def _no_longer_than(self, seconds: float) -> float:
        if self._inbox.stop_at is None:
            return seconds
        return max(0.0, min(seconds, self._inbox.stop_at - time.monotonic()))

    def _collect_commands(self) -> None:
        self._inbox.wake.clear()
        while self._inbox.commands:
            self._queue.add(self._inbox.commands.popleft())

    def _write_commands(self, session: Session) -> None:
        if not self._commands:
            self._collect_commands()
            self._commands = self._queue.take()
        if not self._commands:
            return
        self._inbox.in_work = len(self._commands)
        answers = session.write(self._commands, self._clock.now(), repeated=self._commands_repeated)
        commands, self._commands = self._commands, []
        self._commands_repeated = False
        self._inbox.in_work = 0
        self._note(commands, answers)
        for answer in answers:
            self._outbox.put(answer)

    def _note(self, commands: list[Command], answers: list[Answer]) -> None:
        """What we wrote ourselves is no news when it is read."""
        done = {answer.bot_id: answer.done for answer in answers if isinstance(answer, StatusWritten)}
        for command in commands:
            if isinstance(command, WriteStatus):
                if done.get(command.bot_id):
                    self._picture.status_written(command)
            elif isinstance(command, RefreshBots):
                self._due = 0.0
                self._refresh = RefreshBots(command.whole or self._refresh.whole)

    def _write_entries(self, session: Session) -> None:
        if not self._entries:
            self._entries = self._next_entries()
        if not self._entries:
            return
        self._inbox.in_work = len(self._entries)
        told = session.record(self._entries, self._clock.now(), repeated=self._entries_repeated)
        self._entries = []
        self._entries_repeated = False
        self._inbox.in_work = 0
        if told:
            self._outbox.put(EntriesRecorded(told))

    def _next_entries(self) -> list[Submission]:
        waiting = self._inbox.entries
        if waiting and self._options.linger and len(waiting) < self._options.batch_entries:
            time.sleep(self._options.linger)
        taken: list[Submission] = []
        while waiting and len(taken) < self._options.batch_entries:
            taken.append(read_submission(*waiting.popleft()))
        return taken

    def _read_bots(self, session: Session) -> None:
        if time.monotonic() < self._due:
            return
        whole = self._refresh.whole
        told = session.read_bots(self._picture, whole=whole)
        self._refresh = RefreshBots()
        self._due = time.monotonic() + self._options.poll_interval
        if told is not None:
            self._outbox.put(told)

    def _left(self) -> int:
        inbox = self._inbox
        waiting = len(inbox.entries) + len(inbox.commands) + len(self._queue)
        return waiting + len(self._commands) + len(self._entries)

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
