"""Segment files of a journal: their names, how one begins, how one is read back after a crash.

A segment appears under its name only when its head is complete: it is written aside and renamed. The head
says where the numbering goes on and repeats the newest checkpoint, so every older segment can go as soon as
its entries are acknowledged.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loguru import logger
from pydantic import BaseModel, ConfigDict, ValidationError

from common.crash_points import reach
from common.errors import BotvisorError
from worker.link.framing import CorruptRecord, Record, RecordKind, frame, read_header, read_record

SEGMENT_LIMIT = 1024 * 1024
"""A segment that would grow beyond this many bytes is followed by a new one."""

FORMAT = 1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAME = re.compile(r"(\d{8})\.journal")


class JournalError(BotvisorError):
    """The journal cannot be read or written; nothing was recorded by the call that raised this."""


class SegmentStart(BaseModel):
    """Payload of a segment's first record."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    journal_id: str
    next_seq: int
    """Number of the first entry in this segment."""
    incarnation: int
    boot_id: str | None
    created_at: datetime
    """Wall time, aware UTC; for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Where a segment stops being readable."""

    offset: int
    torn: bool
    """True when it is one unfinished write at the end, as SIGKILL leaves it; nothing whole is lost."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one segment holds."""

    number: int
    start: SegmentStart | None
    """None when the head itself cannot be read."""
    next_seq: int
    newest: Record | None
    """The record with the highest checkpoint revision."""
    size: int
    """Bytes up to the end of the last whole record."""
    damage: Damage | None


def segment_path(folder: Path, number: int) -> Path:
    """File of segment `number`."""
    return folder / f"{number:08d}.journal"


def segment_numbers(folder: Path) -> list[int]:
    """Numbers of all segments, oldest first."""
    return sorted(int(match[1]) for match in map(_NAME.fullmatch, os.listdir(folder)) if match)


def read_start(payload: bytes) -> SegmentStart:
    """The head in `payload`. Raises JournalError when a newer program wrote it, CorruptRecord when it is no head."""
    try:
        start = SegmentStart.model_validate_json(payload)
    except ValidationError as error:
        raise CorruptRecord(f"the head of a segment cannot be read: {error.errors()[0]['msg']}") from None
    if start.format > FORMAT:
        raise JournalError(
            f"journal {start.journal_id} has format {start.format}, this program knows up to {FORMAT}; "
            "run the newer program that wrote it"
        )
    return start


def create_segment(folder: Path, number: int, start: SegmentStart, checkpoint: bytes | None) -> tuple[int, int]:
    """Make segment `number` with its head; returns its descriptor (append mode) and its size in bytes.

    `checkpoint` is a framed checkpoint record. Raises OSError and leaves nothing behind when it cannot be written.
    """
    head = frame(RecordKind.START, start.model_dump_json().encode()) + (checkpoint or b"")
    path = segment_path(folder, number)
    aside = path.with_suffix(".tmp")
    descriptor = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        written = os.write(descriptor, head)
        if written < len(head):
            raise OSError(28, "No space left for the head of a segment")
        reach("segment.before_rename")
        os.rename(aside, path)
        reach("segment.after_rename")
    except OSError:
        os.close(descriptor)
        aside.unlink(missing_ok=True)
        raise
    return descriptor, len(head)


def scan_segment(folder: Path, number: int) -> Scan:
    """Read segment `number` up to its first bad byte. Raises OSError, and JournalError for a newer format."""
    data = segment_path(folder, number).read_bytes()
    start: SegmentStart | None = None
    newest: Record | None = None
    damage: Damage | None = None
    next_seq, size = 1, 0
    while size < len(data):
        try:
            record = read_record(data, size)
            if record is None:
                damage = Damage(offset=size, torn=True, reason="an unfinished write")
                break
            if start is None:
                start = read_start(record.payload)
                next_seq = start.next_seq
        except CorruptRecord as error:
            damage = Damage(offset=size, torn=False, reason=str(error))
            break
        if record.kind == RecordKind.ENTRY:
            next_seq = record.seq + 1
        if record.revision >= 0 and (newest is None or record.revision >= newest.revision):
            newest = record
        size = record.end
    return Scan(number=number, start=start, next_seq=next_seq, newest=newest, size=size, damage=damage)


def cut_damage(folder: Path, scan: Scan) -> None:
    """Take what cannot be read out of a segment and keep it beside, in a `.corrupt` file.

    A full disk may cost the copy, never the recovery. Raises OSError when the segment itself cannot be cut.
    """
    path = segment_path(folder, scan.number)
    if scan.start is None:
        os.rename(path, path.with_suffix(".0.corrupt"))
        return
    aside = path.with_suffix(f".{scan.size}.corrupt")
    with path.open("rb") as segment:
        segment.seek(scan.size)
        lost = segment.read()
    try:
        aside.write_bytes(lost)
    except OSError as error:
        logger.warning("the {} unreadable bytes of {} could not be kept in {}: {}", len(lost), path, aside, error)
    os.truncate(path, scan.size)


def read_at(descriptor: int, offset: int, size: int) -> list[Record]:
    """The whole records that begin within `size` bytes from `offset`, in order; empty at an unfinished one.

    The first record is read even when it is longer than `size`. Raises CorruptRecord when the first one is bad.
    """
    data = os.pread(descriptor, size, offset)
    header = read_header(data, 0)
    if header is None:
        return []
    first = read_record(data, 0, offset)
    if first is None:
        whole = os.pread(descriptor, size + header.length, offset)
        first = read_record(whole, 0, offset)
        return [] if first is None else [first]
    records = [first]
    while True:
        try:
            record = read_record(data, records[-1].end - offset, offset)
        except CorruptRecord:
            return records
        if record is None:
            return records
        records.append(record)


def boot_id() -> str | None:
    """Identity of the running kernel's boot; None where the system does not tell."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return None


def flush(descriptor: int) -> None:
    """Bring a file's content to the disk. Raises OSError."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
