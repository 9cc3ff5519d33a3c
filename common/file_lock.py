"""An exclusive lock on an open file that the kernel frees at the holder's death, however sudden."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt

    _FAR_BYTE = 1 << 20
    """msvcrt locks are mandatory; a byte behind the content leaves the content readable."""

    def try_lock(descriptor: int) -> bool:
        """Lock the open file; False when another process holds it."""
        os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    @contextmanager
    def locked(descriptor: int) -> Iterator[None]:
        """Hold the lock of the open file, waiting for it; for a few instructions only. Raises OSError after 10 s."""
        os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock the open file; False when another process holds it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def locked(descriptor: int) -> Iterator[None]:
        """Hold the lock of the open file, waiting for it; for a few instructions only. Raises OSError."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
