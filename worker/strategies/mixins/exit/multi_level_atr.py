"""The tightest of three stops made of average true ranges of different lengths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.memory import kept, recalled
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import flag, indicator, number, period, unused
from worker.strategies.parameters import Values

LOCAL = "exit_atr_ltf"
WIDE = "exit_atr_htf"
MICRO = "exit_atr_micro"
LOCAL_MEAN = "exit_atr_ltf_sma"


class MultiLevelAtrExitMixin(ExitMixin):
    """Close < stop, where the stop is the highest so far of three: entry - ATR_htf x htf_sl_multiplier x ratio, highest
    high - ATR_ltf x ltf_sl_multiplier x ratio, and, on bars whose close is at least be_activation_atr x ATR_ltf above
    the entry, entry + ATR_micro x be_buffer_multiplier.

    Ratio = ATR_ltf / its mean with use_dynamic_k, else 1. The highest high starts at the entry price and includes the
    bar of the entry fill. All ranges are those of the bot's own timeframe. Reason `multi_tf_atr_stop`.
    """

    parameters = (
        period("htf_atr_period", 14, "bars of the wide average true range"),
        number("htf_sl_multiplier", 2.5, "distance from the entry price, in wide average true ranges"),
        period("ltf_atr_period", 14, "bars of the local average true range"),
        number("ltf_sl_multiplier", 2.0, "distance from the highest high, in local average true ranges"),
        period("micro_atr_period", 14, "bars of the average true range of the break-even buffer"),
        number("be_activation_atr", 1.0, "gain that arms the break-even stop, in local average true ranges"),
        number("be_buffer_multiplier", 0.3, "distance of the break-even stop above the entry price"),
        flag("use_dynamic_k", False, "true: distances grow and shrink with ATR_ltf over its mean"),
        period("vol_sma_period", 50, "values in that mean"),
        unused("htf_compression", "all average true ranges are those of the bot's own timeframe"),
    )
    blueprint = (
        indicator("ATR", {"atr": LOCAL}, timeperiod="ltf_atr_period"),
        indicator("ATR", {"atr": WIDE}, timeperiod="htf_atr_period"),
        indicator("ATR", {"atr": MICRO}, timeperiod="micro_atr_period"),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._wide = float(values["htf_sl_multiplier"])
        self._local = float(values["ltf_sl_multiplier"])
        self._activation = float(values["be_activation_atr"])
        self._buffer = float(values["be_buffer_multiplier"])
        self._dynamic = bool(values["use_dynamic_k"])
        self._highest: float | None = None
        self._stop: float | None = None

    @classmethod
    def blueprint_for(cls, values: Values) -> tuple[Mapping[str, Any], ...]:
        """With use_dynamic_k also the mean of the local average true range."""
        if not values["use_dynamic_k"]:
            return cls.blueprint
        return (*cls.blueprint, indicator("SMA", {"sma": LOCAL_MEAN}, source=LOCAL, timeperiod="vol_sma_period"))

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """The three ranges, and the mean when it is used."""
        return (LOCAL, WIDE, MICRO, LOCAL_MEAN) if values["use_dynamic_k"] else (LOCAL, WIDE, MICRO)

    def on_entry(
        self, chart: Chart, entry_price: float, entry_time: datetime, size: float, direction: Literal["long", "short"]
    ) -> None:
        """Highest = entry price, no stop yet."""
        self._highest, self._stop = entry_price, None

    def on_bar(self, chart: Chart, position: OpenPosition) -> None:
        """Raise the highest high and the stop."""
        entry = float(position.entry_price)
        self._highest = max(entry if self._highest is None else self._highest, chart.now("high"))
        local, ratio = chart.now(LOCAL), self._ratio(chart)
        candidates = [
            entry - chart.now(WIDE) * self._wide * ratio,
            self._highest - local * self._local * ratio,
        ]
        if chart.now("close") - entry >= self._activation * local:
            candidates.append(entry + chart.now(MICRO) * self._buffer)
        best = max(candidates)
        self._stop = best if self._stop is None else max(self._stop, best)

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Close below the stop."""
        return self._stop is not None and chart.now("close") < self._stop

    def get_exit_reason(self) -> str:
        """`multi_tf_atr_stop`."""
        return "multi_tf_atr_stop"

    def reset(self) -> None:
        """Forget the trade."""
        self._highest = self._stop = None

    def state(self) -> dict[str, Any]:
        """Highest high and stop of the open trade."""
        return {"highest": kept(self._highest), "stop": kept(self._stop)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with them."""
        self._highest = recalled(state.get("highest"))
        self._stop = recalled(state.get("stop"))

    def _ratio(self, chart: Chart) -> float:
        if not self._dynamic:
            return 1.0
        mean = chart.now(LOCAL_MEAN)
        return chart.now(LOCAL) / mean if mean > 0.0 and math.isfinite(mean) else 1.0
