"""Ichimoku cloud."""

from __future__ import annotations

import math
from collections import deque

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD, Calculator, period
from worker.strategies.indicators.extremes import Midrange
from worker.strategies.parameters import Parameter, Values


class ICHIMOKU(Calculator):
    """Midranges, (highest high + lowest low) / 2, over three lengths, and the cloud between two spans.

    Tenkan and kijun are the midranges of their own bars. Span A is (tenkan + kijun) / 2, span B the midrange over
    `senkou`; a bar's spans are those computed `lead` bars earlier: the cloud in force at that bar, already shifted.
    Chikou is the lagging span's newest point, the bar's own close, which a chart draws `lead` bars further back;
    the point that a chart shows at the current bar would be a close of the future.

    First valid: tenkan at bar tenkan - 1, kijun at kijun - 1, span A at max(tenkan, kijun) - 1 + lead, span B at
    senkou - 1 + lead, chikou at bar 0.
    """

    type_name = "ICHIMOKU"
    inputs = ("high", "low", "close")
    outputs = ("tenkan_sen", "kijun_sen", "senkou_span_a", "senkou_span_b", "chikou_span")
    parameters = (
        period("tenkan", "bars of the conversion line"),
        period("kijun", "bars of the base line"),
        period("senkou", "bars of span B"),
        Parameter(
            name="lead",
            kind="integer",
            default=26,
            minimum=0,
            maximum=MAXIMUM_PERIOD,
            meaning="bars by which the cloud runs ahead, whatever kijun is",
        ),
    )

    def __init__(self, tenkan: int, kijun: int, senkou: int, lead: int = 26) -> None:
        self._lookback = max(tenkan, kijun, senkou + lead)
        self._tenkan = Midrange(tenkan)
        self._kijun = Midrange(kijun)
        self._senkou = Midrange(senkou)
        self._ahead = deque([(math.nan, math.nan)] * lead)
        """The spans of the coming bars, the next bar's first."""

    @classmethod
    def from_values(cls, values: Values) -> ICHIMOKU:
        """A fresh calculator from `tenkan`, `kijun`, `senkou` and `lead`."""
        return cls(int(values["tenkan"]), int(values["kijun"]), int(values["senkou"]), int(values["lead"]))

    @property
    def lookback(self) -> int:
        """Span B's bars and the lead together, or a longer one of the two lines."""
        return self._lookback

    def update(self, high: float, low: float, close: float) -> tuple[float, float, float, float, float]:
        """Tenkan, kijun, span A, span B and chikou with this bar as the newest."""
        tenkan, kijun = self._tenkan.take(high, low), self._kijun.take(high, low)
        self._ahead.append(((tenkan + kijun) / 2.0, self._senkou.take(high, low)))
        span_a, span_b = self._ahead.popleft()
        return tenkan, kijun, span_a, span_b, close
