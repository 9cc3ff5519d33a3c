"""One rate limit for all processes of a host that speak to an exchange, in a small shared file.

Exchanges count the calls of an address, not of a process. The file holds how far calls are booked ahead, in one line
for each errand: its part of the rate is its own, and where the line of a less urgent errand is shorter it goes there.
So neither orders nor questions about them queue behind prices. After the exchange has asked for fewer calls nobody
calls until the time it named. A holder that dies frees the lock; a file that is damaged, of another boot or of another
program is begun anew.

A bucket belongs to one thread. Times are seconds of the machine's monotonic clock, which all its processes share.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common.file_lock import locked
from worker.link.segments import boot_id

Errand = Literal["prices", "inquiry", "order"]
"""What a call is for, the more urgent the later: the market; what became of orders; sending or taking one back."""
SHARES: Mapping[Errand, float] = {"prices": 0.6, "inquiry": 0.2, "order": 0.2}
"""Part of the rate that is the errand's own."""
LONGEST_QUEUE = 3600.0
"""Seconds ahead of now beyond which what the file says is not believed."""

_ERRANDS: tuple[Errand, ...] = tuple(SHARES)
_LAYOUT = struct.Struct("<8sI4xdddd")
"""Magic, boot, then: until when each errand's line is booked, in their order; banned until."""
_MAGIC = b"bvrate02"


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

    def book(self, cost: float, errand: Errand, *, at_most: float = LONGEST_QUEUE) -> Booking:
        """Leave for a call of `cost`: how long to wait for it. A wait above `at_most` is told, and not booked."""
        with self._state() as state:
            now = self._monotonic()
            if state.banned > now:
                return Booking(state.banned - now, banned=True)
            open_to_it = _ERRANDS[: _ERRANDS.index(errand) + 1]
            wait, booked, line = min(
                (*self._line(now, state.booked[each], SHARES[each], cost), each) for each in open_to_it
            )
            if wait <= at_most:
                state.booked[line] = booked
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
            booked = (state.booked[errand] for errand in _ERRANDS)
            _LAYOUT.pack_into(self._memory, 0, _MAGIC, self._boot, *booked, state.banned)

    def _read(self) -> _State:
        magic, boot, *times = _LAYOUT.unpack_from(self._memory)
        latest = self._monotonic() + LONGEST_QUEUE
        if magic != _MAGIC or boot != self._boot or not all(0.0 <= time <= latest for time in times):
            return _State(dict.fromkeys(_ERRANDS, 0.0), 0.0)
        return _State(dict(zip(_ERRANDS, times, strict=False)), times[-1])


@dataclass(slots=True)
class _State:
    booked: dict[Errand, float]
    banned: float
