"""The small file that remembers which entries the supervisor has committed.

Two fixed lines, written in turn, each with a counter and a checksum: a torn write spoils one and leaves the
other. Losing the file costs nothing but sending entries again.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import NamedTuple

from loguru import logger

_LINE = 96
FILE_NAME = "acknowledged"


class Mark(NamedTuple):
    """Everything of journal `journal_id` up to and including `seq`, and all older journals, is committed."""

    journal_id: str
    seq: int


class AcknowledgedFile:
    """Owner of the file; used by one thread."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the file cannot be opened for writing."""
        self._path = folder / FILE_NAME
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._counter, self._mark = _newest(os.pread(self._descriptor, 2 * _LINE, 0))
        self._failing = False

    @property
    def mark(self) -> Mark | None:
        """The newest mark, None before the first acknowledgement."""
        return self._mark

    def store(self, mark: Mark) -> None:
        """Remember `mark`; a write that fails is logged once and only means sending again."""
        self._counter += 1
        self._mark = mark
        try:
            os.pwrite(self._descriptor, _line(self._counter, mark), (self._counter % 2) * _LINE)
        except OSError as error:
            if not self._failing:
                logger.warning("{} cannot be written: {}; entries may be sent again after a restart", self._path, error)
            self._failing = True
        else:
            self._failing = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read_mark(folder: Path) -> Mark | None:
    """The newest mark kept in `folder`, None when there is none that can be read."""
    try:
        return _newest((folder / FILE_NAME).read_bytes())[1]
    except FileNotFoundError:
        return None


def _line(counter: int, mark: Mark) -> bytes:
    text = f"{counter:020d} {mark.journal_id} {mark.seq:020d}"
    return f"{text} {zlib.crc32(text.encode()):08x}".ljust(_LINE - 1).encode() + b"\n"


def _newest(data: bytes) -> tuple[int, Mark | None]:
    found = [read for read in (_parse(data[:_LINE]), _parse(data[_LINE : 2 * _LINE])) if read is not None]
    return max(found, key=lambda read: read[0]) if found else (0, None)


def _parse(line: bytes) -> tuple[int, Mark] | None:
    text, _, check = line.decode("ascii", "replace").rstrip().rpartition(" ")
    if not check or f"{zlib.crc32(text.encode()):08x}" != check:
        return None
    counter, journal_id, seq = text.split(" ")
    return int(counter), Mark(journal_id, int(seq))
