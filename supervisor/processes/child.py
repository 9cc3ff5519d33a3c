"""Whether a process is the one that was meant."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import psutil

from common.process import facts_of
from supervisor.processes.port import ProcessIdentity

ON_PROC = Path("/proc/self/stat").exists()
"""Whether the kernel tells of processes by files, as Linux does."""


def create_time(pid: int) -> float | None:
    """When `pid` was born: seconds since boot on Linux, since the epoch elsewhere; None when it does not live.

    psutil's create time is derived from the wall clock on Linux and moves when the clock is set, which would
    make every survivor a stranger; the kernel's own count from boot does not.
    """
    if ON_PROC:
        facts = facts_of(pid)
        return None if facts is None or facts.dead else facts.created
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def identity_of(pid: int) -> ProcessIdentity | None:
    """The living process that now has the number `pid`."""
    created = create_time(pid)
    return None if created is None else ProcessIdentity(pid, created)


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether this very process lives; a zombie does not."""
    return create_time(identity.pid) == identity.create_time


@cache
def boot_id() -> str:
    """Name of this run of the machine; create times of another run mean nothing. Empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
