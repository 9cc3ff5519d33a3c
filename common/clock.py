"""The only place that asks what time it is.

Wall time (aware UTC) dates facts; monotonic time measures durations; boot time counts suspend too and
bounds a lease.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Source of time, injected so that tests can own it."""

    def now(self) -> datetime:
        """Wall time as aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; may stop during suspend."""

    def boottime(self) -> float:
        """Seconds that never run backwards and go on during suspend where the system tells."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        clock_id = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if clock_id is None else time.clock_gettime(clock_id)
