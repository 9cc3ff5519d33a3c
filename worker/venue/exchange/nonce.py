"""Numbers that only ever rise, for exchanges that take a request by number: one count for all processes of a host.

kraken, bitfinex and others refuse a request whose number is not above the last one of the same key. The client library
counts in each process alone, from a clock that each has set by its own measurement.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from typing import Any

from common.file_lock import locked

_NUMBER = struct.Struct("<q")
_BELIEVED = 3_600_000
"""How far ahead of the present number what the file says is believed: an hour, where numbers are milliseconds."""


class Nonces:
    """The last number used with one key, in a small file. Any number of processes may use it."""

    def __init__(self, folder: Path, exchange: str, key: str) -> None:
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(folder / f"{exchange}-{digest}.nonce", flags, 0o600)

    def next(self, present: int) -> int:
        """A number above every one before it; `present`, the clock's, when it is."""
        with locked(self._descriptor):
            last = self._last()
            number = last + 1 if present <= last <= present + _BELIEVED else present
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, _NUMBER.pack(number))
        return number

    def close(self) -> None:
        """Let go of the file; it stays for the others."""
        os.close(self._descriptor)

    def _last(self) -> int:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        content = os.read(self._descriptor, _NUMBER.size)
        return int(_NUMBER.unpack(content)[0]) if len(content) == _NUMBER.size else 0


def count_together(client: Any, nonces: Nonces) -> None:
    """Have `client` take the numbers of its requests from `nonces`."""
    client.incrementing_nonce = lambda: nonces.next(int(client.nonce()))
