"""A descriptor that one thread makes readable and another waits on."""

from __future__ import annotations

import os
import socket


class Wake:
    """Readable after `set`, not readable after `clear`; both are safe from any thread."""

    def __init__(self) -> None:
        self._pair: tuple[socket.socket, socket.socket] | None = None
        if hasattr(os, "eventfd"):
            self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._pair = socket.socketpair()
            for end in self._pair:
                end.setblocking(False)
            self._fd = self._pair[0].fileno()

    def fileno(self) -> int:
        return self._fd

    def set(self) -> None:
        try:
            if self._pair is None:
                os.eventfd_write(self._fd, 1)
            else:
                self._pair[1].send(b"\0")
        except BlockingIOError:
            return

    def clear(self) -> None:
        try:
            if self._pair is None:
                os.eventfd_read(self._fd)
            else:
                self._pair[0].recv(65536)
        except BlockingIOError:
            return

    def close(self) -> None:
        if self._pair is None:
            os.close(self._fd)
        else:
            for end in self._pair:
                end.close()
