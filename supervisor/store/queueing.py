"""Commands waiting for the database: in order, and bounded because only the newest of a kind is kept."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import replace

from supervisor.store.commands import (
    Beat,
    Command,
    RecordIncident,
    RefreshBots,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
    WriteWish,
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
            case WriteWish():
                waiting = self._waiting.get((WriteWish, command.bot_id))
                first = waiting if isinstance(waiting, WriteWish) else command
                self._waiting[WriteWish, command.bot_id] = replace(command, expected=first.expected)
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

    def give_back(self, commands: Iterable[Command]) -> None:
        """Put commands that were taken, and not carried out, before all that came since."""
        later = list(self._waiting.values())
        self._clear()
        self.extend([*commands, *later])

    def take(self, held: Collection[int | None] = ()) -> list[Command]:
        """What waits, oldest first; of the bots `held` that which writes their rows stays in the queue."""
        taken, staying = [], []
        for command in self._waiting.values():
            now, later = parted(command, held)
            taken += now
            staying += later
        if self._dropped:
            taken.append(self._lost())
        self._clear()
        self._dropped = 0
        self.extend(staying)
        return taken

    def _clear(self) -> None:
        self._waiting = {}
        self._beats = {}
        self._incidents = 0

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


def bots_of(command: Command) -> tuple[int, ...]:
    """The bots whose rows the command writes or refers to."""
    match command:
        case WriteStatus() | WriteWish():
            return (command.bot_id,)
        case WriteSupervision():
            return (command.supervision.bot_id,)
        case WriteHeartbeats():
            return tuple(beat.bot_id for beat in command.beats)
        case _:
            return ()


def singly(command: Command) -> list[Command]:
    """The same, each of its bots by itself."""
    if isinstance(command, WriteHeartbeats):
        return [WriteHeartbeats((beat,)) for beat in command.beats]
    return [command]


def parted(command: Command, held: Collection[int | None]) -> tuple[list[Command], list[Command]]:
    """What may be carried out now, and what waits for the end of a lock."""
    if not held or not any(bot_id in held for bot_id in bots_of(command)):
        return [command], []
    if not isinstance(command, WriteHeartbeats):
        return [], [command]
    now = tuple(beat for beat in command.beats if beat.bot_id not in held)
    later = tuple(beat for beat in command.beats if beat.bot_id in held)
    return [WriteHeartbeats(now)] if now else [], [WriteHeartbeats(later)]


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
