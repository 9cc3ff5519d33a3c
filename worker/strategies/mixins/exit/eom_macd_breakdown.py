"""MACD turning down below the broken support on high volume."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.conditions import crosses_below, falls
from worker.strategies.mixins.exit.levels import (
    EOM,
    EOM_BLUEPRINT,
    EOM_PERIOD,
    LEVELS_BLUEPRINT,
    RESISTANCE_LOOKBACK,
    SUPPORT,
    VOL_MA_PERIOD,
    VOLUME_BLUEPRINT,
    VOLUME_MEAN,
)
from worker.strategies.mixins.mixin import ExitMixin
from worker.strategies.mixins.pieces import indicator, number, period
from worker.strategies.parameters import Values

MACD = "exit_macd"
SIGNAL = "exit_macd_signal"
HISTOGRAM = "exit_macd_hist"


class EOMMAcdBreakdownExitMixin(ExitMixin):
    """MACD crossing below its signal line with a falling histogram, close < support x (1 - support_threshold), EOM
    below 0, volume > its mean.

    The support is that of the bar before: the level that was broken. Reason `macd_breakdown`.
    """

    parameters = (
        number("support_threshold", 0.002, "how far below the support the close must be, as a fraction", maximum=1),
        period("macd_fast_period", 12, "bars of the fast mean"),
        period("macd_slow_period", 26, "bars of the slow mean"),
        period("macd_signal_period", 9, "bars of the signal line"),
        EOM_PERIOD,
        VOL_MA_PERIOD,
        RESISTANCE_LOOKBACK,
    )
    blueprint = (
        indicator(
            "MACD",
            {"macd": MACD, "macdsignal": SIGNAL, "macdhist": HISTOGRAM},
            fastperiod="macd_fast_period",
            slowperiod="macd_slow_period",
            signalperiod="macd_signal_period",
        ),
        LEVELS_BLUEPRINT,
        EOM_BLUEPRINT,
        VOLUME_BLUEPRINT,
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._beyond = 1.0 - float(values["support_threshold"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Support, MACD's three lines, EOM and mean volume."""
        return (SUPPORT, MACD, SIGNAL, HISTOGRAM, EOM, VOLUME_MEAN)

    def awaited(self) -> tuple[str, ...]:
        """All but the support: that there is no level is an answer."""
        return self.required(self.values)[1:]

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """All parts on the current bar."""
        return (
            crosses_below(chart, MACD, SIGNAL)
            and falls(chart, HISTOGRAM)
            and chart.now("close") < chart.before(SUPPORT) * self._beyond
            and chart.now(EOM) < 0.0
            and chart.now("volume") > chart.now(VOLUME_MEAN)
        )

    def get_exit_reason(self) -> str:
        """`macd_breakdown`."""
        return "macd_breakdown"
