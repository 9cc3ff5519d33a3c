"""A close below the broken support with falling ease of movement on high volume."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.contract import OpenPosition
from worker.strategies.mixins.conditions import falls, rises
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

ATR = "exit_atr"


class EOMBreakdownExitMixin(ExitMixin):
    """Close < support x (1 - breakdown_threshold), EOM below 0 and falling, volume > its mean, ATR rising.

    The support is that of the bar before: the level that was broken. Reason `breakdown_momentum`.
    """

    parameters = (
        number("breakdown_threshold", 0.002, "how far below the support the close must be, as a fraction", maximum=1),
        EOM_PERIOD,
        VOL_MA_PERIOD,
        period("atr_period", 14, "bars of the average true range"),
        RESISTANCE_LOOKBACK,
    )
    blueprint = (
        LEVELS_BLUEPRINT,
        EOM_BLUEPRINT,
        VOLUME_BLUEPRINT,
        indicator("ATR", {"atr": ATR}, timeperiod="atr_period"),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._beyond = 1.0 - float(values["breakdown_threshold"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Support, EOM, mean volume and ATR."""
        return (SUPPORT, EOM, VOLUME_MEAN, ATR)

    def awaited(self) -> tuple[str, ...]:
        """All but the support: that there is no level is an answer."""
        return self.required(self.values)[1:]

    def should_exit(self, chart: Chart, position: OpenPosition) -> bool:
        """All parts on the current bar."""
        return (
            chart.now("close") < chart.before(SUPPORT) * self._beyond
            and chart.now(EOM) < 0.0
            and falls(chart, EOM)
            and chart.now("volume") > chart.now(VOLUME_MEAN)
            and rises(chart, ATR)
        )

    def get_exit_reason(self) -> str:
        """`breakdown_momentum`."""
        return "breakdown_momentum"
