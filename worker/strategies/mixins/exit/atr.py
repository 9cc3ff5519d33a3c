"""A stop that trails the highest high by a multiple of the average true range."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.indicators.calculator import MAXIMUM_PERIOD
from worker.strategies.mixins.memory import kept, recalled
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.parameters import Parameter, Values

ATR = "exit_atr"


class ATRExitMixin(ExitMixin):
    """Close ≤ stop, where stop = the highest so far of (highest high of the trade - ATR x sl_multiplier).

    The highest high starts at the entry price and includes the whole bar of the entry fill; the ATR is that of the
    current bar; the stop never falls. Reason `stop_loss`.
    """

    parameters = (
        Parameter(
            name="atr_period",
            kind="integer",
            default=14,
            minimum=1,
            maximum=MAXIMUM_PERIOD,
            meaning="bars of the average true range",
        ),
        Parameter(
            name="sl_multiplier",
            kind="number",
            default=2.0,
            minimum=0,
            meaning="distance of the stop from the highest high, in average true ranges",
        ),
    )
    blueprint = ({"type": "ATR", "params": {"timeperiod": "atr_period"}, "fields_mapping": {"atr": ATR}},)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._multiplier = float(values["sl_multiplier"])
        self._highest: float | None = None
        self._stop: float | None = None

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """The average true range."""
        return (ATR,)

    def on_entry(
        self, chart: Chart, entry_price: float, entry_time: datetime, size: float, direction: Literal["long", "short"]
    ) -> None:
        """Highest = entry price, no stop yet."""
        self._highest = entry_price
        self._stop = None

    def on_bar(self, chart: Chart, position: OpenPosition) -> None:
        """Raise the highest high and the stop."""
        # A position found open at start, without a saved state, is managed from its entry price.
        known = float(position.entry_price) if self._highest is None else self._highest
        self._highest = max(known, chart.now("high"))
        candidate = self._highest - chart.now(ATR) * self._multiplier
        self._stop = candidate if self._stop is None else max(self._stop, candidate)

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Close at or below the stop."""
        return self._stop is not None and chart.now("close") <= self._stop

    def get_exit_reason(self) -> str:
        """`stop_loss`."""
        return "stop_loss"

    def reset(self) -> None:
        """Forget the trade."""
        self._highest = self._stop = None

    def state(self) -> dict[str, Any]:
        """Highest high and stop of the open trade."""
        return {"highest": kept(self._highest), "stop": kept(self._stop)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with the trade's highest high and stop."""
        self._highest = recalled(state.get("highest"))
        self._stop = recalled(state.get("stop"))
