"""Disks that are full, and files whose end was spoilt."""

from __future__ import annotations

import os
import random
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from world import World

_SIZE = "64m"


def mount_small(folder: Path) -> bool:
    """A small file system of its own for `folder`; False where this user may not have one."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=700", "botvisor-test", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def unmount(folder: Path) -> None:
    """Let go of what `mount_small` made."""
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is free on the file system of `folder`."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as sink:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while sink.write(b"\0" * size) == size:
                    pass
    try:
        yield
    finally:
        filler.unlink(missing_ok=True)


@contextmanager
def files_limited(world: World) -> Iterator[None]:
    """The workers that live now may let no file grow: the next best thing to a full disk."""
    limited = [psutil.Process(pid) for pid in world.workers().values()]
    for process in limited:
        with suppress(psutil.Error):
            process.rlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for process in limited:
            with suppress(psutil.Error):
                process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def spoil_tail(journal: Path, chance: random.Random) -> str:
    """Damage the end of the newest segment in a dead bot's journal, in one of three ways; answers which."""
    segments = sorted(journal.glob("*.journal"))
    if not segments:
        return "no journal yet"
    newest, manner = segments[-1], chance.choice(["cut", "overwritten", "continued"])
    size, many = newest.stat().st_size, chance.randint(1, 400)
    if manner == "cut":
        os.truncate(newest, max(0, size - many))
    else:
        with newest.open("r+b") as file:
            file.seek(max(0, size - many) if manner == "overwritten" else size)
            file.write(chance.randbytes(many))
    return f"{newest.name} {manner} by {many} bytes"
