"""Records of lives on disk: what a restarted supervisor must know to adopt them instead of doubling them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from common.wire.launch import LOCK_NAME, LockNote
from supervisor.processes.child import boot_id, is_alive
from supervisor.processes.port import ProcessIdentity


class LifeRecord(BaseModel):
    """One life as its supervisor knew it. Written before the spawn (without a process), and again after."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bot_id: int
    bot_uid: str
    incarnation: int
    generation: str
    token: str
    state_dir: Path
    """The bot's state folder, where its life lock is."""
    started_at: datetime
    """Aware UTC."""
    output_file: Path | None = None
    """Where its stdout, stderr and stack dumps go; None in a record of an earlier version."""
    pid: int | None = None
    create_time: float | None = None

    @property
    def identity(self) -> ProcessIdentity | None:
        """The life's process, if the supervisor lived to hear of it."""
        if self.pid is None or self.create_time is None:
            return None
        return ProcessIdentity(self.pid, self.create_time)


class Verdict(StrEnum):
    """What became of a recorded life."""

    ALIVE = "alive"
    DEAD = "dead"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeReading:
    """One record and what became of its life."""

    bot_id: int
    verdict: Verdict
    record: LifeRecord | None = None
    identity: ProcessIdentity | None = None
    """The living process; None unless alive."""
    detail: str | None = None
    """Why a record is unreadable."""


class LifeRecords:
    """The folder of records, one file per bot, readable by their owner alone: they hold the lives' secrets."""

    def __init__(self, folder: Path) -> None:
        """Make the folder. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    def write(self, record: LifeRecord) -> None:
        """Replace the bot's record as a whole. Raises OSError."""
        path = self._path(record.bot_id)
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as sink:
            sink.write(_Document(boot_id=boot_id(), life=record).model_dump_json())
        draft.replace(path)

    def remove(self, bot_id: int, incarnation: int) -> None:
        """Remove the record of this life; a later life's record stays."""
        path = self._path(bot_id)
        try:
            document = _Document.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return
        if document.life.incarnation == incarnation:
            path.unlink(missing_ok=True)

    def discard(self, bot_id: int) -> None:
        """Remove whatever record the bot has, readable or not."""
        self._path(bot_id).unlink(missing_ok=True)

    def read_all(self) -> list[LifeReading]:
        """All records with their verdicts, by bot id. Raises OSError when the folder cannot be read."""
        files = [path for path in self._folder.glob("*.json") if path.stem.isdigit()]
        return [_reading(path) for path in sorted(files, key=lambda path: int(path.stem))]

    def _path(self, bot_id: int) -> Path:
        return self._folder / f"{bot_id}.json"


class _Document(BaseModel):
    boot_id: str
    life: LifeRecord


def _reading(path: Path) -> LifeReading:
    bot_id = int(path.stem)
    try:
        document = _Document.model_validate_json(path.read_bytes())
    except OSError as error:
        return LifeReading(bot_id=bot_id, verdict=Verdict.UNREADABLE, detail=f"{path}: {error.strerror}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        detail = f"{path}: {'.'.join(map(str, first['loc'])) or 'document'}: {first['msg']}"
        return LifeReading(bot_id=bot_id, verdict=Verdict.UNREADABLE, detail=detail)
    life = document.life
    identity = None
    if document.boot_id == boot_id():
        identity = life.identity or _identity_in_lock(life)
    if identity is None or not is_alive(identity):
        return LifeReading(bot_id=bot_id, verdict=Verdict.DEAD, record=life)
    return LifeReading(bot_id=bot_id, verdict=Verdict.ALIVE, record=life, identity=identity)


def _identity_in_lock(life: LifeRecord) -> ProcessIdentity | None:
    """A life whose birth its supervisor did not live to hear of names itself in its lock."""
    try:
        note = LockNote.model_validate_json((life.state_dir / LOCK_NAME).read_bytes())
    except (OSError, ValidationError):
        return None
    if note.incarnation != life.incarnation or note.created is None:
        return None
    return ProcessIdentity(note.pid, note.created)
