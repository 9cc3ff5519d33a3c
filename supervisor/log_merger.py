"""Merges the processes' own log files into one combined file and one file of errors.

Each process writes its own file, so no pipe to the supervisor can block a worker or break with it. This
thread reads what was appended since last time, also while no supervisor ran, and owns the merged files.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from loguru import logger

COMBINED = "botvisor.jsonl"
ERRORS = "errors.jsonl"
_ERROR_LEVELS = {"ERROR", "CRITICAL"}
_CHUNK = 1 << 20


@dataclass(slots=True)
class _Tail:
    """One source file being read: the open file and the bytes of an unfinished line."""

    inode: int
    file: BinaryIO
    rest: bytes = b""


class LogMerger:
    """A thread; owner of the merged files, reader of all others."""

    def __init__(
        self,
        log_dir: Path,
        *,
        rotation_mb: float,
        keep: int,
        interval: float = 0.5,
        echo: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._folder = log_dir
        self._interval = interval
        self._echo = echo
        self._positions_file = log_dir / ".merged.json"
        self._tails: dict[Path, _Tail] = {}
        self._stopping = threading.Event()
        self._combined = _rotating(log_dir / COMBINED, rotation_mb, keep)
        self._errors = _rotating(log_dir / ERRORS, rotation_mb, keep)
        self._positions = self._load_positions()
        self._thread = threading.Thread(target=self._run, name="log-merger", daemon=True)

    def start(self) -> None:
        """Begin merging."""
        self._thread.start()

    def stop(self) -> None:
        """Merge what is there, then end."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            self._pass()
        self._pass()
        self._combined.close()
        self._errors.close()

    def _pass(self) -> None:
        try:
            moved = False
            for path in self._sources():
                moved |= self._follow(path)
            if moved:
                self._save_positions()
        except OSError as error:
            logger.warning("Log files cannot be merged now: {}", error)

    def _sources(self) -> list[Path]:
        return [*sorted((self._folder / "bots").glob("bot-*.jsonl")), self._folder / "supervisor.jsonl"]

    def _follow(self, path: Path) -> bool:
        """Read what `path` gained; the old file is read to its end first when it was rotated."""
        tail = self._tails.get(path)
        try:
            inode = path.stat().st_ino
        except FileNotFoundError:
            return False
        moved = False
        if tail is not None and tail.inode != inode:
            moved = self._drain(tail)
            tail.file.close()
            tail = None
        if tail is None:
            tail = self._open(path, inode)
            self._tails[path] = tail
        return self._drain(tail) or moved

    def _open(self, path: Path, inode: int) -> _Tail:
        file = path.open("rb")
        start = self._positions.get(str(inode), 0)
        if start <= path.stat().st_size:
            file.seek(start)
        return _Tail(inode, file)

    def _drain(self, tail: _Tail) -> bool:
        moved = False
        while chunk := tail.file.read(_CHUNK):
            moved = True
            *lines, tail.rest = (tail.rest + chunk).split(b"\n")
            for line in lines:
                self._merge(line.decode("utf-8", "replace"))
        if moved:
            self._positions[str(tail.inode)] = tail.file.tell() - len(tail.rest)
        return moved

    def _merge(self, text: str) -> None:
        try:
            line = json.loads(text)
        except ValueError:
            line = {"level": "ERROR", "message": text, "damaged": True}
            text = json.dumps(line)
        if not isinstance(line, dict):
            return
        _write(self._combined, text)
        if line.get("level") in _ERROR_LEVELS:
            _write(self._errors, text)
        if self._echo is not None and line.get("process") == "worker":
            self._echo(line)

    def _load_positions(self) -> dict[str, int]:
        try:
            loaded = json.loads(self._positions_file.read_text())
            return {str(inode): int(position) for inode, position in loaded.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def _save_positions(self) -> None:
        alive = {str(tail.inode) for tail in self._tails.values()}
        kept = {inode: position for inode, position in self._positions.items() if inode in alive}
        fresh = self._positions_file.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(self._positions_file)


def _rotating(path: Path, rotation_mb: float, keep: int) -> logging.handlers.RotatingFileHandler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=int(rotation_mb * 1_000_000), backupCount=keep, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _write(handler: logging.Handler, text: str) -> None:
    handler.emit(logging.LogRecord("botvisor", logging.INFO, "", 0, text, None, None))
