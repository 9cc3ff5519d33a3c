"""The journal: what happened in a bot's trading, written down before it is told or acted upon.

One write() call per record, so a killed worker leaves whole records and at most one torn tail. Written by the
trading thread only; the link thread reads and deletes segments (`worker.link.outlet`). A bot's lock makes
sure that one process writes a folder at a time.

Numbers are never used twice for different entries. Where a number might already be known to the supervisor
although its entry is gone (damage, a reboot that lost what was not yet on disk, an acknowledgement beyond the
end), a new journal begins under a new id, after the old one's remains.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from loguru import logger

from common.clock import Clock
from common.crash_points import reach
from common.errors import BotvisorError
from common.wire.codec import encode_entry
from common.wire.facts import AnyFact, Checkpoint, Entry
from worker.link.acknowledged import Mark, read_mark
from worker.link.checkpoints import checkpoint_again, checkpoint_in, frame_checkpoint, holder_of_newest
from worker.link.framing import HEADER_SIZE, NOTHING, RecordKind, frame
from worker.link.segments import (
    SEGMENT_LIMIT,
    JournalError,
    Scan,
    SegmentStart,
    boot_id,
    create_segment,
    cut_damage,
    flush,
    flush_folder,
    read_at,
    scan_segment,
    segment_numbers,
    segment_path,
)


class Journal:
    """The writing end of a bot's journal folder. Memory does not grow with the number of entries."""

    def __init__(self, folder: Path, incarnation: int, clock: Clock) -> None:
        """Use `Journal.open`."""
        self._folder = folder
        self._incarnation = incarnation
        self._clock = clock
        self._journal_id = ""
        self._next_seq = 1
        self._segment = 0
        self._descriptor = -1
        self._size = 0
        self._head_size = 0
        self._torn = False
        self._durable = False
        self._unsynced_name = True
        self._revision = NOTHING
        self._checkpoint_at: int | None = None

    @classmethod
    def open(cls, folder: Path, incarnation: int, clock: Clock) -> Self:
        """Open the journal in `folder` (made when missing), after the bot's lock is held.

        Damage is set aside with a warning. Raises JournalError when the folder cannot be read or written.
        """
        journal = cls(folder, incarnation, clock)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            journal._recover()
        except OSError as error:
            raise journal._unusable("opened", error) from error
        reach("journal.opened")
        return journal

    @property
    def journal_id(self) -> str:
        """Id of the journal that new entries go to."""
        return self._journal_id

    @property
    def next_seq(self) -> int:
        """Number that the next entry will have."""
        return self._next_seq

    def newest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint with the highest revision; None when there is none that this program can read."""
        if self._checkpoint_at is None:
            return None
        return checkpoint_in(read_at(self._descriptor, self._checkpoint_at, HEADER_SIZE)[0])

    def append(self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False) -> None:
        """Write facts and the state after them, all or nothing.

        With facts, or with `deliver`, it becomes an entry for the supervisor; a checkpoint alone stays on this
        host. Raises JournalError when it cannot be written: nothing was recorded and the same call may be repeated.
        """
        if not facts and checkpoint is None:
            raise BotvisorError("a journal entry needs a fact or a checkpoint; this one has neither")
        revision = NOTHING if checkpoint is None else checkpoint.revision
        if facts or deliver:
            entry = Entry(
                journal_id=self._journal_id,
                seq=self._next_seq,
                incarnation=self._incarnation,
                facts=tuple(facts),
                checkpoint=checkpoint,
            )
            reach("entry.before_write")
            self._write(frame(RecordKind.ENTRY, encode_entry(entry), seq=entry.seq, revision=revision), revision)
            reach("entry.after_write")
            self._next_seq += 1
        elif checkpoint is not None:
            record = frame_checkpoint(checkpoint)
            reach("checkpoint.before_write")
            self._write(record, revision)
            reach("checkpoint.after_write")

    def begin_anew(self, reason: str) -> None:
        """Go on under a new journal id, numbering from 1; what is already written stays and is delivered first.

        For a start that finds the database ahead of this folder (a restored backup): numbers after the folder's
        last one may be known there. Raises JournalError.
        """
        before = self._journal_id, self._next_seq
        logger.warning("{}: a new journal begins after entry {}: {}", self._folder, self._next_seq - 1, reason)
        self._journal_id, self._next_seq = str(uuid.uuid4()), 1
        try:
            self._rotate()
        except JournalError:
            self._journal_id, self._next_seq = before
            raise

    def sync(self) -> None:
        """Bring everything written so far to the disk (fdatasync). Raises JournalError."""
        self._durable = True
        try:
            flush(self._descriptor)
            if self._unsynced_name:
                flush_folder(self._folder)
                self._unsynced_name = False
        except OSError as error:
            raise self._unusable("brought to disk", error) from error

    def close(self) -> None:
        """Close the files; what was appended stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    # -- opening ------------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        for leftover in self._folder.glob("*.tmp"):
            leftover.unlink()
        numbers = segment_numbers(self._folder)
        scans = [scan_segment(self._folder, number) for number in numbers]
        losses = [self._set_aside(scan, last=scan is scans[-1]) for scan in scans]
        readable = [scan for scan in scans if scan.start is not None]
        holder = holder_of_newest(readable)
        last = readable[-1] if readable else None
        self._segment = numbers[-1] if numbers else 0
        reason = "damage" if any(losses) else self._why_not_continued(last, read_mark(self._folder))
        if last is not None and last.start is not None and reason is None:
            self._continue(last, last.start.journal_id, holder)
        else:
            if last is not None:
                logger.warning("{}: a new journal begins ({})", self._folder, reason)
            self._journal_id = str(uuid.uuid4())
            self._start_segment(checkpoint_again(holder))

    def _set_aside(self, scan: Scan, *, last: bool) -> bool:
        """Cut damage out of a segment; True when whole records may have been lost with it."""
        if scan.damage is None and scan.start is not None:
            return False
        damage = scan.damage
        logger.warning(
            "{} is damaged at byte {}: {}; the rest of it is set aside in a .corrupt file",
            segment_path(self._folder, scan.number),
            scan.size,
            damage.reason if damage else "it is empty",
        )
        cut_damage(self._folder, scan)
        return not (last and damage is not None and damage.torn and scan.start is not None)

    def _why_not_continued(self, last: Scan | None, mark: Mark | None) -> str | None:
        """Why the numbers after the last segment cannot be trusted to be unused; None when they can."""
        if last is None or last.start is None:
            return "no journal yet"
        now = boot_id()
        if now is None or last.start.boot_id != now:
            return "the host was restarted since, and the end may not have reached the disk"
        if mark is not None and mark.journal_id == last.start.journal_id and mark.seq >= last.next_seq:
            return f"entry {mark.seq} was acknowledged, the last one found is {last.next_seq - 1}"
        return None

    def _continue(self, last: Scan, journal_id: str, holder: Scan | None) -> None:
        self._journal_id = journal_id
        self._next_seq = last.next_seq
        if holder is not None and holder is not last:
            self._start_segment(checkpoint_again(holder))
            return
        path = segment_path(self._folder, last.number)
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        self._size = last.size
        if last.newest is not None:
            self._revision, self._checkpoint_at = last.newest.revision, last.newest.start

    # -- writing ------------------------------------------------------------------------------------------------

    def _start_segment(self, checkpoint: bytes | None) -> None:
        """Make the next segment and write to it from now on. Raises OSError and changes nothing on failure."""
        start = SegmentStart(
            journal_id=self._journal_id,
            next_seq=self._next_seq,
            incarnation=self._incarnation,
            boot_id=boot_id(),
            created_at=self._clock.now(),
        )
        descriptor, size = create_segment(self._folder, self._segment + 1, start, checkpoint)
        self.close()
        self._descriptor, self._size, self._head_size = descriptor, size, size
        self._segment += 1
        self._torn, self._unsynced_name = False, True
        self._checkpoint_at = None
        if checkpoint is not None:
            self._checkpoint_at = size - len(checkpoint)
            self._revision = read_at(descriptor, self._checkpoint_at, HEADER_SIZE)[0].revision

    def _rotate(self) -> None:
        newest = self.newest_checkpoint()
        try:
            if self._durable:
                flush(self._descriptor)
            self._start_segment(None if newest is None else frame_checkpoint(newest))
        except OSError as error:
            raise self._unusable("written", error) from error

    def _write(self, record: bytes, revision: int) -> None:
        if self._size + len(record) > SEGMENT_LIMIT and self._size > self._head_size:
            self._rotate()
        try:
            if self._torn:
                self._cut_back()
            written = os.write(self._descriptor, record)
            if written < len(record):
                raise OSError(28, f"only {written} of {len(record)} bytes could be written (no space left, or a limit)")
        except OSError as error:
            self._torn = True
            self._try_to_cut_back()
            raise self._unusable("written", error) from error
        if revision >= 0 and revision >= self._revision:
            self._revision, self._checkpoint_at = revision, self._size
        self._size += written

    def _cut_back(self) -> None:
        os.ftruncate(self._descriptor, self._size)
        self._torn = False

    def _try_to_cut_back(self) -> None:
        try:
            self._cut_back()
        except OSError as error:
            logger.warning("{}: half a record could not be cut off yet: {}", self._folder, error)

    def _unusable(self, verb: str, error: OSError) -> JournalError:
        return JournalError(
            f"the journal in {self._folder} cannot be {verb}: {error.strerror or error}; make room on that file system "
            "or make the folder writable for this user, then it goes on by itself"
        )
