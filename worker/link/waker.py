"""A bell that one thread rings and another waits for among its sockets."""

from __future__ import annotations

import socket


class Waker:
    """A socket pair: `ring` from any thread, `fileno` and `silence` for the one that polls."""

    def __init__(self) -> None:
        self._hearing, self._ringing = socket.socketpair()
        self._hearing.setblocking(False)
        self._ringing.setblocking(False)
        self._rung = False

    def fileno(self) -> int:
        """Readable while the bell has been rung and not silenced."""
        return self._hearing.fileno()

    def ring(self) -> None:
        """Wake the poller; ringing twice before it answers costs nothing, ringing a closed bell does nothing."""
        if self._rung:
            return
        self._rung = True
        try:
            self._ringing.send(b"!")
        except OSError:
            return

    def silence(self) -> None:
        """Take note of the ringing. What was written before a `ring` is seen by a look taken after this."""
        try:
            while self._hearing.recv(64) == b"!" * 64:
                pass
        except BlockingIOError:
            pass
        self._rung = False

    def close(self) -> None:
        """Close both ends."""
        self._hearing.close()
        self._ringing.close()
