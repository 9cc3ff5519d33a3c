"""What lives and the host use: processor, memory, disk, network. Every look is short and none waits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from common.process import facts_of
from supervisor.processes.child import ON_PROC
from supervisor.processes.port import ProcessIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeUsage:
    """What one life has used up to one moment."""

    cpu_seconds: float
    """Processor time since its birth, in user and kernel mode, of its own threads."""
    resident: int
    """Bytes of memory in use, those it still shares with the fork server included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryShares:
    """Whose a life's memory is, in bytes."""

    proportional: int
    """PSS: shared pages divided by the number of those who share them."""
    unique: int
    """USS: what its end would free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUsage:
    """The host at one moment; percents of all there is, network counters since boot."""

    cpu_percent: float | None
    """Since the look before; None at the first."""
    memory_percent: float
    disk_percent: float | None
    """Of the file system of the state folder; None when it cannot be read."""
    bytes_sent: int
    bytes_received: int


def usage_of(identity: ProcessIdentity) -> LifeUsage | None:
    """One look at a life; None when it is gone, or its number belongs to another by now."""
    if ON_PROC:
        facts = facts_of(identity.pid)
        if facts is None or facts.dead or facts.created != identity.create_time:
            return None
        return LifeUsage(cpu_seconds=facts.cpu_seconds, resident=facts.resident)
    try:
        process = psutil.Process(identity.pid)
        times = process.cpu_times()
        return LifeUsage(cpu_seconds=times.user + times.system, resident=process.memory_info().rss)
    except psutil.Error:
        return None


def shares_of(identity: ProcessIdentity) -> MemoryShares | None:
    """A longer look, up to some milliseconds; None when the life is gone or the system does not tell."""
    try:
        memory = psutil.Process(identity.pid).memory_full_info()
    except (psutil.Error, OSError):
        return None
    unique = getattr(memory, "uss", None)
    return None if unique is None else MemoryShares(proportional=getattr(memory, "pss", unique), unique=unique)


class HostMeter:
    """Looks at the host; remembers the last look, since processor use is a difference."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = str(state_dir)
        self._looked = False

    def read(self) -> HostUsage:
        """The host now."""
        cpu = psutil.cpu_percent(None)
        network = psutil.net_io_counters()
        first, self._looked = not self._looked, True
        return HostUsage(
            cpu_percent=None if first else cpu,
            memory_percent=psutil.virtual_memory().percent,
            disk_percent=self._disk(),
            bytes_sent=network.bytes_sent if network else 0,
            bytes_received=network.bytes_recv if network else 0,
        )

    def _disk(self) -> float | None:
        try:
            return float(psutil.disk_usage(self._state_dir).percent)
        except OSError:
            return None
