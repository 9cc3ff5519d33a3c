"""Stochastic oscillator."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD, Calculator
from worker.strategies.indicators.extremes import Extreme
from worker.strategies.indicators.window import Window, mean
from worker.strategies.parameters import Parameter, Values

_NOT_READY = (math.nan, math.nan)


def _period(name: str, meaning: str) -> Parameter:
    return Parameter(name=name, kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning=meaning)


class STOCH(Calculator):
    """Fast %K = 100 x (close - lowest low) / (highest high - lowest low) of the last fk bars, 0 where nothing moved;
    slow %K = its mean of sk values, slow %D = the mean of sd slow %K. Both from bar fk + sk + sd - 3 on.
    """

    type_name = "STOCH"
    inputs = ("high", "low", "close")
    outputs = ("slowk", "slowd")
    parameters = (
        _period("fastk_period", "bars of the range"),
        _period("slowk_period", "values in the mean of fast %K"),
        _period("slowd_period", "values in the mean of slow %K"),
    )

    def __init__(self, fast_k: int, slow_k: int, slow_d: int) -> None:
        self._lookback = max(fast_k, slow_k, slow_d)
        self._highest, self._lowest = Extreme(fast_k), Extreme(fast_k, -1.0)
        self._fast, self._slow = Window(slow_k), Window(slow_d)

    @classmethod
    def from_values(cls, values: Values) -> STOCH:
        """A fresh calculator from the three periods."""
        return cls(int(values["fastk_period"]), int(values["slowk_period"]), int(values["slowd_period"]))

    @property
    def lookback(self) -> int:
        """The longest of the periods."""
        return self._lookback

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Slow %K and slow %D with this bar as the newest."""
        highest, lowest = self._highest.take(high), self._lowest.take(low)
        if highest is None or lowest is None:
            return _NOT_READY
        span = highest - lowest
        if not self._fast.take(100.0 * (close - lowest) / span if span != 0.0 else 0.0):
            return _NOT_READY
        slow_k = mean(self._fast.values)
        return (slow_k, mean(self._slow.values)) if self._slow.take(slow_k) else _NOT_READY
