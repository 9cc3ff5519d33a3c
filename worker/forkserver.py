"""The fork server: a clean, single-threaded process that has imported everything and forks lives on request.

Executed as `python -m worker.forkserver --socket FD`. It holds no thread, socket of a library, event loop, log
sink or secret; it passes each ticket on as an open file without reading it. It reaps its children and says how
they ended. When the supervisor is gone it leaves, and its children live on.
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
import warnings
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

import setproctitle

from common.crash_points import reach
from common.process import become_subreaper, bury, facts_of, next_dead_child, why_no_process
from common.strays import kill_strays
from common.wire.launch import (
    CHECK,
    MOST_FILES,
    NOT_STARTED,
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
from worker.preload import preload, preload_exchanges

_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


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

    Writing to the supervisor may block: there is nobody else to serve, and the children do not depend on us.
    """

    def __init__(self, connection: socket.socket, body: entry.Body | None) -> None:
        self._connection = connection
        self._body = body
        self._numbers: dict[int, int] = {}
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
            waiting = {descriptor for descriptor, _ in poller.poll()}
            if self._woken in waiting:
                self._bury_dead()
            if self._connection.fileno() in waiting and not self._serve_one():
                return

    def _serve_one(self) -> bool:
        record, files, _, _ = socket.recv_fds(self._connection, REQUEST.size, MOST_FILES, _CLOSE_ON_EXEC)
        try:
            if len(record) < REQUEST.size:
                return False
            kind, number = REQUEST.unpack(record)
            job = self._job(kind, files)
            if job is None:
                self._say(Refused(number=number, reason=f"request {kind!r} with {len(files)} files is not known"))
            else:
                self._fork(number, files, job)
        finally:
            for descriptor in files:
                os.close(descriptor)
        return True

    def _job(self, kind: bytes, files: Sequence[int]) -> Callable[[], object] | None:
        if kind in (SPAWN, SPAWN_AT_EXCHANGE) and len(files) == 1:
            if kind == SPAWN_AT_EXCHANGE:
                preload_exchanges()
            return lambda: entry.run(files[0], self._body)
        if kind == CHECK and len(files) == 2:
            return lambda: check.run(files[0], files[1])
        return None

    def _fork(self, number: int, files: Sequence[int], job: Callable[[], object]) -> None:
        threads = _thread_count()
        if threads != 1:
            self._say(
                Refused(number=number, reason=f"the fork server has {threads} threads; forking needs exactly one")
            )
            return
        gate, opener = os.pipe()
        try:
            with warnings.catch_warnings():
                # From 3.12 on Python counts threads by a look at /proc that a process title with spaces misleads.
                warnings.filterwarnings("ignore", message=".*multi-threaded", category=DeprecationWarning)
                reach("fork.before")
                pid = os.fork()
            if pid == 0:
                _be_child(gate, opener, files, job)
        except (OSError, MemoryError) as error:
            self._say(Refused(number=number, reason=f"fork failed: {why_no_process(error)}"))
        else:
            reach("fork.after")
            self._numbers[pid] = number
            facts = facts_of(pid)
            self._say(Born(number=number, pid=pid, created=facts.created if facts else None))
            reach("fork.told")
            with contextlib.suppress(BrokenPipeError):
                os.write(opener, b"!")
        finally:
            os.close(gate)
            os.close(opener)

    def _bury_dead(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._woken, 4096):
                pass
        buried = False
        while (pid := next_dead_child()) is not None:
            death = bury(pid)
            buried = True
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


def _be_child(gate: int, opener: int, files: Sequence[int], job: Callable[[], object]) -> NoReturn:
    """Never returns into the server's loop.

    The child waits at the gate until its birth is announced: were the server killed before, the supervisor
    could neither know nor find this life.
    """
    try:
        os.setsid()
        os.close(opener)
        if not os.read(gate, 1):
            os._exit(NOT_STARTED)
        signal.set_wakeup_fd(-1)
        _close_all_but({0, 1, 2, *files})
        gc.enable()
        job()
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


def _thread_count() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except FileNotFoundError:
        return threading.active_count()


def _wake_only(number: int, frame: FrameType | None) -> None:
    """SIGCHLD needs a handler for the wakeup descriptor to be written."""


if __name__ == "__main__":
    main(sys.argv[1:])
