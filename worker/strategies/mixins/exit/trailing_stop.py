"""A stop that trails the highest close by a fraction or by average true ranges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.memory import kept, recalled
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import flag, indicator, number, period, unused
from worker.strategies.parameters import Form, Values

ATR = "exit_atr"


class TrailingStopExitMixin(ExitMixin):
    """Close < highest x (1 - trail_pct), or with use_atr < highest - ATR x atr_multiplier; reason `trailing_stop`.

    Highest = the greatest of the entry price and the closes since. On a bar whose close is not activation_pct above
    the entry price nothing happens; activation is asked anew on each bar. Fractions: 0.02 is 2 %.
    """

    parameters = (
        number(
            "trail_pct",
            0.02,
            "distance of the stop from the highest close, as a fraction",
            maximum=1,
            forms=(Form(name="x_trail_percent", divisor=100.0),),
        ),
        number(
            "activation_pct",
            0.0,
            "gain from which on the stop counts, as a fraction; 0 = always",
            plausible_maximum=1,
            forms=(Form(name="x_activation_percent", divisor=100.0),),
        ),
        flag("use_atr", False, "true: the distance is atr_multiplier average true ranges"),
        number("atr_multiplier", 2.0, "that distance"),
        period("atr_period", 14, "bars of the average true range, with use_atr"),
        unused("use_talib", "indicators are always computed in the same way"),
    )
    blueprint = (indicator("ATR", {"atr": ATR}, timeperiod="atr_period"),)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._trail = float(values["trail_pct"])
        self._activation = float(values["activation_pct"])
        self._uses_atr = bool(values["use_atr"])
        self._multiplier = float(values["atr_multiplier"])
        self._highest: float | None = None

    @classmethod
    def blueprint_for(cls, values: Values) -> tuple[Mapping[str, Any], ...]:
        """The average true range when it is used."""
        return cls.blueprint if values["use_atr"] else ()

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """The average true range when it is used."""
        return (ATR,) if values["use_atr"] else ()

    def on_entry(
        self, chart: Chart, entry_price: float, entry_time: datetime, size: float, direction: Literal["long", "short"]
    ) -> None:
        """Highest = entry price."""
        self._highest = entry_price

    def on_bar(self, chart: Chart, position: OpenPosition) -> None:
        """Raise the highest close."""
        known = float(position.entry_price) if self._highest is None else self._highest
        self._highest = max(known, chart.now("close"))

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Close below the stop, once the gain allows it to count."""
        close, entry, highest = chart.now("close"), float(position.entry_price), self._highest
        if highest is None or (self._activation > 0.0 and (close - entry) / entry < self._activation):
            return False
        stop = highest - chart.now(ATR) * self._multiplier if self._uses_atr else highest * (1.0 - self._trail)
        return close < stop

    def get_exit_reason(self) -> str:
        """`trailing_stop`."""
        return "trailing_stop"

    def reset(self) -> None:
        """Forget the trade."""
        self._highest = None

    def state(self) -> dict[str, Any]:
        """Highest close of the open trade."""
        return {"highest": kept(self._highest)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with it."""
        self._highest = recalled(state.get("highest"))
