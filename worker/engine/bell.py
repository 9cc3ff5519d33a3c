"""A bell: wakes the trading thread out of its wait, from any thread and from a signal handler."""

from __future__ import annotations

import os
import selectors
import socket


class Bell:
    """An event descriptor where the system has one, a socket pair elsewhere."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sockets: tuple[socket.socket, socket.socket] | None = None
        if hasattr(os, "eventfd"):
            self._read = self._write = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._sockets = socket.socketpair()
            for end in self._sockets:
                end.setblocking(False)
            self._read, self._write = (end.fileno() for end in self._sockets)
        self._selector.register(self._read if self._sockets is None else self._sockets[0], selectors.EVENT_READ)
        self._open = True

    def ring(self) -> None:
        """Wake the waiter, or let its next wait return at once. Never blocks; harmless after `close`."""
        if not self._open:
            return
        try:
            if self._sockets is None:
                os.eventfd_write(self._write, 1)
            else:
                self._sockets[1].send(b"!")
        except (BlockingIOError, OSError):
            return

    def wait(self, seconds: float) -> None:
        """Return when rung, or after `seconds`."""
        if self._selector.select(seconds):
            try:
                if self._sockets is None:
                    os.eventfd_read(self._read)
                else:
                    self._sockets[0].recv(4096)
            except BlockingIOError:
                return

    def close(self) -> None:
        """Give the descriptors back."""
        if not self._open:
            return
        self._open = False
        self._selector.close()
        if self._sockets is None:
            os.close(self._read)
        else:
            for end in self._sockets:
                end.close()
