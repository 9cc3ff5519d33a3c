"""Average true range."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import TIMEPERIOD, Calculator
from worker.strategies.indicators.true_range import TrueRange
from worker.strategies.indicators.wilder import WilderAverage
from worker.strategies.parameters import Values


class ATR(Calculator):
    """Wilder's average of max(high - low, |high - previous close|, |low - previous close|).

    The true range exists from bar 1 on; the average is first valid at bar n.
    """

    type_name = "ATR"
    inputs = ("high", "low", "close")
    outputs = ("atr",)
    parameters = (TIMEPERIOD,)

    def __init__(self, period: int) -> None:
        self._period = period
        self._average = WilderAverage(period)
        self._range = TrueRange()

    @classmethod
    def from_values(cls, values: Values) -> ATR:
        """A fresh calculator from `timeperiod`."""
        return cls(int(values["timeperiod"]))

    @property
    def lookback(self) -> int:
        """The period."""
        return self._period

    def update(self, high: float, low: float, close: float) -> tuple[float]:
        """The average with this bar as the newest."""
        reach = self._range.take(high, low, close)
        return (math.nan if math.isnan(reach) else self._average.take(reach),)
