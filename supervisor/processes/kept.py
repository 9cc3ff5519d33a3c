"""Keeps a supervisor running as a child process: where the system's service manager speaks to one process only.

The child is `python -m supervisor` as everywhere; asked to stop, it is told so on its control socket.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from supervisor.control.socket import ask
from supervisor.host.state_folder import is_held
from supervisor.processes.strays import end_recorded_lives

COMMAND = (sys.executable, "-m", "supervisor")
RESTART_DELAY = 1.0
_ASK_AGAIN = 0.5
_NEVER_AGAIN = frozenset({0, 78})
"""Exit codes that another start would not change: stopped as asked; wrong settings."""


class KeptSupervisor:
    """A supervisor that is started again whenever it crashes; its workers live on meanwhile and are adopted."""

    def __init__(
        self,
        *,
        state_dir: Path,
        run_dir: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
        command: Sequence[str] = COMMAND,
        restart_delay: float = RESTART_DELAY,
    ) -> None:
        """`say` is told what an operator should know; `environment` holds the child's settings."""
        self._state_dir = state_dir
        self._run_dir = run_dir
        self._environment = dict(environment)
        self._say = say
        self._command = tuple(command)
        self._restart_delay = restart_delay
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Keep it running until it is stopped or cannot run; its exit code."""
        try:
            return self._keep()
        finally:
            self._over.set()

    def stop(self, *, within: float, term_grace: float, abort_grace: float) -> None:
        """Stop it from another thread: by request, after `within` seconds by force; what it leaves is ended."""
        self._stopping.set()
        deadline = time.monotonic() + within
        while not self._over.is_set() and time.monotonic() < deadline:
            ask(self._run_dir, {"do": "stop"}, timeout=_ASK_AGAIN)
            self._over.wait(_ASK_AGAIN)
        process = self._process
        if not self._over.is_set() and process is not None:
            self._say(f"the supervisor did not stop within {within:g} s and is ended")
            process.kill()
            self._over.wait(_ASK_AGAIN)
        end_recorded_lives(self._state_dir / "lives", term_grace=term_grace, abort_grace=abort_grace)

    def _keep(self) -> int:
        waits = False
        while not self._stopping.is_set():
            if is_held(self._state_dir):
                if not waits:
                    self._say(f"another supervisor works on {self._state_dir}; waiting for its end")
                waits = True
                self._stopping.wait(self._restart_delay)
                continue
            code = self._serve()
            if self._stopping.is_set() or code in _NEVER_AGAIN:
                return code
            self._say(f"the supervisor ended with {code}; starting it again, workers go on")
            self._stopping.wait(self._restart_delay)
        return 0

    def _serve(self) -> int:
        quiet = subprocess.DEVNULL  # it has its own log files
        self._process = subprocess.Popen(self._command, env=self._environment, stdin=quiet, stdout=quiet, stderr=quiet)
        return self._process.wait()
