"""The state folder: what a supervisor on this host remembers between its lives.

Holds the lock that keeps a second supervisor out, the identity of the database it belongs to, and the
bots' own folders. Used at start and at births only.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from common.errors import ConfigurationError
from common.file_lock import try_lock


class StateFolder:
    """The folder, held by one supervisor at a time."""

    def __init__(self, folder: Path, run_dir: Path, log_dir: Path) -> None:
        self.path = folder
        self._run_dir = run_dir
        self._log_dir = log_dir
        self._lock: int | None = None

    def __enter__(self) -> StateFolder:
        """Hold the folder. Raises ConfigurationError when another supervisor does."""
        self._lock = self._take_lock(self.path / "supervisor.lock")
        for folder in (self.path / "bots", self._run_dir / "bots", self._log_dir / "bots"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self, path: Path) -> int:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if not try_lock(descriptor):
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigurationError(
                f"Another supervisor (pid {holder}) works on the state folder {self.path}."
                " Stop it first, or give this one a BOTVISOR_STATE_DIR and a database of its own."
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def remembered_database(self) -> str | None:
        """Uuid of the database this folder belongs to; None on its first use."""
        try:
            return (self.path / "database.uuid").read_text().strip() or None
        except FileNotFoundError:
            return None

    def remember_database(self, uuid: str) -> None:
        """Bind this folder to a database for good."""
        path = self.path / "database.uuid"
        if not path.exists():
            fresh = path.with_suffix(".new")
            fresh.write_text(uuid + "\n")
            fresh.replace(path)

    def bot_folder(self, uid: str) -> Path:
        """Folder of one bot: its journal and its lock."""
        folder = self.path / "bots" / uid
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def rate_folder(self) -> Path:
        """Where all lives of this host keep count of their calls to exchanges."""
        folder = self.path / "rates"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def pid_file(self, bot_id: int) -> Path:
        """Where a bot's pid is told."""
        return self._run_dir / "bots" / f"{bot_id}.pid"

    def log_file(self, bot_id: int) -> Path:
        """A worker's own log, JSON lines."""
        return self._log_dir / "bots" / f"bot-{bot_id}.jsonl"

    def output_file(self, bot_id: int) -> Path:
        """A worker's stdout, stderr and stack dumps."""
        return self._log_dir / "bots" / f"bot-{bot_id}.out"


def is_held(folder: Path) -> bool:
    """Whether a supervisor works on the folder at this moment."""
    try:
        descriptor = os.open(folder / "supervisor.lock", os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)
