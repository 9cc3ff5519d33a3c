"""A whole supervisor of one's own as a child process, for a replay."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

_COMMAND = (sys.executable, "-m", "supervisor")
_OWN_PREFIXES = ("BOTVISOR_", "WATCHDOG_", "LISTEN_")
_OWN = frozenset({"DB_URL", "NOTIFY_SOCKET"})
_STOP_SECONDS = 40.0
_LAST_LINES = 20


class ReplaySupervisor:
    """`python -m supervisor` with settings of its own; ends, its workers with it, when the context is left."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        """What it prints goes to `supervisor.out` in `folder`; relative paths mean what they mean to this process.

        Raises OSError when it cannot be started.
        """
        self._output = folder / "supervisor.out"
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                _COMMAND,
                env={**_environment(), **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> ReplaySupervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """The end of what it printed."""
        return "\n".join(self._output.read_text(errors="replace").splitlines()[-_LAST_LINES:])

    def stop(self) -> None:
        """Ask it to end, and wait; one that does not is killed."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    """This process's environment without what another supervisor is set by."""
    return {
        name: value for name, value in os.environ.items() if name not in _OWN and not name.startswith(_OWN_PREFIXES)
    }
