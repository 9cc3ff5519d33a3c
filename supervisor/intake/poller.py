"""The one wait of the control loop: sockets of workers, process descriptors, pipes."""

from __future__ import annotations

import errno
import math
import select
import time
from typing import Protocol, runtime_checkable

import zmq


@runtime_checkable
class HasSources(Protocol):
    """Something with ZeroMQ sockets to wait for (the Router)."""

    def sources(self) -> tuple[zmq.Socket[bytes], ...]:
        """The sockets."""


@runtime_checkable
class HasFileno(Protocol):
    """Something with a file descriptor to wait for."""

    def fileno(self) -> int:
        """The descriptor."""


Waitable = HasSources | HasFileno | int


class Poller:
    """Waits until something registered can be read. Used by one thread."""

    def __init__(self) -> None:
        self._poller = zmq.Poller()
        self._owner: dict[zmq.Socket[bytes] | int, Waitable] = {}

    def register(self, waitable: Waitable) -> None:
        """Wait for `waitable` from now on: a router, a descriptor, or an object with `fileno()`. Twice is once."""
        for source in _sources(waitable):
            self._owner[source] = waitable
            self._poller.register(source, zmq.POLLIN)

    def unregister(self, waitable: Waitable) -> None:
        """Wait for it no longer; works after its descriptor was closed, and for what was never registered."""
        for source in [source for source, owner in self._owner.items() if owner is waitable or owner == waitable]:
            del self._owner[source]
            self._poller.unregister(source)

    def wait(self, timeout_seconds: float | None) -> set[Waitable]:
        """What is ready (readable, at its end, or in error), after at most `timeout_seconds`; None waits for ever.

        A signal does not end the wait early by itself; register the descriptor of `signal.set_wakeup_fd` for that.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + max(0.0, timeout_seconds)
        if not self._owner:  # ZeroMQ does not wait for nothing
            select.select([], [], [], timeout_seconds)
            return set()
        while True:
            try:
                ready = self._poller.poll(_milliseconds_until(deadline))
            except (InterruptedError, zmq.error.InterruptedSystemCall):
                continue
            except zmq.ZMQError as error:
                if error.errno != errno.EINTR:
                    raise
                continue
            return {self._owner[source] for source, _ in ready if source in self._owner}


def _sources(waitable: Waitable) -> tuple[zmq.Socket[bytes] | int, ...]:
    if isinstance(waitable, int):
        return (waitable,)
    if isinstance(waitable, HasSources):
        return waitable.sources()
    return (waitable.fileno(),)


def _milliseconds_until(deadline: float | None) -> int | None:
    """Rounded up, so that a timer which is due then is really due."""
    return None if deadline is None else max(0, math.ceil((deadline - time.monotonic()) * 1000))
