"""Whose an order is, at an exchange that does not know our ids: all bots of a host that share an account agree.

A small file names our id for each of the exchange's. Who writes first has it: no order is taken for that of two.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from common.file_lock import locked

_LARGEST, _KEPT = 400_000, 200_000
"""Bytes; when the file grows beyond, its older part is dropped. An order is looked for soon after it was sent."""


class Claims:
    """The orders of one account in one instrument. Any number of processes may use it."""

    def __init__(self, folder: Path, exchange: str, key: str, symbol: str) -> None:
        digest = hashlib.sha256(f"{key}\n{symbol}".encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(folder / f"{exchange}-{digest}.orders", flags, 0o600)

    def claim(self, exchange_order_id: str, client_order_id: str) -> bool:
        """Say that the exchange's order is ours; False when it is another's."""
        with locked(self._descriptor):
            content = self._read()
            owner = _owners(content).get(exchange_order_id)
            if owner is None:
                self._write(content + f"{exchange_order_id}\t{client_order_id}\n".encode())
        return owner in (None, client_order_id)

    def of_others(self, client_order_id: str) -> set[str]:
        """The exchange's ids of orders that are known to be others."""
        with locked(self._descriptor):
            owners = _owners(self._read())
        return {exchange_id for exchange_id, owner in owners.items() if owner != client_order_id}

    def close(self) -> None:
        """Let go of the file; it stays for the others."""
        os.close(self._descriptor)

    def _read(self) -> bytes:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.read(self._descriptor, 2 * _LARGEST)

    def _write(self, content: bytes) -> None:
        if len(content) > _LARGEST:
            content = content[-_KEPT:].partition(b"\n")[2]
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, content)
        os.ftruncate(self._descriptor, len(content))


def _owners(content: bytes) -> dict[str, str]:
    lines = (line.split("\t") for line in content.decode(errors="replace").splitlines())
    return {parts[0]: parts[1] for parts in lines if len(parts) == 2}
