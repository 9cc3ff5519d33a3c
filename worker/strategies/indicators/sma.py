"""Simple moving average."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import SERIES, TIMEPERIOD, Calculator
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Values


class SMA(Calculator):
    """Mean of the last n values; first valid at bar n - 1. The sum is `math.fsum`, oldest to newest."""

    type_name = "SMA"
    inputs = SERIES
    outputs = ("sma",)
    parameters = (TIMEPERIOD,)

    def __init__(self, period: int) -> None:
        self._window = Window(period)
        self._period = period

    @classmethod
    def from_values(cls, values: Values) -> SMA:
        """A fresh calculator from `timeperiod`."""
        return cls(int(values["timeperiod"]))

    @property
    def lookback(self) -> int:
        """The period."""
        return self._period

    def update(self, value: float) -> tuple[float]:
        """The mean with `value` as the newest."""
        if not self._window.take(value):
            return (math.nan,)
        return (mean(self._window.values),)
