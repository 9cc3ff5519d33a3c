"""Moving average convergence and divergence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from worker.strategies.indicators.calculator import SERIES, Calculator, period
from worker.strategies.indicators.exponential import ExponentialAverage
from worker.strategies.parameters import Values

_NOT_READY = (math.nan, math.nan, math.nan)


class MACD(Calculator):
    """EMA(fast) - EMA(slow), its EMA(signal), and the difference of the two.

    As in TA-Lib, the fast average begins together with the slow one, with the mean of the last `fastperiod` of the
    first `slowperiod` values; all three outputs are first valid at bar slow + signal - 2; and the longer of the two
    periods is the slow one, whichever key it stands under. NaN inputs (an indicator that is not valid yet) are
    passed over.
    """

    type_name = "MACD"
    inputs = SERIES
    outputs = ("macd", "macdsignal", "macdhist")
    output_synonyms: ClassVar[Mapping[str, str]] = {"signal": "macdsignal", "hist": "macdhist"}
    parameters = (
        period("fastperiod", "bars of the fast average"),
        period("slowperiod", "bars of the slow average"),
        period("signalperiod", "bars of the average of the difference"),
    )

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        fast, slow = min(fast, slow), max(fast, slow)
        self._lookback = slow + signal
        self._before_fast = slow - fast
        self._fast = ExponentialAverage(fast)
        self._slow = ExponentialAverage(slow)
        self._signal = ExponentialAverage(signal)

    @classmethod
    def from_values(cls, values: Values) -> MACD:
        """A fresh calculator from `fastperiod`, `slowperiod` and `signalperiod`."""
        return cls(int(values["fastperiod"]), int(values["slowperiod"]), int(values["signalperiod"]))

    @property
    def lookback(self) -> int:
        """The slow period and the signal's together."""
        return self._lookback

    def update(self, value: float) -> tuple[float, float, float]:
        """MACD, signal and histogram with `value` as the newest."""
        if math.isnan(value):
            return _NOT_READY
        slow = self._slow.take(value)
        if self._before_fast:
            self._before_fast -= 1
            return _NOT_READY
        difference = self._fast.take(value) - slow
        if math.isnan(difference):
            return _NOT_READY
        signal = self._signal.take(difference)
        return _NOT_READY if math.isnan(signal) else (difference, signal, difference - signal)
