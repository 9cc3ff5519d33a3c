"""Wilder's smoothing, the recurrence under RSI and ATR."""

from __future__ import annotations

import math

from worker.strategies.indicators.window import mean


class WilderAverage:
    """First the mean of n values, then (average x (n - 1) + value) / n for each further one."""

    def __init__(self, period: int) -> None:
        self._period = period
        self._first: list[float] = []
        self._average = math.nan

    def take(self, value: float) -> float:
        """The average with `value` as the newest; NaN until n values were taken."""
        if not math.isnan(self._average):
            self._average = (self._average * (self._period - 1) + value) / self._period
            return self._average
        self._first.append(value)
        if len(self._first) == self._period:
            self._average = mean(self._first)
            self._first.clear()
        return self._average
