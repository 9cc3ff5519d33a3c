"""SuperTrend."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD, Calculator
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Parameter, Values

_NOT_READY = (math.nan, math.nan)


class SUPERTREND(Calculator):
    """A line that trails the price and turns when a close crosses it; direction 1 below the price, -1 above.

    Bands = (high + low) / 2 plus and minus k times the simple mean of the last n true ranges. Bar n begins with
    direction 1 on the lower band. In direction 1 a close at or below the line turns it to the upper band, else the
    line is the greater of itself and the lower band; direction -1 mirrors that.
    """

    type_name = "SUPERTREND"
    inputs = ("high", "low", "close")
    outputs = ("super_trend", "direction")
    parameters = (
        Parameter(name="length", kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning="true ranges in the mean"),
        Parameter(name="multiplier", kind="number", minimum=0, meaning="distance of the bands in mean true ranges"),
    )

    def __init__(self, length: int, multiplier: float) -> None:
        self._length = length
        self._multiplier = multiplier
        self._ranges = Window(length)
        self._before: float | None = None
        self._line = math.nan
        self._direction = 1.0

    @classmethod
    def from_values(cls, values: Values) -> SUPERTREND:
        """A fresh calculator from `length` and `multiplier`."""
        return cls(int(values["length"]), float(values["multiplier"]))

    @property
    def lookback(self) -> int:
        """length + 1."""
        return self._length + 1

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Line and direction at this bar."""
        before, self._before = self._before, close
        if before is None:
            return _NOT_READY
        if not self._ranges.take(max(high - low, abs(high - before), abs(low - before))):
            return _NOT_READY
        middle, distance = (high + low) / 2.0, self._multiplier * mean(self._ranges.values)
        self._move(close, middle + distance, middle - distance)
        return self._line, self._direction

    def _move(self, close: float, upper: float, lower: float) -> None:
        if math.isnan(self._line):
            self._line = lower
        elif self._direction > 0:
            self._turn(close <= self._line, upper, max(lower, self._line))
        else:
            self._turn(close >= self._line, lower, min(upper, self._line))

    def _turn(self, turns: bool, beyond: float, along: float) -> None:
        if turns:
            self._direction = -self._direction
        self._line = beyond if turns else along
