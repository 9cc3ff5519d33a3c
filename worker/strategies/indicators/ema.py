"""Exponential moving average."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import SERIES, TIMEPERIOD, Calculator
from worker.strategies.indicators.window import mean
from worker.strategies.parameters import Values


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


class EMA(Calculator):
    """Exponential mean with weight 2 / (n + 1), seeded with the mean of the first n values; first valid at bar n - 1.

    NaN inputs (an indicator that is not valid yet) are passed over.
    """

    type_name = "EMA"
    inputs = SERIES
    outputs = ("ema",)
    parameters = (TIMEPERIOD,)

    def __init__(self, period: int) -> None:
        self._period = period
        self._average = ExponentialAverage(period)

    @classmethod
    def from_values(cls, values: Values) -> EMA:
        """A fresh calculator from `timeperiod`."""
        return cls(int(values["timeperiod"]))

    @property
    def lookback(self) -> int:
        """The period."""
        return self._period

    def update(self, value: float) -> tuple[float]:
        """The average with `value` as the newest."""
        return (math.nan if math.isnan(value) else self._average.take(value),)
