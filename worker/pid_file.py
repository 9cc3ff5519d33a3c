"""The pid file of a bot: `kill -HUP $(cat 7.pid)` reaches this life and nobody else."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType


class PidFile:
    """Names this process in `path` while entered. Enter it only while holding the life lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self) -> None:
        """Replace the file as a whole: a reader sees the old pid or the new one. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.write_text(f"{os.getpid()}\n")
        draft.replace(self.path)

    def remove(self) -> None:
        """Remove the file if it still names this process."""
        try:
            if self.path.read_text().strip() == str(os.getpid()):
                self.path.unlink()
        except OSError:
            return

    def __enter__(self) -> PidFile:
        self.write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()
