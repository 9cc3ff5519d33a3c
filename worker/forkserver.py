"""The fork server: a clean, single-threaded process that has imported everything and forks lives on request.

Executed as `python -m worker.forkserver --socket FD`. It holds no thread, socket of a library, event loop, log
sink or secret; it passes each ticket on as an open file without reading it. It reaps its children and says how
they ended. One child waits ready for the next life. When the supervisor is gone it leaves, and the lives it made
live on.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

import setproctitle

from common.crash_points import reach
from common.process import become_subreaper, bury, next_dead_child, why_no_process
from common.strays import kill_strays
from common.wire.launch import (
    CHECK,
    MOST_FILES,
    REQUEST,
    SPAWN,
    SPAWN_AT_EXCHANGE,
    Answer,
    Born,
    Died,
    Ready,
    Refused,
    encode_answer,
)
from worker import check, entry
from worker.newborn import Newborn
from worker.preload import preload, preload_exchanges

_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_FILES = {SPAWN: 1, SPAWN_AT_EXCHANGE: 1, CHECK: 2}
_QUIET_MS = 50
"""Time without a word after which the next child is made ahead."""


def main(arguments: Sequence[str] | None = None, body: entry.Body | None = None) -> NoReturn:
    """Serve until the supervisor closes its end. `body` is what each life does (default: `worker.lifecycle.live`)."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    gc.disable()
    setproctitle.setproctitle("botvisor: fork server")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    broken = preload(name for name in options.preload.split(",") if name)
    become_subreaper()
    server = ForkServer(socket.socket(fileno=options.socket), body)
    gc.collect()
    gc.freeze()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        server.serve(Ready(pid=os.getpid(), seconds=time.monotonic() - began, broken=broken))
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.forkserver", description="Forks workers for a supervisor.")
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the socket to the supervisor")
    parser.add_argument("--preload", default="", help="further modules to import first, separated by commas")
    return parser


class ForkServer:
    """Answers requests on `connection` with child processes.

    A child is made ahead when all is quiet, so that a life that has to be replaced need not wait for a fork; in a
    burst each is forked as it is asked for. Writing to the supervisor may block: there is nobody else to serve, and
    the children do not depend on us.
    """

    def __init__(self, connection: socket.socket, body: entry.Body | None) -> None:
        self._connection = connection
        self._body = body
        self._numbers: dict[int, int] = {}
        self._ahead: Newborn | None = None
        self._wants_ahead = True
        self._woken, self._waker = os.pipe()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)

    def serve(self, ready: Ready) -> None:
        """Until end of file. Raises BrokenPipeError when the supervisor vanishes in the middle of an answer."""
        signal.signal(signal.SIGCHLD, _wake_only)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        poller = select.poll()
        poller.register(self._connection, select.POLLIN)
        poller.register(self._woken, select.POLLIN)
        self._say(ready)
        while True:
            waiting = {descriptor for descriptor, _ in poller.poll(_QUIET_MS if self._wants_ahead else None)}
            if not waiting:
                self._make_ahead()
            if self._woken in waiting:
                self._bury_dead()
            if self._connection.fileno() in waiting and not self._serve_one():
                break
        if self._ahead is not None:
            self._ahead.see_off()

    def _serve_one(self) -> bool:
        record, files, _, _ = socket.recv_fds(self._connection, REQUEST.size, MOST_FILES, _CLOSE_ON_EXEC)
        try:
            if len(record) < REQUEST.size:
                return False
            kind, number = REQUEST.unpack(record)
            if _FILES.get(kind) != len(files):
                self._say(Refused(number=number, reason=f"request {kind!r} with {len(files)} files is not known"))
                return True
            self._serve(number, kind, files)
        finally:
            for descriptor in files:
                os.close(descriptor)
        return True

    def _serve(self, number: int, kind: bytes, files: Sequence[int]) -> None:
        if kind == SPAWN_AT_EXCHANGE and preload_exchanges():
            self._drop_ahead()
        reach("fork.before")
        try:
            child = self._child(kind)
        except (OSError, MemoryError) as error:
            self._say(Refused(number=number, reason=f"fork failed: {why_no_process(error)}"))
            return
        reach("fork.after")
        self._numbers[child.pid] = number
        self._say(Born(number=number, pid=child.pid, created=child.created))
        reach("fork.told")
        child.let_go(kind, files)

    def _child(self, kind: bytes) -> Newborn:
        """Raises OSError, MemoryError."""
        self._wants_ahead = True
        if self._ahead is None or kind == CHECK:
            return self._fork()
        child, self._ahead = self._ahead, None
        return child

    def _fork(self, prepare: Callable[[], object] = lambda: None) -> Newborn:
        if (threads := _thread_count()) != 1:
            raise OSError(f"the fork server has {threads} threads; forking needs exactly one")
        return Newborn(self._do, prepare)

    def _do(self, kind: bytes, files: Sequence[int]) -> NoReturn:
        """What a child does."""
        if kind == CHECK:
            check.run(*files)
        entry.run(files[0], self._body)

    def _make_ahead(self) -> None:
        """One that the system refuses is asked for again after the next request."""
        self._wants_ahead = False
        if self._ahead is None:
            with contextlib.suppress(OSError, MemoryError):
                self._ahead = self._fork(_be_ready)

    def _drop_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.drop()
            self._ahead = None

    def _bury_dead(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._woken, 4096):
                pass
        buried = False
        while (pid := next_dead_child()) is not None:
            death = bury(pid)
            buried = True
            if self._ahead is not None and pid == self._ahead.pid:
                self._drop_ahead()
            number = self._numbers.pop(pid, None)
            if number is None or death is None:
                continue
            self._say(
                Died(
                    number=number,
                    pid=pid,
                    exit_code=death.exit_code,
                    signal=death.signal,
                    core_dumped=death.core_dumped,
                )
            )
        if buried:
            kill_strays(self._numbers)

    def _say(self, answer: Answer) -> None:
        self._connection.sendall(encode_answer(answer))


def _be_ready() -> None:
    setproctitle.setproctitle("botvisor: next life")
    entry.rehearse()


def _thread_count() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except FileNotFoundError:
        return threading.active_count()


def _wake_only(number: int, frame: FrameType | None) -> None:
    """SIGCHLD needs a handler for the wakeup descriptor to be written."""


if __name__ == "__main__":
    main(sys.argv[1:])
