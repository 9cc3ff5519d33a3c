"""What the operating system allows this user and has left."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimits:
    """Limits of this process and what the host has free."""

    open_files: int | None
    """Soft limit of descriptors; None = no limit, or none to be read on this system."""
    processes: int | None
    """Soft limit of the user's processes; None as above."""
    memory_available: int
    """Bytes that could be used without swapping."""
    memory_total: int
    cores: int


def read_limits() -> HostLimits:
    """The limits as they are now."""
    memory = psutil.virtual_memory()
    return HostLimits(
        open_files=_soft("RLIMIT_NOFILE"),
        processes=_soft("RLIMIT_NPROC"),
        memory_available=memory.available,
        memory_total=memory.total,
        cores=psutil.cpu_count() or 1,
    )


def take_all_descriptors() -> None:
    """Raise the soft limit of open files to the hard one, for this process and what it starts.

    A ZeroMQ socket that cannot accept a connection for want of descriptors ends the whole process.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _soft(name: str) -> int | None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return None
    soft, _ = resource.getrlimit(getattr(resource, name))
    return None if soft == resource.RLIM_INFINITY else soft
