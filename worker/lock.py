"""The lock of a bot: whoever holds it is the bot's one life on this host.

The kernel frees it at death, however sudden, so it survives the supervisor and never goes stale.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from types import TracebackType

from common.errors import TransientError
from common.file_lock import try_lock
from common.process import facts_of
from common.wire.launch import LOCK_NAME, LockNote

_NOTE_SIZE = 99
"""Bytes that every note fills, so that one replaces another by a single write: cheaper than emptying the file."""


class LockHeldError(TransientError):
    """Another life of this bot is running."""

    def __init__(self, path: Path, note: str) -> None:
        super().__init__(
            f"{path} is held by another life of this bot ({note or 'no note in it'}); "
            f"a bot has one life at a time: try again when that one has ended"
        )


class LifeLock:
    """The lock file in a bot's state folder, held from `acquire` (or entering) to `release` (or death).

    Other programs that this process starts do not inherit it, nor do its forks.
    """

    def __init__(self, state_dir: Path, incarnation: int) -> None:
        self.path = state_dir / LOCK_NAME
        self._incarnation = incarnation
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock at once. Raises LockHeldError when another life has it, OSError when the folder forbids it."""
        descriptor = self._open()
        try:
            if not try_lock(descriptor):
                raise LockHeldError(self.path, os.read(descriptor, 200).decode(errors="replace").strip())
            self._write_note(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        _close_in_forks(self)

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> LifeLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _write_note(self, descriptor: int) -> None:
        facts = facts_of(os.getpid())
        note = LockNote(pid=os.getpid(), created=facts.created if facts else None, incarnation=self._incarnation)
        text = note.model_dump_json().encode().ljust(_NOTE_SIZE) + b"\n"
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, text)
        if os.fstat(descriptor).st_size != len(text):
            os.ftruncate(descriptor, len(text))

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.path, flags, 0o600)


def _close_in_forks(lock: LifeLock) -> None:
    """A fork shares the open file and would keep the bot locked after this life's death."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(lock)

    def close_copy() -> None:
        held = reference()
        if held is not None:
            held.release()

    os.register_at_fork(after_in_child=close_copy)
