"""Stochastic oscillator."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import Calculator, period
from worker.strategies.indicators.extremes import Highest, Lowest
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Values

_NOT_READY = (math.nan, math.nan)


class STOCH(Calculator):
    """Slow stochastic: where the close lies between the lowest low and the highest high, smoothed twice.

    Fast %K = 100 x (close - lowest low) / (highest high - lowest low) over `fastk_period`, and 0 when all of these
    bars lie at one price, as in TA-Lib. Slow %K is the mean of the last `slowk_period` of it, slow %D the mean of
    the last `slowd_period` of slow %K. Both are first valid at bar fastk + slowk + slowd - 3.
    """

    type_name = "STOCH"
    inputs = ("high", "low", "close")
    outputs = ("slowk", "slowd")
    parameters = (
        period("fastk_period", "bars of the range that the close is placed in"),
        period("slowk_period", "values of fast %K in a mean"),
        period("slowd_period", "values of slow %K in a mean"),
    )

    def __init__(self, fastk: int, slowk: int, slowd: int) -> None:
        self._lookback = max(fastk, slowk, slowd)
        self._highest = Highest(fastk)
        self._lowest = Lowest(fastk)
        self._fast = Window(slowk)
        self._slow = Window(slowd)

    @classmethod
    def from_values(cls, values: Values) -> STOCH:
        """A fresh calculator from `fastk_period`, `slowk_period` and `slowd_period`."""
        return cls(int(values["fastk_period"]), int(values["slowk_period"]), int(values["slowd_period"]))

    @property
    def lookback(self) -> int:
        """The longest of the three periods."""
        return self._lookback

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Slow %K and slow %D with this bar as the newest."""
        lowest = self._lowest.take(low)
        spread = self._highest.take(high) - lowest
        if math.isnan(spread):
            return _NOT_READY
        if not self._fast.take((close - lowest) / spread * 100.0 if spread != 0.0 else 0.0):
            return _NOT_READY
        slow = mean(self._fast.values)
        return (slow, mean(self._slow.values)) if self._slow.take(slow) else _NOT_READY
