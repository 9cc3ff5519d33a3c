"""Reading log files for `botctl logs`: the last lines, and what comes after them."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from supervisor.host.log_merger import COMBINED, ERRORS

_LOOK_AGAIN = 0.3


def log_file(log_dir: Path, bot_id: int | None, *, errors: bool) -> Path:
    """The file that tells it: a bot's own, or the combined or error file."""
    if bot_id is not None and not errors:
        return log_dir / "bots" / f"bot-{bot_id}.jsonl"
    return log_dir / (ERRORS if errors else COMBINED)


class LogView:
    """An open log; what follows begins where the last lines ended, so that nothing between them is missed."""

    def __init__(self, path: Path, bot_id: int | None) -> None:
        """Lines of one bot when `bot_id` is given. Raises FileNotFoundError."""
        self._path = path
        self._bot_id = bot_id
        self._file = path.open("rb")

    def last(self, count: int) -> list[dict[str, Any]]:
        """The last `count` lines, oldest first."""
        return list(deque(self._concerning(), maxlen=count))

    def following(self) -> Iterator[dict[str, Any]]:
        """Lines as they are appended, also across rotation; ends only with the process."""
        pause = threading.Event()
        while True:
            yield from self._concerning()
            pause.wait(_LOOK_AGAIN)
            if self._path.exists() and self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino:
                yield from self._concerning()
                self._file.close()
                self._file = self._path.open("rb")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _concerning(self) -> Iterator[dict[str, Any]]:
        for line in _parsed(self._file):
            if self._bot_id is None or line.get("bot_id") == self._bot_id:
                yield line


def _parsed(file: Any) -> Iterator[dict[str, Any]]:
    while raw := file.readline():
        if not raw.endswith(b"\n"):
            file.seek(-len(raw), 1)
            return
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line
