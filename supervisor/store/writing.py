"""Carrying out commands within one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from loguru import logger
from sqlalchemy import Connection

from supervisor.store.commands import (
    CloseIncarnation,
    Command,
    EndRecoveries,
    OpenIncarnation,
    RecordIncident,
    RecordRecovery,
    RefreshBots,
    ReserveIncarnations,
    RunningIncarnation,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
    WriteWish,
)
from supervisor.store.events import IncarnationsReserved, StatusWritten, WishWritten
from supervisor.store.faults import is_locked, is_poison, message_of
from supervisor.store.incarnations import close_lives, open_lives, running_lives
from supervisor.store.incidents import record_incidents
from supervisor.store.locking import seize
from supervisor.store.meta import reserve_incarnations
from supervisor.store.outbox import Outbox
from supervisor.store.queueing import bots_of, parted, singly
from supervisor.store.recoveries import end_recoveries, record_recoveries
from supervisor.store.shape import Shape
from supervisor.store.status import answer_of_done, write_beats, write_status, write_wish
from supervisor.store.supervision import write_supervision

Answer = StatusWritten | WishWritten | IncarnationsReserved
_MOST_WAITS = 2
"""Locks that commands of one kind wait for: a lock on a whole table would else be waited for once for each bot."""


@dataclass(slots=True)
class Written:
    """What became of commands."""

    answers: list[Answer] = field(default_factory=list)
    deferred: list[Command] = field(default_factory=list)
    """Not carried out: another session has locked rows of their bots, or the wait for such locks was long enough."""
    waits: int = 0
    """Locks that were waited for in vain."""

    def add(self, other: Written) -> None:
        self.answers += other.answers
        self.deferred += other.deferred
        self.waits += other.waits


def carry_out(
    connection: Connection,
    shape: Shape,
    commands: Sequence[Command],
    at: datetime,
    *,
    repeated: bool = False,
    outbox: Outbox | None = None,
) -> Written:
    """Write the commands in order and answer those that want an answer.

    A command that the database refuses is logged and left out, one that meets a lock on its bot's rows is
    deferred, the others are written. `repeated`: see `status.write_status`.
    """
    written = Written()
    for kind, group in groupby(commands, type):
        alike = list(group)
        try:
            with connection.begin_nested():
                part = _write(connection, shape, kind, alike, at, repeated)
                _tell(connection, outbox, kind, part, alike)
        except Exception as error:
            if not is_poison(error) and not is_locked(error):
                raise
            part = _one_by_one(connection, shape, alike, at, repeated, outbox)
        written.add(part)
    return written


def _one_by_one(
    connection: Connection,
    shape: Shape,
    commands: Sequence[Command],
    at: datetime,
    repeated: bool,
    outbox: Outbox | None,
) -> Written:
    written = Written()
    untried: list[Command] = []
    for command in [single for whole in commands for single in singly(whole)]:
        if written.waits >= _MOST_WAITS and bots_of(command):
            untried.append(command)
            continue
        try:
            with connection.begin_nested():
                part = _write(connection, shape, type(command), [command], at, repeated)
                _tell(connection, outbox, type(command), part, [command])
        except Exception as error:
            if is_locked(error) and bots_of(command):
                written.deferred.append(command)
                written.waits += 1
                continue
            if not is_poison(error):
                raise
            logger.error("the database refuses {}: {}", command, message_of(error))
            part = Written([_refused(command)] if isinstance(command, WriteStatus | WriteWish) else [])
        written.add(part)
    written.deferred[:0] = untried  # first next time, so that what is locked cannot keep them back for ever
    return written


def _tell(
    connection: Connection, outbox: Outbox | None, kind: type[Any], written: Written, commands: Sequence[Any]
) -> None:
    """Put what is news about commands of one kind into the outbox, but for those that are deferred."""
    if outbox is None:
        return
    done = [command for command in commands if command not in written.deferred]
    if kind is RecordIncident:
        outbox.tell_of_incidents(connection, done)
    elif kind is RunningIncarnation:
        outbox.tell_of_starts(connection, done)
    elif kind is WriteStatus:
        outbox.tell_of_statuses(connection, done, written.answers)


def _refused(command: WriteStatus | WriteWish) -> StatusWritten | WishWritten:
    if isinstance(command, WriteWish):
        return WishWritten(bot_id=command.bot_id, status=command.status, done=False, found=None)
    return StatusWritten(bot_id=command.bot_id, status=command.status, done=False, found=None)


def _write(
    connection: Connection, shape: Shape, kind: type[Any], alike: Sequence[Any], at: datetime, repeated: bool
) -> Written:
    """Commands of one kind."""
    locked = seize(connection, {bot_id for command in alike for bot_id in bots_of(command)}).locked
    written = Written()
    free: list[Any] = []
    for command in alike:
        now, later = parted(command, locked)
        free += now
        for waiting in later:
            status = repeated and isinstance(waiting, WriteStatus) and answer_of_done(connection, shape, waiting)
            if status:
                written.answers.append(status)
            else:
                written.deferred.append(waiting)
    if free:
        written.answers += _write_free(connection, shape, kind, free, at, repeated)
    return written


def _write_free(
    connection: Connection, shape: Shape, kind: type[Any], alike: Sequence[Any], at: datetime, repeated: bool
) -> list[Answer]:
    """Commands of one kind, none of whose bots' rows are locked."""
    if kind is WriteStatus:
        return [write_status(connection, shape, command, repeated=repeated) for command in alike]
    if kind is WriteWish:
        return [write_wish(connection, shape, command) for command in alike]
    if kind is ReserveIncarnations:
        return [IncarnationsReserved(reserve_incarnations(connection, command.count)) for command in alike]
    if kind is WriteHeartbeats:
        write_beats(connection, shape, [beat for command in alike for beat in command.beats])
    elif kind is WriteSupervision:
        write_supervision(connection, shape, [command.supervision for command in alike], at)
    elif kind is RecordIncident:
        record_incidents(connection, shape, alike)
    elif kind is RecordRecovery:
        record_recoveries(connection, shape, alike)
    elif kind is EndRecoveries:
        for command in alike:
            end_recoveries(connection, command)
    elif kind is OpenIncarnation:
        open_lives(connection, shape, alike)
    elif kind is RunningIncarnation:
        running_lives(connection, alike)
    elif kind is CloseIncarnation:
        close_lives(connection, alike)
    elif kind is not RefreshBots:
        raise AssertionError(f"{kind.__name__} is no command of the recorder")
    return []
