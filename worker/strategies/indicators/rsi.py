"""Relative strength index."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import SERIES, TIMEPERIOD, Calculator
from worker.strategies.indicators.wilder import WilderAverage
from worker.strategies.parameters import Values

_NOT_READY = (math.nan,)


class RSI(Calculator):
    """Wilder's RSI: 100 x gain / (gain + loss) of the smoothed gains and losses; first valid at bar n.

    0 when gain + loss is exactly 0, that is when nothing has moved since the first bar; there is no tolerance.
    NaN inputs (an indicator that is not valid yet) are passed over.
    """

    type_name = "RSI"
    inputs = SERIES
    outputs = ("rsi",)
    parameters = (TIMEPERIOD,)

    def __init__(self, period: int) -> None:
        self._period = period
        self._gain = WilderAverage(period)
        self._loss = WilderAverage(period)
        self._before = math.nan

    @classmethod
    def from_values(cls, values: Values) -> RSI:
        """A fresh calculator from `timeperiod`."""
        return cls(int(values["timeperiod"]))

    @property
    def lookback(self) -> int:
        """The period."""
        return self._period

    def update(self, value: float) -> tuple[float]:
        """The index with `value` as the newest."""
        if math.isnan(value):
            return _NOT_READY
        change = value - self._before
        self._before = value
        if math.isnan(change):
            return _NOT_READY
        gain = self._gain.take(change if change > 0.0 else 0.0)
        loss = self._loss.take(-change if change < 0.0 else 0.0)
        moved = gain + loss
        return (100.0 * gain / moved if moved != 0.0 else 0.0,)
