"""Ease of movement."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import TIMEPERIOD, Calculator
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Values

_VOLUME_UNIT = 1e8
_LEAST_HEIGHT = 1e-7
_LARGEST_BOX = 1e10


class EOM(Calculator):
    """Mean of the last n of: how far the middle of the bar moved, divided by the bar's box ratio.

    Middle = (high + low) / 2; box ratio = (volume / 10^8) / (high - low). A bar no higher than 10^-7 or without volume
    has the box ratio 10^10: it counts as hardly moved. A movement exists from bar 1 on; first valid at bar n.
    """

    type_name = "EOM"
    inputs = ("high", "low", "volume")
    outputs = ("eom",)
    parameters = (TIMEPERIOD,)

    def __init__(self, period: int) -> None:
        self._period = period
        self._window = Window(period)
        self._before: float | None = None

    @classmethod
    def from_values(cls, values: Values) -> EOM:
        """A fresh calculator from `timeperiod`."""
        return cls(int(values["timeperiod"]))

    @property
    def lookback(self) -> int:
        """The period."""
        return self._period

    def update(self, high: float, low: float, volume: float) -> tuple[float]:
        """The mean with this bar as the newest."""
        middle, height = (high + low) / 2.0, high - low
        before, self._before = self._before, middle
        if before is None:
            return (math.nan,)
        box = volume / _VOLUME_UNIT / height if height > _LEAST_HEIGHT and volume > 0.0 else _LARGEST_BOX
        if not self._window.take((middle - before) / box):
            return (math.nan,)
        return (mean(self._window.values),)
