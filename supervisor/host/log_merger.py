"""Merges the processes' own log files into one combined file and one file of errors.

Each process writes its own file, so no pipe to the supervisor can block a worker or break with it. This
thread reads what was appended since last time, also while no supervisor ran, and owns the merged files.
"""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import os
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from loguru import logger

COMBINED = "botvisor.jsonl"
ERRORS = "errors.jsonl"
_ERROR_LEVELS = {"ERROR", "CRITICAL"}
_CHUNK = 1 << 20
_LAZY = 4
"""How many intervals pass between looks while nothing is logged."""


_HEAD = 64


@dataclass(slots=True)
class _Tail:
    """One source file being read: the open file and the bytes of an unfinished line."""

    file: BinaryIO
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class _Position:
    """How far a file has been merged, and what it begins with, for numbers of deleted files are given to others."""

    offset: int
    head: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A file as it is found in the folder."""

    path: Path
    inode: int
    size: int
    rotated: bool
    """Nobody writes to it any more."""


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
        self._tails: dict[int, _Tail] = {}
        self._absent: set[int] = set()
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
        pause = self._interval
        while not self._stopping.wait(pause):
            pause = self._interval if self._pass() else min(2 * pause, _LAZY * self._interval)
        self._pass()
        self._pass()
        for tail in self._tails.values():
            tail.file.close()
        self._combined.close()
        self._errors.close()

    def _pass(self) -> bool:
        """Merge what came since the last pass; whether anything did."""
        try:
            sources = self._sources()
            gone = self._gone({source.inode for source in sources})
            moved = [self._retire(inode) for inode in self._tails.keys() & gone]
            moved += [self._follow(source) for source in sources]
            self._positions = {inode: at for inode, at in self._positions.items() if inode not in gone}
            if any(moved):
                self._save_positions()
            return any(moved)
        except OSError as error:
            logger.warning("Log files cannot be merged now: {}", error)
            return False

    def _gone(self, present: set[int]) -> set[int]:
        """Files that are there no more; absent twice, for a file that is being renamed may be missed once."""
        absent = (self._tails.keys() | self._positions.keys()) - present
        gone, self._absent = absent & self._absent, absent
        return gone

    def _sources(self) -> list[_Source]:
        """Files that processes write or wrote, each rotated one before the one that is written now."""
        bots = self._folder / "bots"
        files = [*sorted(bots.glob("bot-*.jsonl")), *sorted(self._folder.glob("supervisor*.jsonl"))]
        found = []
        for path in files:
            with contextlib.suppress(FileNotFoundError):
                seen = path.stat()
                found.append(_Source(path, seen.st_ino, seen.st_size, rotated="." in path.stem))
        return found

    def _follow(self, source: _Source) -> bool:
        """Read what a file gained; one that was rotated is read to its end and closed."""
        tail = self._tails.get(source.inode)
        if tail is None:
            known = self._positions.get(source.inode)
            if source.rotated and known is not None and known.offset == source.size:
                return False
            tail = self._open(source)
            if tail is None:
                return False
        if source.size < tail.file.tell():
            tail.file.seek(0)
        moved = self._drain(source.inode, tail)
        return self._retire(source.inode) or moved if source.rotated else moved

    def _open(self, source: _Source) -> _Tail | None:
        file = open_seen(source.path, source.inode)
        if file is None:
            return None
        known = self._positions.get(source.inode)
        same = known is not None and known.offset <= source.size and known.head == _head(file, known.offset)
        file.seek(known.offset if known is not None and same else 0)
        tail = self._tails[source.inode] = _Tail(file)
        return tail

    def _retire(self, inode: int) -> bool:
        """Merge the last of a file that nobody writes to any more, and close it."""
        tail = self._tails[inode]
        moved = self._drain(inode, tail)
        if tail.rest:
            self._merge(tail.rest.decode("utf-8", "replace"))
            tail.rest = b""
            self._note(inode, tail)
        del self._tails[inode]
        tail.file.close()
        return moved

    def _drain(self, inode: int, tail: _Tail) -> bool:
        moved = False
        while chunk := tail.file.read(_CHUNK):
            moved = True
            *lines, tail.rest = (tail.rest + chunk).split(b"\n")
            for line in lines:
                self._merge(line.decode("utf-8", "replace"))
        if moved:
            self._note(inode, tail)
        return moved

    def _note(self, inode: int, tail: _Tail) -> None:
        end = tail.file.tell()
        offset = end - len(tail.rest)
        self._positions[inode] = _Position(offset, _head(tail.file, offset))
        tail.file.seek(end)

    def _merge(self, text: str) -> None:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if not isinstance(line, dict):
            line = {"level": "ERROR", "message": text, "damaged": True}
            text = json.dumps(line)
        _write(self._combined, text)
        if line.get("level") in _ERROR_LEVELS:
            _write(self._errors, text)
        if self._echo is not None and line.get("process") == "worker":
            self._echo(line)

    def _load_positions(self) -> dict[int, _Position]:
        try:
            loaded = json.loads(self._positions_file.read_text())
            return {int(inode): _Position(int(offset), int(head)) for inode, (offset, head) in loaded.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _save_positions(self) -> None:
        fresh = self._positions_file.with_suffix(".new")
        fresh.write_text(json.dumps({inode: (at.offset, at.head) for inode, at in self._positions.items()}))
        fresh.replace(self._positions_file)


def open_seen(path: Path, inode: int) -> BinaryIO | None:
    """The file at `path` if it still is the one with that inode; None when it was renamed or removed meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    if os.fstat(file.fileno()).st_ino == inode:
        return file
    file.close()
    return None


def _head(file: BinaryIO, offset: int) -> int:
    """Checksum of what a file merged up to `offset` begins with; moves the file's position."""
    file.seek(0)
    return zlib.crc32(file.read(min(offset, _HEAD)))


def _rotating(path: Path, rotation_mb: float, keep: int) -> logging.handlers.RotatingFileHandler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=int(rotation_mb * 1_000_000), backupCount=keep, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _write(handler: logging.Handler, text: str) -> None:
    handler.emit(logging.LogRecord("botvisor", logging.INFO, "", 0, text, None, None))
