"""A fast mean of the close falling below a slow one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import indicator, period, unused
from worker.strategies.parameters import Parameter, Values

FAST = "exit_fast_ma"
SLOW = "exit_slow_ma"


class MACrossoverExitMixin(ExitMixin):
    """The fast mean was above the slow one at the bar before and is below it now, both strictly.

    Reason `sma_crossover` or `ema_crossover`.
    """

    parameters = (
        period("fast_period", 10, "bars of the fast mean", forms=("x_ma_fast",)),
        period("slow_period", 20, "bars of the slow mean", forms=("x_ma_slow", "x_ma_period")),
        Parameter(
            name="ma_type", kind="choice", default="SMA", choices=("SMA", "EMA"), meaning="simple or exponential mean"
        ),
        unused("require_confirmation", "the rule knows no confirmation"),
        unused("use_talib", "indicators are always computed in the same way"),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._reason = f"{str(values['ma_type']).lower()}_crossover"

    @classmethod
    def blueprint_for(cls, values: Values) -> tuple[Mapping[str, Any], ...]:
        """Two means of the kind that ma_type names."""
        kind = str(values["ma_type"])
        output = kind.lower()
        return (
            indicator(kind, {output: FAST}, timeperiod="fast_period"),
            indicator(kind, {output: SLOW}, timeperiod="slow_period"),
        )

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Both means."""
        return (FAST, SLOW)

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """Whether the fast mean has just fallen below the slow one."""
        return chart.before(FAST) > chart.before(SLOW) and chart.now(FAST) < chart.now(SLOW)

    def get_exit_reason(self) -> str:
        """The kind of mean, and `_crossover`."""
        return self._reason
