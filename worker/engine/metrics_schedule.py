"""When performance is told although no trade was closed."""

from __future__ import annotations

import math


class MetricsSchedule:
    """Due once per interval of monotonic time; each life counts from its first bar."""

    def __init__(self, interval: float) -> None:
        """In seconds; an interval of 0 is never due."""
        self._interval = interval
        self._next: float | None = None if interval > 0 else math.inf

    def is_due(self, now: float) -> bool:
        """Whether the interval is over; then the next one begins."""
        due = self._next is not None and now >= self._next
        if due or self._next is None:
            self._next = now + self._interval
        return due
