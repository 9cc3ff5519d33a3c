"""Ease of movement."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import TIMEPERIOD, Calculator
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Values

_LEAST_RANGE = 1e-7
_VOLUME_SCALE = 1e8
_NO_MOVEMENT = 1e10
"""Box ratio of a bar without range or volume: whatever it moved counts as next to nothing."""


class EOM(Calculator):
    """Mean of the last n values of distance / box ratio; first valid at bar n.

    Distance = the change of (high + low) / 2; box ratio = (volume / 10^8) / (high - low) where high - low > 10^-7 and
    volume > 0, else 10^10.
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
        middle = (high + low) / 2.0
        before, self._before = self._before, middle
        if before is None:
            return (math.nan,)
        height = high - low
        moves = height > _LEAST_RANGE and volume > 0.0
        box = (volume / _VOLUME_SCALE) / height if moves else _NO_MOVEMENT
        return (mean(self._window.values) if self._window.take((middle - before) / box) else math.nan,)
