"""SuperTrend."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import Calculator, period
from worker.strategies.indicators.true_range import TrueRange
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Parameter, Values

_NOT_READY = (math.nan, math.nan)


class SUPERTREND(Calculator):
    """A line below a rising market and above a falling one that only moves with the trend, and the trend's sign.

    Bands: (high + low) / 2 plus and minus `multiplier` x the simple mean of the last n true ranges. It begins at bar
    n, rising, on the lower band. While rising, a close at or below the line of the bar before turns it: falling, on
    the upper band; else the line is the higher of lower band and line before. While falling, the mirror image.
    `direction` is 1 or -1.
    """

    type_name = "SUPERTREND"
    inputs = ("high", "low", "close")
    outputs = ("super_trend", "direction")
    parameters = (
        period("length", "true ranges in the mean"),
        Parameter(name="multiplier", kind="number", minimum=0, meaning="mean true ranges from the middle to a band"),
    )

    def __init__(self, length: int, multiplier: float) -> None:
        self._length = length
        self._multiplier = multiplier
        self._range = TrueRange()
        self._window = Window(length)
        self._direction = 1.0
        self._line = -math.inf

    @classmethod
    def from_values(cls, values: Values) -> SUPERTREND:
        """A fresh calculator from `length` and `multiplier`."""
        return cls(int(values["length"]), float(values["multiplier"]))

    @property
    def lookback(self) -> int:
        """The length and the first bar, which has no true range."""
        return self._length + 1

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Line and direction with this bar as the newest."""
        reach = self._range.take(high, low, close)
        if math.isnan(reach) or not self._window.take(reach):
            return _NOT_READY
        middle, half = (high + low) / 2.0, self._multiplier * mean(self._window.values)
        self._move(close, middle - half, middle + half)
        return self._line, self._direction

    def _move(self, close: float, lower: float, upper: float) -> None:
        if self._direction > 0.0:
            if close <= self._line:
                self._direction, self._line = -1.0, upper
            else:
                self._line = max(lower, self._line)
        elif close >= self._line:
            self._direction, self._line = 1.0, lower
        else:
            self._line = min(upper, self._line)
