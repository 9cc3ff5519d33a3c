"""One rate limit for all processes of a host that speak to an exchange, in a small shared file.

Exchanges count the calls of an address, not of a process. The file holds how far calls are booked ahead: reads may
book `READ_SHARE` of the rate, orders the rest and what reads leave; so orders never queue behind reads and both wait in
turn. After the exchange has asked for fewer calls nobody calls until the time it named. A holder that dies frees the
lock; a file that is damaged, of another boot or of another program is begun anew.

A bucket belongs to one thread. Times are seconds of the machine's monotonic clock, which all its processes share.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.file_lock import locked
from worker.link.segments import boot_id

READ_SHARE = 0.8
LONGEST_QUEUE = 3600.0
"""Seconds ahead of now beyond which what the file says is not believed."""

_LAYOUT = struct.Struct("<8sI4xddd")
"""Magic, boot, then: reads booked until, orders booked until, banned until."""
_MAGIC = b"bvrate01"


@dataclass(frozen=True, slots=True)
class Booking:
    """What became of asking for leave to call."""

    wait: float
    """Seconds to wait before the call."""
    banned: bool = False
    """Nothing was booked: the exchange has shut the door for `wait` seconds."""


class RateBucket:
    """The shared limit in `path`: `rate` units of cost a second, bursts of `burst` seconds' worth."""

    def __init__(self, path: Path, rate: float, monotonic: Callable[[], float], burst: float = 1.0) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._burst = burst
        self._boot = zlib.crc32((boot_id() or "").encode())
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        with locked(self._descriptor):
            if os.fstat(self._descriptor).st_size != _LAYOUT.size:
                os.ftruncate(self._descriptor, 0)
                os.ftruncate(self._descriptor, _LAYOUT.size)
            self._memory = mmap.mmap(self._descriptor, _LAYOUT.size)

    def close(self) -> None:
        """Let go of the file; it stays for the others."""
        self._memory.close()
        os.close(self._descriptor)

    def book(self, cost: float, *, order: bool, at_most: float = LONGEST_QUEUE) -> Booking:
        """Leave for a call of `cost`: how long to wait for it. A wait above `at_most` is told, and not booked."""
        with self._state() as state:
            now = self._monotonic()
            if state.banned > now:
                return Booking(state.banned - now, banned=True)
            lines = [(state.reads, READ_SHARE, "reads")]
            if order:
                lines.append((state.orders, 1.0 - READ_SHARE, "orders"))
            wait, booked, name = min((*self._line(now, until, share, cost), name) for until, share, name in lines)
            if wait <= at_most:
                setattr(state, name, booked)
            return Booking(wait)

    def ban(self, seconds: float) -> None:
        """Nobody calls for so long; a longer ban that is under way stays."""
        with self._state() as state:
            state.banned = max(state.banned, self._monotonic() + min(seconds, LONGEST_QUEUE))

    def banned_for(self) -> float:
        """Seconds until calls are allowed again, 0 when they are."""
        with self._state() as state:
            return max(0.0, state.banned - self._monotonic())

    def _line(self, now: float, until: float, share: float, cost: float) -> tuple[float, float]:
        """(seconds to wait, booked until then) in a line with this share of the rate."""
        begin = max(until, now - self._burst)
        booked = begin + cost / (self._rate * share)
        return max(0.0, begin - now), booked

    @contextmanager
    def _state(self) -> Iterator[_State]:
        with locked(self._descriptor):
            state = self._read()
            yield state
            _LAYOUT.pack_into(self._memory, 0, _MAGIC, self._boot, state.reads, state.orders, state.banned)

    def _read(self) -> _State:
        magic, boot, *times = _LAYOUT.unpack_from(self._memory)
        latest = self._monotonic() + LONGEST_QUEUE
        if magic != _MAGIC or boot != self._boot or not all(0.0 <= time <= latest for time in times):
            return _State(0.0, 0.0, 0.0)
        return _State(*times)


@dataclass(slots=True)
class _State:
    reads: float
    orders: float
    banned: float
