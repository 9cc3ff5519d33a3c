"""Reading log files for `botctl logs`: the last lines, and what comes after them."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from supervisor.log_merger import COMBINED, ERRORS

_LOOK_AGAIN = 0.3


def log_file(log_dir: Path, bot_id: int | None, *, errors: bool) -> Path:
    """The file that tells it: a bot's own, or the combined or error file."""
    if bot_id is not None and not errors:
        return log_dir / "bots" / f"bot-{bot_id}.jsonl"
    return log_dir / (ERRORS if errors else COMBINED)


def last_lines(path: Path, count: int, bot_id: int | None) -> list[dict[str, Any]]:
    """The last `count` lines, oldest first; of one bot when `bot_id` is given. Raises FileNotFoundError."""
    kept: deque[dict[str, Any]] = deque(maxlen=count)
    with path.open("rb") as file:
        kept.extend(line for line in _parsed(file) if _concerns(line, bot_id))
    return list(kept)


def following(path: Path, bot_id: int | None) -> Iterator[dict[str, Any]]:
    """Lines as they are appended from now on, also across rotation; ends only with the process."""
    pause = threading.Event()
    file = path.open("rb")
    file.seek(0, 2)
    inode = path.stat().st_ino
    while True:
        yield from (line for line in _parsed(file) if _concerns(line, bot_id))
        pause.wait(_LOOK_AGAIN)
        if path.exists() and path.stat().st_ino != inode:
            yield from (line for line in _parsed(file) if _concerns(line, bot_id))
            file.close()
            file = path.open("rb")
            inode = path.stat().st_ino


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


def _concerns(line: dict[str, Any], bot_id: int | None) -> bool:
    return bot_id is None or line.get("bot_id") == bot_id
