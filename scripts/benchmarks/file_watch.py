"""Sees the first change of a file the moment it happens: inotify on Linux, looking again and again elsewhere."""

from __future__ import annotations

import ctypes
import os
import select
import sys
import time
from pathlib import Path
from types import TracebackType

_IN_MODIFY = 0x2


class FileWatch:
    """Watches one existing file from the moment it is made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = path.stat().st_mtime_ns
        self._descriptor = _inotify(path) if sys.platform == "linux" else -1

    def __enter__(self) -> FileWatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def changed_at(self, within: float) -> float:
        """Monotonic time of the first change. Raises TimeoutError."""
        if self._descriptor >= 0:
            if select.select([self._descriptor], [], [], within)[0]:
                return time.monotonic()
            raise TimeoutError(f"{self._path} did not change within {within:g} s")
        deadline = time.monotonic() + within
        while self._path.stat().st_mtime_ns == self._before:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._path} did not change within {within:g} s")
        return time.monotonic()


def _inotify(path: Path) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    if descriptor < 0 or libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_MODIFY) < 0:
        raise OSError(ctypes.get_errno(), f"inotify on {path}")
    return descriptor
