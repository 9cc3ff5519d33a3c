"""Bollinger bands."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import SERIES, TIMEPERIOD, Calculator
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Parameter, Values

_NOT_READY = (math.nan, math.nan, math.nan)


class BBANDS(Calculator):
    """Mean of the last n values and that mean plus and minus a multiple of their population standard deviation.

    The deviation is taken around the mean in a second pass (`math.fsum` of the squares, oldest to newest), so
    that it is exactly 0 on a flat stretch. First valid at bar n - 1.
    """

    type_name = "BBANDS"
    inputs = SERIES
    outputs = ("upperband", "middleband", "lowerband")
    parameters = (
        TIMEPERIOD,
        Parameter(name="nbdevup", kind="number", default=2.0, minimum=0, meaning="deviations above the mean"),
        Parameter(name="nbdevdn", kind="number", default=2.0, minimum=0, meaning="deviations below the mean"),
        Parameter(
            name="matype",
            kind="integer",
            default=0,
            minimum=0,
            maximum=0,
            meaning="kind of mean; simple, 0, is the only one there is",
        ),
    )

    def __init__(self, period: int, deviations_up: float, deviations_down: float) -> None:
        self._window = Window(period)
        self._period = period
        self._up = deviations_up
        self._down = deviations_down

    @classmethod
    def from_values(cls, values: Values) -> BBANDS:
        """A fresh calculator from `timeperiod`, `nbdevup` and `nbdevdn`."""
        return cls(int(values["timeperiod"]), float(values["nbdevup"]), float(values["nbdevdn"]))

    @property
    def lookback(self) -> int:
        """The period."""
        return self._period

    def update(self, value: float) -> tuple[float, float, float]:
        """Upper, middle and lower band with `value` as the newest."""
        if not self._window.take(value):
            return _NOT_READY
        values = self._window.values
        middle = mean(values)
        deviation = math.sqrt(math.fsum([(x - middle) * (x - middle) for x in values]) / self._period)
        return middle + self._up * deviation, middle, middle - self._down * deviation
