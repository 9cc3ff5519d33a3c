"""Ichimoku's lines and cloud."""

from __future__ import annotations

import math
from collections import deque

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD, Calculator
from worker.strategies.indicators.extremes import Midpoint
from worker.strategies.parameters import Parameter, Values


def _period(name: str, meaning: str) -> Parameter:
    return Parameter(name=name, kind="integer", minimum=1, maximum=MAXIMUM_PERIOD, meaning=meaning)


class ICHIMOKU(Calculator):
    """Middles of the range: tenkan-sen over t bars, kijun-sen over k, span A = (tenkan + kijun) / 2, span B over s.

    The spans are those of the cloud in force at the bar: computed `lead` bars before it, shifted once. Nothing of the
    future is used, so chikou_span, the close that a chart draws `lead` bars back, is the close of the bar itself.
    """

    type_name = "ICHIMOKU"
    inputs = ("high", "low", "close")
    outputs = ("tenkan_sen", "kijun_sen", "senkou_span_a", "senkou_span_b", "chikou_span")
    parameters = (
        _period("tenkan", "bars of tenkan-sen"),
        _period("kijun", "bars of kijun-sen"),
        _period("senkou", "bars of senkou span B"),
        Parameter(
            name="lead",
            kind="integer",
            default=26,
            minimum=0,
            maximum=MAXIMUM_PERIOD,
            meaning="bars by which the cloud is drawn ahead",
        ),
    )

    def __init__(self, tenkan: int, kijun: int, senkou: int, lead: int = 26) -> None:
        self._lookback = max(tenkan, kijun, senkou + lead)
        self._tenkan, self._kijun, self._senkou = Midpoint(tenkan), Midpoint(kijun), Midpoint(senkou)
        self._spans: deque[tuple[float, float]] = deque(maxlen=lead + 1)

    @classmethod
    def from_values(cls, values: Values) -> ICHIMOKU:
        """A fresh calculator from `tenkan`, `kijun`, `senkou` and `lead`."""
        return cls(int(values["tenkan"]), int(values["kijun"]), int(values["senkou"]), int(values["lead"]))

    @property
    def lookback(self) -> int:
        """The longest of tenkan, kijun and senkou + lead."""
        return self._lookback

    def update(self, high: float, low: float, close: float) -> tuple[float, float, float, float, float]:
        """The five lines at this bar."""
        tenkan = _or_nan(self._tenkan.take(high, low))
        kijun = _or_nan(self._kijun.take(high, low))
        span_b = _or_nan(self._senkou.take(high, low))
        self._spans.append(((tenkan + kijun) / 2.0, span_b))
        if len(self._spans) < (self._spans.maxlen or 1):
            return tenkan, kijun, math.nan, math.nan, close
        return tenkan, kijun, *self._spans[0], close


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
