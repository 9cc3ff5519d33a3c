"""A child of the fork server, from its fork until it is let go."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

from common.process import facts_of
from common.wire.launch import MOST_FILES, NOT_STARTED

Job = Callable[[bytes, Sequence[int]], NoReturn]
"""What a child does, given the kind of its request and the files that came with it."""

_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class Newborn:
    """A child that waits at its gate for what it shall do.

    It begins nothing before: were the server killed earlier, the supervisor could neither know nor find it. Then, and
    when it is dropped, it ends with `NOT_STARTED`. The gate has one owner, the fork server's only thread.
    """

    def __init__(self, job: Job, prepare: Callable[[], object] = lambda: None) -> None:
        """Fork it. It does `prepare` before it waits, for which one that is made in advance has time.

        Raises OSError, MemoryError when the system refuses.
        """
        self._gate, theirs = socket.socketpair()
        try:
            with warnings.catch_warnings():
                # From 3.12 on Python counts threads by a look at /proc that a process title with spaces misleads.
                warnings.filterwarnings("ignore", message=".*multi-threaded", category=DeprecationWarning)
                self.pid = os.fork()
            if self.pid == 0:
                _wait(theirs, job, prepare)
        except BaseException:
            self._gate.close()
            raise
        finally:
            theirs.close()
        facts = facts_of(self.pid)
        self.created = facts.created if facts else None
        """Create time as `common.process` tells it; None where the system does not."""

    def let_go(self, kind: bytes, files: Sequence[int]) -> None:
        """Give it its request. One that has died meanwhile is left to whoever buries it."""
        with contextlib.suppress(OSError), self._gate:
            socket.send_fds(self._gate, [kind], list(files))

    def drop(self) -> None:
        """Send it away with nothing done; it is still to be buried."""
        self._gate.close()

    def see_off(self) -> None:
        """Send it away and bury it."""
        self.drop()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _wait(gate: socket.socket, job: Job, prepare: Callable[[], object]) -> NoReturn:
    """Never returns into the server's loop."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        _close_all_but({0, 1, 2, gate.fileno()})
        prepare()
        kind, files, _, _ = socket.recv_fds(gate, 1, MOST_FILES, _CLOSE_ON_EXEC)
        if kind:
            gate.close()
            gc.enable()
            job(kind, files)
    finally:
        os._exit(NOT_STARTED)


def _close_all_but(kept: set[int]) -> None:
    try:
        opened = {int(name) for name in os.listdir("/proc/self/fd")}
    except FileNotFoundError:
        opened = set(range(256))
    for descriptor in opened - kept:
        with contextlib.suppress(OSError):
            os.close(descriptor)
