"""Files without a name: how a ticket or a question reaches a process unseen by any other."""

from __future__ import annotations

import os
import tempfile


def anonymous_file(content: bytes = b"") -> int:
    """An open, nameless, read-write file with `content`, positioned at its start; the caller closes it.

    In memory on Linux; elsewhere on disk with its name removed. Raises OSError.
    """
    descriptor = _open()
    try:
        with open(descriptor, "wb", closefd=False) as sink:
            sink.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def contents(descriptor: int) -> bytes:
    """All that is in the file, whatever its position; the file is closed."""
    with open(descriptor, "rb") as source:
        source.seek(0)
        return source.read()


def _open() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("botvisor", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as unlinked:
        return os.dup(unlinked.fileno())
