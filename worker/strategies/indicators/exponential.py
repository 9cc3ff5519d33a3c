"""Exponential smoothing, the recurrence under EMA and MACD."""

from __future__ import annotations

import math

from worker.strategies.indicators.window import mean


class ExponentialAverage:
    """First the mean of n values, then average + (value - average) x 2 / (n + 1) for each further one."""

    def __init__(self, period: int) -> None:
        self._period = period
        self._weight = 2.0 / (period + 1)
        self._first: list[float] = []
        self._average = math.nan

    def take(self, value: float) -> float:
        """The average with `value` as the newest; NaN until n values were taken."""
        if not math.isnan(self._average):
            self._average += (value - self._average) * self._weight
            return self._average
        self._first.append(value)
        if len(self._first) == self._period:
            self._average = mean(self._first)
            self._first.clear()
        return self._average
