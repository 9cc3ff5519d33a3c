"""Commands waiting for the database: in order, and bounded because only the newest of a kind is kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from supervisor.store.commands import (
    Beat,
    Command,
    RecordIncident,
    RefreshBots,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
)

_MOST_INCIDENTS = 10_000
_BEATS = "beats"
_REFRESH = "refresh"


class CommandQueue:
    """Owned by the recorder's thread. Not safe for two threads."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, Command] = {}
        self._number = 0
        self._incidents = 0
        self._dropped = 0
        self._beats: dict[int, Beat] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, command: Command) -> None:
        """Put the command at the end, or merge it into a waiting one that it supersedes."""
        match command:
            case WriteStatus():
                self._status(command)
            case WriteSupervision():
                self._waiting[WriteSupervision, command.supervision.bot_id] = command
            case WriteHeartbeats():
                self._beats |= {beat.bot_id: beat for beat in command.beats}
                self._waiting[_BEATS] = WriteHeartbeats(tuple(self._beats.values()))
            case RefreshBots():
                waiting = self._waiting.get(_REFRESH)
                whole = command.whole or (isinstance(waiting, RefreshBots) and waiting.whole)
                self._waiting[_REFRESH] = RefreshBots(whole)
            case RecordIncident():
                self._incident(command)
            case _:
                self._append(command)

    def extend(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self.add(command)

    def take(self) -> list[Command]:
        """Everything that waits, oldest first; the queue is empty after."""
        commands = list(self._waiting.values())
        if self._dropped:
            commands.append(self._lost())
        self._waiting = {}
        self._beats = {}
        self._incidents = self._dropped = 0
        return commands

    def _append(self, command: Command) -> None:
        self._number += 1
        self._waiting[self._number] = command

    def _status(self, command: WriteStatus) -> None:
        key = (WriteStatus, command.bot_id)
        waiting = self._waiting.get(key)
        self._waiting[key] = merged(waiting, command) if isinstance(waiting, WriteStatus) else command

    def _incident(self, command: RecordIncident) -> None:
        if self._incidents >= _MOST_INCIDENTS:
            self._dropped += 1
            self._last = command
            return
        self._incidents += 1
        self._append(command)

    def _lost(self) -> RecordIncident:
        return RecordIncident(
            key=f"dropped/{self._last.key}"[:255],
            bot_id=None,
            severity="error",
            error_class="IncidentsDropped",
            message=f"{self._dropped} incidents were not kept while the database was away; the log has them",
            at=self._last.at,
        )


def merged(first: WriteStatus, second: WriteStatus) -> WriteStatus:
    """One command that leaves the row as the two would, one after the other."""
    removed = (set(first.metadata_remove) - set(second.metadata_set)) | set(second.metadata_remove)
    kept = {key: value for key, value in first.metadata_set.items() if key not in second.metadata_remove}
    said = second if second.error is not None else first
    return replace(
        second,
        expected=first.expected if first.status is not None else second.expected,
        status=second.status if second.status is not None else first.status,
        at=second.at,
        started_at=second.started_at or first.started_at,
        error=said.error,
        count_error=sum(one.count_error for one in (first, second) if one.error is not None),
        reset_errors=first.reset_errors or second.reset_errors,
        generation=second.generation or first.generation,
        metadata_set=kept | dict(second.metadata_set),
        metadata_remove=tuple(sorted(removed)),
    )
