"""Tells when processes end, without reaping them; they need not be our children."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections import deque

import psutil

from supervisor.processes.child import is_alive
from supervisor.processes.port import ProcessIdentity
from supervisor.processes.signals import open_pidfd


class PidfdWatch:
    """Watches by pidfd: one descriptor per process behind one that can be polled (Linux)."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._gone_already: list[ProcessIdentity] = []
        self._unwatched: list[ProcessIdentity] = []
        """Living processes for which no descriptor was free; looked at whenever somebody asks."""
        self._wake = _Wake()
        self._selector.register(self._wake.reader, selectors.EVENT_READ, None)

    def fileno(self) -> int:
        """Readable when `ended` has something to say."""
        return self._selector.fileno()

    def add(self, identity: ProcessIdentity) -> None:
        """Watch `identity`; it is told as ended at once if it has ended already."""
        descriptor = open_pidfd(identity.pid)
        if not is_alive(identity):
            if descriptor is not None:
                os.close(descriptor)
            self._gone_already.append(identity)
            self._wake.up()
        elif descriptor is None:
            self._unwatched.append(identity)  # no descriptor is free; it must not be taken for dead
        else:
            self._selector.register(descriptor, selectors.EVENT_READ, identity)

    def ended(self) -> list[ProcessIdentity]:
        """Processes that ended since the last call; each is told once and then forgotten."""
        self._wake.clear()
        told, self._gone_already = self._gone_already, []
        gone = [identity for identity in self._unwatched if not is_alive(identity)]
        self._unwatched = [identity for identity in self._unwatched if identity not in gone]
        told += gone
        for key, _ in self._selector.select(0):
            if key.data is not None:
                self._drop(key.fd)
                told.append(key.data)
        return told

    def close(self) -> None:
        """Stop watching."""
        for key in list((self._selector.get_map() or {}).values()):
            if key.data is not None:
                self._drop(key.fd)
        self._selector.close()
        self._wake.close()

    def _drop(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)


class ThreadWatch:
    """Watches with one waiting thread per process: for systems without pidfds."""

    def __init__(self) -> None:
        self._ended: deque[ProcessIdentity] = deque()
        self._wake = _Wake()

    def fileno(self) -> int:
        """Readable when `ended` has something to say."""
        return self._wake.reader.fileno()

    def add(self, identity: ProcessIdentity) -> None:
        """Watch `identity`; it is told as ended at once if it has ended already."""
        threading.Thread(target=self._wait, args=(identity,), name=f"watch-{identity.pid}", daemon=True).start()

    def ended(self) -> list[ProcessIdentity]:
        """Processes that ended since the last call; each is told once and then forgotten."""
        self._wake.clear()
        told = []
        while self._ended:
            told.append(self._ended.popleft())
        return told

    def close(self) -> None:
        """Stop listening to the waiting threads; they end with their processes."""
        self._wake.close()

    def _wait(self, identity: ProcessIdentity) -> None:
        if is_alive(identity):
            _wait_unreaped(identity.pid)
        self._ended.append(identity)
        self._wake.up()


Watch = PidfdWatch | ThreadWatch


def a_watch() -> Watch:
    """The best watch of this system."""
    probe = open_pidfd(os.getpid())
    if probe is None:
        return ThreadWatch()
    os.close(probe)
    return PidfdWatch()


def _wait_unreaped(pid: int) -> None:
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            return
    with contextlib.suppress(psutil.Error):
        psutil.Process(pid).wait()


class _Wake:
    """A descriptor that any thread can make readable."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)

    def up(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.send(b"!")

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.reader.recv(4096):
                pass

    def close(self) -> None:
        self.reader.close()
        self._writer.close()
