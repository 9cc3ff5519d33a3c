"""The only place that asks what time it is.

Wall time (aware UTC) dates facts; monotonic time measures durations; boot time counts suspend too and
bounds a lease.

A test steps the wall clock of a whole service, without touching the machine's, by a file: `BOTVISOR_CLOCK_OFFSET`
names it, the seconds in it are added to each wall time asked for from then on.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

OFFSET_VARIABLE = "BOTVISOR_CLOCK_OFFSET"
_OFFSET_FILE = os.environ.get(OFFSET_VARIABLE)


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
        return datetime.now(UTC) if _OFFSET_FILE is None else datetime.now(UTC) + _offset(Path(_OFFSET_FILE))

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        clock_id = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if clock_id is None else time.clock_gettime(clock_id)


def _offset(file: Path) -> timedelta:
    try:
        return timedelta(seconds=float(file.read_text()))
    except (OSError, ValueError):
        return timedelta(0)
