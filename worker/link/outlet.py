"""The reading end of the journal: entries in order, as many as may be under way, forgotten once committed.

Used by the link thread only, after `Journal.open` has mended the folder. Holds places, never payloads, of what
is under way, so its memory depends on the credit and not on the backlog.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import NamedTuple

from loguru import logger

from common.crash_points import reach
from worker.link.acknowledged import AcknowledgedFile, Mark
from worker.link.framing import HEADER_SIZE, CorruptRecord, Record, RecordKind, read_header
from worker.link.segments import read_at, read_start, segment_numbers, segment_path

_CHUNK = 64 * 1024


class Place(NamedTuple):
    """A byte in the journal folder."""

    segment: int
    offset: int


class Pending(NamedTuple):
    """One entry that the supervisor has not acknowledged."""

    journal_id: str
    seq: int
    payload: bytes
    start: Place
    end: Place


class _Sent(NamedTuple):
    journal_id: str
    seq: int
    start: Place


class Outlet:
    """Reads entries that are not acknowledged, oldest first, and deletes segments that hold nothing else."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the folder cannot be read."""
        self._folder = folder
        self._acknowledged = AcknowledgedFile(folder)
        self._in_flight: deque[_Sent] = deque()
        self._committed: dict[str, int] = {}
        self._journal_of: dict[int, str] = {}
        self._open_segment = -1
        self._descriptor = -1
        self._last_seq = 0
        self._unreadable: Place | None = None
        self._cursor = Place(self._first_segment(), 0)

    @property
    def in_flight(self) -> int:
        """Entries sent and not acknowledged."""
        return len(self._in_flight)

    def upcoming(self, limit: int) -> list[Pending]:
        """The next entries to send, at most `limit` and about 64 KiB; they stay upcoming until `sent`."""
        found: list[Pending] = []
        place: Place | None = self._cursor if limit > 0 else None
        while place is not None and not found:
            records = self._records_at(place)
            if not records:
                place = self._following(place)
                if place is not None:
                    self._cursor = place
                    self._delete_before(self.settled().segment)
                continue
            for record in records:
                place = Place(place.segment, record.end)
                pending = self._pending(record, place.segment)
                if pending is not None:
                    found.append(pending)
                    if len(found) >= limit:
                        break
                elif not found:
                    self._cursor = place
        return found

    def sent(self, pending: Pending) -> None:
        """`pending`, the first of the upcoming ones, is under way."""
        self._in_flight.append(_Sent(pending.journal_id, pending.seq, pending.start))
        self._last_seq = pending.seq
        self._cursor = pending.end

    def oldest(self) -> Pending | None:
        """The entry that has been under way for longest, None when nothing is."""
        if not self._in_flight:
            return None
        start = self._in_flight[0].start
        records = self._records_at(start)
        return self._pending(records[0], start.segment) if records else None

    def rewind(self) -> None:
        """Nothing is under way any more; the oldest entry that is not acknowledged is the next one again."""
        self._cursor = self.settled()
        self._in_flight.clear()
        self._committed.clear()

    def acknowledge(self, journal_id: str, seq: int) -> bool:
        """Forget what is committed; True when something was. Entries never sent by us are not forgotten by it."""
        sent = [entry.seq for entry in self._in_flight if entry.journal_id == journal_id and entry.seq <= seq]
        if sent:
            self._committed[journal_id] = max(self._committed.get(journal_id, 0), sent[-1])
        last: _Sent | None = None
        while self._in_flight and self._in_flight[0].seq <= self._committed.get(self._in_flight[0].journal_id, 0):
            last = self._in_flight.popleft()
        if last is None:
            return False
        self._acknowledged.store(Mark(last.journal_id, last.seq))
        reach("acknowledgement.noted")
        self._delete_before(self.settled().segment)
        return True

    def settled(self) -> Place:
        """Everything before this place is acknowledged or was never to be delivered."""
        return self._in_flight[0].start if self._in_flight else self._cursor

    def unacknowledged(self) -> int:
        """Entries written and not acknowledged; approximate while two journals share the folder."""
        if not self.upcoming(1):
            return len(self._in_flight)
        last, journal_id = self._last_written()
        same = journal_id == self._journal_of.get(self._cursor.segment)
        first = self.upcoming(1)[0].seq if same else 1
        return len(self._in_flight) + max(1, last - first + 1)

    def close(self) -> None:
        """Close the files."""
        self._acknowledged.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    # -- reading ------------------------------------------------------------------------------------------------

    def _first_segment(self) -> int:
        """The newest segment that all unacknowledged entries lie in or after; older ones are deleted."""
        numbers = segment_numbers(self._folder)
        first = numbers[0] if numbers else 1
        mark = self._acknowledged.mark
        if mark is not None:
            for number in numbers:
                records = self._records_at(Place(number, 0))
                start = read_start(records[0].payload) if records else None
                if start is not None and start.journal_id == mark.journal_id and start.next_seq <= mark.seq + 1:
                    first = number
        self._delete_before(first)
        return first

    def _records_at(self, place: Place) -> list[Record]:
        try:
            return read_at(self._descriptor_of(place.segment), place.offset, _CHUNK)
        except FileNotFoundError:
            return []
        except CorruptRecord as error:
            if place != self._unreadable:
                logger.warning("{}, byte {}: {}", segment_path(self._folder, place.segment), place.offset, error)
            self._unreadable = place
            return []

    def _descriptor_of(self, number: int) -> int:
        if number != self._open_segment:
            descriptor = os.open(segment_path(self._folder, number), os.O_RDONLY)
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor, self._open_segment = descriptor, number
        return self._descriptor

    def _following(self, place: Place) -> Place | None:
        """Where reading goes on when nothing can be read at `place`; None at the end of the journal."""
        later = [number for number in segment_numbers(self._folder) if number > place.segment]
        if not later:
            return None
        if self._records_at(place):
            return place  # written between the first look and the rotation
        return Place(later[0], 0)

    def _pending(self, record: Record, segment: int) -> Pending | None:
        if record.kind == RecordKind.START:
            self._journal_of[segment] = read_start(record.payload).journal_id
        if record.kind != RecordKind.ENTRY:
            return None
        journal_id = self._journal_of[segment]
        mark = self._acknowledged.mark
        if mark is not None and journal_id == mark.journal_id and record.seq <= mark.seq:
            return None
        return Pending(journal_id, record.seq, record.payload, Place(segment, record.start), Place(segment, record.end))

    def _last_written(self) -> tuple[int, str | None]:
        """Number of the newest entry and its journal, by walking the headers of the last segment."""
        number = segment_numbers(self._folder)[-1]
        data = segment_path(self._folder, number).read_bytes()
        head = read_at(self._descriptor_of(number), 0, _CHUNK)
        if not head:
            return self._last_seq, None
        start = read_start(head[0].payload)
        last, at = start.next_seq - 1, 0
        try:
            while (header := read_header(data, at)) is not None:
                at += HEADER_SIZE + header.length
                if header.kind == RecordKind.ENTRY and at <= len(data):
                    last = header.seq
        except CorruptRecord:
            return last, start.journal_id
        return last, start.journal_id

    def _delete_before(self, segment: int) -> None:
        for number in segment_numbers(self._folder):
            if number >= segment:
                return
            path = segment_path(self._folder, number)
            reach("segment.before_delete")
            if self._unreadable is not None and self._unreadable.segment == number:
                path.rename(path.with_suffix(".unread.corrupt"))
            else:
                path.unlink(missing_ok=True)
            self._journal_of.pop(number, None)
            reach("segment.after_delete")
