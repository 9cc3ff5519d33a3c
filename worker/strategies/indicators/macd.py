"""Moving average convergence divergence."""

from __future__ import annotations

import math

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD, SERIES, Calculator
from worker.strategies.indicators.ema import ExponentialAverage
from worker.strategies.parameters import Parameter, Values

_NOT_READY = (math.nan, math.nan, math.nan)


class MACD(Calculator):
    """EMA(fast) - EMA(slow), its EMA(signal), and the difference of the two; all three from bar s + g - 2 on.

    The fast mean is seeded so late that both means begin together, at bar s - 1, as TA-Lib has it. Of two periods
    given in the wrong order the longer one is the slow one. NaN inputs are passed over.
    """

    type_name = "MACD"
    inputs = SERIES
    outputs = ("macd", "macdsignal", "macdhist")
    other_outputs = {"signal": "macdsignal", "hist": "macdhist"}  # noqa: RUF012 - as declared on Calculator
    parameters = (
        Parameter(
            name="fastperiod", kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning="bars of the fast mean"
        ),
        Parameter(
            name="slowperiod", kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning="bars of the slow mean"
        ),
        Parameter(
            name="signalperiod", kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning="bars of the signal line"
        ),
    )

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        self._lookback = slow + signal
        fast, slow = min(fast, slow), max(fast, slow)
        self._fast = ExponentialAverage(fast)
        self._slow = ExponentialAverage(slow)
        self._signal = ExponentialAverage(signal)
        self._until_fast = slow - fast
        """Values still to pass before the fast mean takes its first."""

    @classmethod
    def from_values(cls, values: Values) -> MACD:
        """A fresh calculator from `fastperiod`, `slowperiod` and `signalperiod`."""
        return cls(int(values["fastperiod"]), int(values["slowperiod"]), int(values["signalperiod"]))

    @property
    def lookback(self) -> int:
        """Slow period + signal period."""
        return self._lookback

    def update(self, value: float) -> tuple[float, float, float]:
        """MACD, signal line and their difference with `value` as the newest."""
        if math.isnan(value):
            return _NOT_READY
        slow = self._slow.take(value)
        if self._until_fast > 0:
            self._until_fast -= 1
            return _NOT_READY
        macd = self._fast.take(value) - slow
        if math.isnan(macd):
            return _NOT_READY
        signal = self._signal.take(macd)
        return _NOT_READY if math.isnan(signal) else (macd, signal, macd - signal)
