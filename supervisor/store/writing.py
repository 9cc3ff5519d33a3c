"""Carrying out commands within one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from loguru import logger
from sqlalchemy import Connection

from supervisor.store.commands import (
    CloseIncarnation,
    Command,
    OpenIncarnation,
    RecordIncident,
    RefreshBots,
    ReserveIncarnations,
    RunningIncarnation,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
)
from supervisor.store.events import IncarnationsReserved, StatusWritten
from supervisor.store.faults import is_poison, message_of
from supervisor.store.incarnations import close_lives, open_lives, running_lives
from supervisor.store.incidents import record_incidents
from supervisor.store.meta import reserve_incarnations
from supervisor.store.shape import Shape
from supervisor.store.status import write_beats, write_status
from supervisor.store.supervision import write_supervision

Answer = StatusWritten | IncarnationsReserved


def carry_out(
    connection: Connection, shape: Shape, commands: Sequence[Command], at: datetime, *, repeated: bool = False
) -> list[Answer]:
    """Write the commands in order and answer those that want an answer.

    A command that the database refuses is logged and left out, the others are written. `repeated`: see
    `status.write_status`.
    """
    answers: list[Answer] = []
    for kind, group in groupby(commands, type):
        alike = list(group)
        try:
            with connection.begin_nested():
                answers += _write(connection, shape, kind, alike, at, repeated)
        except Exception as error:
            if not is_poison(error):
                raise
            answers += _one_by_one(connection, shape, alike, at, repeated)
    return answers


def _one_by_one(
    connection: Connection, shape: Shape, commands: Sequence[Command], at: datetime, repeated: bool
) -> list[Answer]:
    answers: list[Answer] = []
    for command in commands:
        try:
            with connection.begin_nested():
                answers += _write(connection, shape, type(command), [command], at, repeated)
        except Exception as error:
            if not is_poison(error):
                raise
            logger.error("the database refuses {}: {}", command, message_of(error))
            if isinstance(command, WriteStatus):
                answers.append(StatusWritten(bot_id=command.bot_id, status=command.status, done=False, found=None))
    return answers


def _write(
    connection: Connection, shape: Shape, kind: type[Any], alike: Sequence[Any], at: datetime, repeated: bool
) -> list[Answer]:
    """Commands of one kind."""
    if kind is WriteStatus:
        return [write_status(connection, shape, command, repeated=repeated) for command in alike]
    if kind is ReserveIncarnations:
        return [IncarnationsReserved(reserve_incarnations(connection, command.count)) for command in alike]
    if kind is WriteHeartbeats:
        write_beats(connection, shape, [beat for command in alike for beat in command.beats])
    elif kind is WriteSupervision:
        write_supervision(connection, shape, [command.supervision for command in alike], at)
    elif kind is RecordIncident:
        record_incidents(connection, shape, alike)
    elif kind is OpenIncarnation:
        open_lives(connection, shape, alike)
    elif kind is RunningIncarnation:
        running_lives(connection, alike)
    elif kind is CloseIncarnation:
        close_lives(connection, alike)
    elif kind is not RefreshBots:
        raise AssertionError(f"{kind.__name__} is no command of the recorder")
    return []
