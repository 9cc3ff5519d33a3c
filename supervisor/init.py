"""A tiny init in front of the service, for a container whose first process is the supervisor.

The first process of a container has duties the service must not have: it inherits every orphan and must reap it, its
end is the end of everything, and signals without a handler pass it by. So it stays behind as small as it is, forks the
service before anything is imported, and starts it again when it crashes; the workers live on meanwhile and are adopted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from common.process import become_subreaper
from common.strays import children

FORWARDED = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
RESTART_DELAY = 1.0
GRACE = 5.0
"""Seconds that what is left has between SIGTERM and SIGKILL; a worker has been asked by the supervisor before."""
_NEVER_AGAIN = frozenset({0, 78})
"""Exit codes that another start would not change: stopped as asked; wrong settings."""
_STOPS = frozenset({"SIGTERM", "SIGINT"})


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the service ended, as a shell would say it."""

    code: int


class Init:
    """Keeps one child running until it ends on purpose, and reaps everything that becomes ours."""

    def __init__(
        self, serve: Callable[[], int], leaves: Callable[[], bool], restart_delay: float = RESTART_DELAY
    ) -> None:
        """`serve` runs in the child, whose exit code it returns. `leaves`: whether an end was for an upgrade."""
        self._serve = serve
        self._leaves = leaves
        self._restart_delay = restart_delay
        self._signals = {getattr(signal, name) for name in (*FORWARDED, "SIGCHLD")}
        self._service: int | None = None
        self._stop_asked = False

    def run(self) -> int:
        """Run until the service has been stopped; its exit code. Ends what is left before it returns."""
        become_subreaper()
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        while True:
            self._service = self._fork()
            code = self._until_ended()
            upgrade = code == 0 and not self._stop_asked and self._leaves()
            if self._stop_asked or (code in _NEVER_AGAIN and not upgrade):
                break
            self._say(f"the service ended with {code}; starting it again, workers go on")
            if not upgrade and self._asked_to_stop_within(self._restart_delay):
                code = 0
                break
        self._end_rest()
        return code

    def _fork(self) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            os.setpgid(0, 0)  # what a terminal sends to all of us is to reach it once, through us
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._signals)
            code = self._serve()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _until_ended(self) -> int:
        while True:
            ended = self._reap()
            if ended is not None:
                return ended.code
            number = signal.sigwait(self._signals)
            if number != signal.SIGCHLD:
                self._forward(signal.Signals(number))

    def _forward(self, number: signal.Signals) -> None:
        self._stop_asked |= number.name in _STOPS
        if self._service is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._service, number)

    def _reap(self) -> _Ended | None:
        """Reap all that have ended; the service's end, if it is among them."""
        found = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if pid == 0:
                return found
            if pid == self._service:
                self._service = None
                code = os.waitstatus_to_exitcode(status)
                found = _Ended(code if code >= 0 else 128 - code)

    def _asked_to_stop_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            told = signal.sigtimedwait(self._signals, left)
            self._reap()
            if told is not None and signal.Signals(told.si_signo).name in _STOPS:
                return True
        return False

    def _end_rest(self) -> None:
        """SIGTERM, then SIGKILL, for every process that became ours."""
        for number, grace in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
            deadline = time.monotonic() + grace
            while (left := self._living()) and time.monotonic() < deadline:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, number)
                signal.sigtimedwait(self._signals, min(0.5, max(0.0, deadline - time.monotonic())))

    def _living(self) -> list[int]:
        self._reap()
        return children()

    def _say(self, text: str) -> None:
        print(f"botvisor init: {text}", file=sys.stderr, flush=True)  # noqa: T201 - it keeps no log of its own
