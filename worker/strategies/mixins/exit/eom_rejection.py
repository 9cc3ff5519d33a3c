"""A turn at the resistance: ease of movement crossing below 0 with a high but falling RSI."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.conditions import falls
from worker.strategies.mixins.exit.levels import (
    EOM,
    EOM_BLUEPRINT,
    EOM_PERIOD,
    LEVELS_BLUEPRINT,
    RESISTANCE,
    RESISTANCE_LOOKBACK,
)
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import indicator, number, period, rsi_level
from worker.strategies.parameters import Values

RSI = "exit_rsi"


class EOMRejectionExitMixin(ExitMixin):
    """High ≥ resistance x resistance_threshold, close < open, EOM crossing below 0, RSI above rsi_overbought and
    falling. Reason `resistance_rejection`.
    """

    parameters = (
        number("resistance_threshold", 0.995, "how near to the resistance the high must come, as a multiple of it"),
        rsi_level("rsi_overbought", 60.0, "the RSI must be above this"),
        EOM_PERIOD,
        period("rsi_period", 14, "bars of the RSI"),
        RESISTANCE_LOOKBACK,
    )
    blueprint = (LEVELS_BLUEPRINT, EOM_BLUEPRINT, indicator("RSI", {"rsi": RSI}, timeperiod="rsi_period"))

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._near = float(values["resistance_threshold"])
        self._overbought = float(values["rsi_overbought"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Resistance, EOM and RSI."""
        return (RESISTANCE, EOM, RSI)

    def awaited(self) -> tuple[str, ...]:
        """All but the resistance: that there is no level is an answer."""
        return self.required(self.values)[1:]

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """All parts on the current bar."""
        return (
            chart.now("high") >= chart.now(RESISTANCE) * self._near
            and chart.now("close") < chart.now("open")
            and chart.now(EOM) < 0.0 <= chart.before(EOM)
            and chart.now(RSI) > self._overbought
            and falls(chart, RSI)
        )

    def get_exit_reason(self) -> str:
        """`resistance_rejection`."""
        return "resistance_rejection"
