"""Looks at the host, warns when it is short of something, and has the bots slow down while that lasts.

Belongs to the control loop.
"""

from __future__ import annotations

from typing import Any

from loguru import logger

from common.clock import Clock
from common.wire.messages import Throttle
from supervisor.fleet.roster import Life, Roster
from supervisor.intake.router import Router
from supervisor.processes.usage import HostMeter, HostUsage
from supervisor.reconcile.pressure import Pressure, PressurePolicy, Resource, pressure_after
from supervisor.record.pen import Record

_NAMES = {Resource.CPU: "CPU", Resource.MEMORY: "memory", Resource.DISK: "the state folder's file system"}


class HostWatch:
    """The control loop's eye on the host."""

    def __init__(
        self,
        roster: Roster,
        router: Router,
        record: Record,
        meter: HostMeter,
        policy: PressurePolicy,
        *,
        interval: float,
        pause: float,
        clock: Clock,
    ) -> None:
        """`pause` is what a throttled bot waits after each bar, in seconds; 0: none is ever throttled."""
        self._roster = roster
        self._router = router
        self._record = record
        self._meter = meter
        self._policy = policy
        self._interval = interval
        self._pause = pause
        self._pressure = Pressure()
        self.usage: HostUsage | None = None
        """The last look; None before the first."""
        self.due = clock.monotonic()
        """Monotonic time of the next look."""

    @property
    def throttled(self) -> bool:
        """Whether the bots are slowed down."""
        return self._pause > 0 and self._pressure.throttled

    def look(self, now: float) -> None:
        """One look; a change is logged, and told to the bots."""
        self.due = now + self._interval
        self.usage = usage = self._meter.read()
        measured = {
            Resource.CPU: usage.cpu_percent,
            Resource.MEMORY: usage.memory_percent,
            Resource.DISK: usage.disk_percent,
        }
        used = {resource: percent for resource, percent in measured.items() if percent is not None}
        before, throttled = self._pressure, self.throttled
        self._pressure = pressure_after(before, used, self._policy)
        for resource in self._pressure.strains.keys() - before.strains.keys():
            self._warn(resource, used[resource])
        for resource in before.strains.keys() - self._pressure.strains.keys():
            logger.info("The host has enough of {} again: {:.0f} % used", _NAMES[resource], used[resource])
        if self.throttled != throttled:
            self._tell_all()

    def greet(self, life: Life) -> None:
        """A life has said its name: it hears of a shortage; an adopted one also that there is none."""
        if self.throttled or life.worker.adopted:
            self._router.send(life.incarnation, self._word())

    def document(self) -> dict[str, Any]:
        """The host as the status tells it."""
        usage = self.usage
        return {
            "cpu_percent": usage and usage.cpu_percent,
            "memory_percent": usage and usage.memory_percent,
            "disk_percent": usage and usage.disk_percent,
            "network_bytes_sent": usage and usage.bytes_sent,
            "network_bytes_received": usage and usage.bytes_received,
            "short_of": sorted(str(resource) for resource in self._pressure.strains),
            "throttled": self.throttled,
        }

    def _warn(self, resource: Resource, percent: float) -> None:
        limit = self._policy.warn_percent[resource]
        sentence = f"{_NAMES[resource]} is short: {percent:.0f} % used, above the limit of {limit:g} %"
        logger.warning("The host: {}", sentence)
        self._record.shortage(resource, f"The host: {sentence}")

    def _tell_all(self) -> None:
        if self.throttled:
            logger.warning("The host is short for some time: bots evaluate less often until that ends")
        else:
            logger.info("Bots evaluate as often as before")
        for life in self._roster.lives():
            self._router.send(life.incarnation, self._word())

    def _word(self) -> Throttle:
        return Throttle(pause_seconds=self._pause if self.throttled else 0.0)
