"""Exponential moving average."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import SERIES, TIMEPERIOD, Calculator
from worker.strategies.indicators.exponential import ExponentialAverage
from worker.strategies.parameters import Values


class EMA(Calculator):
    """Exponential average of weight 2 / (n + 1), begun with the mean of the first n values; first valid at bar n - 1.

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
        if math.isnan(value):
            return (math.nan,)
        return (self._average.take(value),)
