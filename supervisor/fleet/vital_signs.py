"""What the watchdog measured of one life, and what it made of it. Plain memory of the control loop."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from supervisor.processes.usage import LifeUsage, MemoryShares
from supervisor.reconcile.health import Checkup, HealthPolicy, Vitals

_MINUTE = 60.0


@dataclass(slots=True, kw_only=True)
class VitalSigns:
    """The newest measures of one life; all moments are monotonic seconds."""

    policy: HealthPolicy | None = None
    """Its thresholds: the service's, with the limits of its config; None before the first look."""
    checkup: Checkup = field(default_factory=Checkup)
    examine_at: float = 0.0
    """When the next thorough check is due."""
    weigh_at: float = 0.0
    """When its memory is looked at next, if that is limited."""
    measured_at: float | None = None
    cpu_seconds: float = 0.0
    """Processor time used up to `measured_at`."""
    cpu_percent: float | None = None
    cpu_percent_before: float | None = None
    memory_bytes: int | None = None
    shares: MemoryShares | None = None
    response_time: float | None = None
    """Seconds that the newest answer took."""
    probe: int = 0
    """Number of the newest question to its trading loop."""
    asked_at: float | None = None
    """When that was asked; None once it is answered."""
    errors: deque[tuple[float, int]] = field(default_factory=deque)
    """Counts of logged errors within the last minute, and the newest before it."""

    def take(self, usage: LifeUsage, now: float) -> None:
        """The newest look; the processor's share is that since the look before."""
        if self.measured_at is not None and now > self.measured_at:
            self.cpu_percent_before = self.cpu_percent
            self.cpu_percent = 100.0 * max(0.0, usage.cpu_seconds - self.cpu_seconds) / (now - self.measured_at)
        self.measured_at, self.cpu_seconds, self.memory_bytes = now, usage.cpu_seconds, usage.resident

    def count_errors(self, count: int, now: float) -> None:
        """The life has logged `count` errors so far."""
        self.errors.append((now, count))
        while len(self.errors) > 1 and self.errors[1][0] <= now - _MINUTE:
            self.errors.popleft()

    def asked(self, now: float) -> int:
        """Number of a new question, asked now."""
        self.probe += 1
        self.asked_at = now
        return self.probe

    def answered(self, number: int, now: float) -> None:
        """The trading loop came across question `number`."""
        if self.asked_at is not None and number == self.probe:
            self.response_time, self.asked_at = now - self.asked_at, None

    def error_rate(self) -> float | None:
        """Errors a minute; None when nothing was counted yet. Within the first minute: errors so far."""
        if len(self.errors) < 2:
            return None
        (began, before), (ended, after) = self.errors[0], self.errors[-1]
        return (after - before) * _MINUTE / max(_MINUTE, ended - began)

    def vitals(self, heard_at: float, progress_at: float, now: float) -> Vitals:
        """Everything as the assessment takes it; an answer that is owed counts as long as it is owed."""
        owed = None if self.asked_at is None else now - self.asked_at
        return Vitals(
            heartbeat_age=max(0.0, now - heard_at),
            progress_age=max(0.0, now - progress_at),
            response_time=max((time for time in (self.response_time, owed) if time is not None), default=None),
            error_rate=self.error_rate(),
            cpu_percent=self.cpu_percent,
            cpu_percent_before=self.cpu_percent_before,
            memory_bytes=self.memory_bytes,
        )
