"""Signals of the supervisor: handlers only remember and wake; the control loop acts.

No logging, no locks, no allocation worth naming happens inside a handler.
"""

from __future__ import annotations

import signal
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_CAUGHT = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")


class SignalInbox:
    """Signals that arrived and were not yet acted upon; readable by `fileno` when there are any."""

    def __init__(self) -> None:
        self._arrived: deque[signal.Signals] = deque(maxlen=1000)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        return self._reader.fileno()

    def take(self) -> list[signal.Signals]:
        """Everything that arrived since the last call, oldest first."""
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            pass
        taken = []
        while self._arrived:
            taken.append(self._arrived.popleft())
        return taken

    def close(self) -> None:
        """Close the descriptors; the inbox must not be listening any more."""
        self._reader.close()
        self._writer.close()

    @contextmanager
    def listening(self) -> Iterator[SignalInbox]:
        """Catch the supervisor's signals while inside; old handlers come back afterwards."""
        numbers = [getattr(signal, name) for name in _CAUGHT if hasattr(signal, name)]
        before = {number: signal.signal(number, self._remember) for number in numbers}
        wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        try:
            yield self
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._arrived.append(signal.Signals(number))
