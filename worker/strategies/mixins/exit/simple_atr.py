"""A stop that trails the close by a multiple of the average true range, and may go to break-even."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.memory import kept, recalled
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import flag, indicator, number, period
from worker.strategies.parameters import Form, Values

ATR = "exit_atr"


class SimpleATRExitMixin(ExitMixin):
    """Close ≤ stop. The stop begins at entry - ATR x atr_multiplier, ATR of the decision bar; it never falls.

    On each bar, with the ATR of that bar, it rises to the entry price, with use_breakeven, when the close is at least
    breakeven_atr x ATR above it, and to close - ATR x atr_multiplier. Reason `atr_trailing_stop`.
    """

    parameters = (
        period("atr_period", 14, "bars of the average true range"),
        number(
            "atr_multiplier",
            2.0,
            "distance of the stop from the close, in average true ranges",
            forms=(Form(name="x_sl_multiplier"),),
        ),
        number("breakeven_atr", 1.0, "gain that puts the stop at the entry price, in average true ranges"),
        flag("use_breakeven", True, "true: the stop may go to the entry price"),
    )
    blueprint = (indicator("ATR", {"atr": ATR}, timeperiod="atr_period"),)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._multiplier = float(values["atr_multiplier"])
        self._breakeven = float(values["breakeven_atr"])
        self._uses_breakeven = bool(values["use_breakeven"])
        self._stop: float | None = None

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """The average true range."""
        return (ATR,)

    def on_entry(
        self, chart: Chart, entry_price: float, entry_time: datetime, size: float, direction: Literal["long", "short"]
    ) -> None:
        """The first stop."""
        average = chart.now(ATR)
        self._stop = None if math.isnan(average) else entry_price - average * self._multiplier

    def on_bar(self, chart: Chart, position: OpenPosition) -> None:
        """Break even, then trail."""
        average, close, entry = chart.now(ATR), chart.now("close"), float(position.entry_price)
        if self._stop is None:
            # A position found open at start, before the average true range existed, is managed from here.
            self._stop = entry - average * self._multiplier
        if self._uses_breakeven and close >= entry + average * self._breakeven:
            self._stop = max(self._stop, entry)
        self._stop = max(self._stop, close - average * self._multiplier)

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Close at or below the stop."""
        return self._stop is not None and chart.now("close") <= self._stop

    def get_exit_reason(self) -> str:
        """`atr_trailing_stop`."""
        return "atr_trailing_stop"

    def reset(self) -> None:
        """Forget the trade."""
        self._stop = None

    def state(self) -> dict[str, Any]:
        """Stop of the open trade."""
        return {"stop": kept(self._stop)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with the trade's stop."""
        self._stop = recalled(state.get("stop"))
