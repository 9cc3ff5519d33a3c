"""When performance is told although no trade was closed."""

from __future__ import annotations

import math


class MetricsSchedule:
    """Due once per interval of monotonic time, counted in each life from its beginning."""

    def __init__(self, interval: float, began: float) -> None:
        """Both in seconds; an interval of 0 is never due."""
        self._interval = interval
        self._next = began + interval if interval > 0 else math.inf

    def is_due(self, now: float) -> bool:
        """Whether the interval is over; then the next one begins."""
        if now < self._next:
            return False
        self._next = now + self._interval
        return True
