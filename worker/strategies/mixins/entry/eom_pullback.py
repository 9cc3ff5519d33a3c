"""A turn at the support: ease of movement crossing above 0 with a low but rising RSI."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.mixins.conditions import rises
from worker.strategies.mixins.entry.levels import (
    ATR,
    ATR_BLUEPRINT,
    ATR_MEAN,
    ATR_MEAN_BLUEPRINT,
    ATR_PERIOD,
    ATR_SMA_PERIOD,
    EOM,
    EOM_BLUEPRINT,
    EOM_PERIOD,
    LEVELS_BLUEPRINT,
    RESISTANCE_LOOKBACK,
    RSI,
    RSI_BLUEPRINT,
    RSI_PERIOD,
    SUPPORT,
)
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.mixins.pieces import number, rsi_level
from worker.strategies.parameters import Values


class EOMPullbackEntryMixin(EntryMixin):
    """Low ≤ support x (1 + support_threshold), close > open, EOM crossing above 0, RSI below rsi_oversold and rising,
    ATR > its mean x atr_floor_multiplier.
    """

    parameters = (
        number("support_threshold", 0.005, "how near to the support the low must come, as a fraction"),
        rsi_level("rsi_oversold", 40.0, "the RSI must be below this", synonyms=("oversold",)),
        number("atr_floor_multiplier", 0.9, "the average true range must exceed this many times its mean"),
        RESISTANCE_LOOKBACK,
        EOM_PERIOD,
        RSI_PERIOD,
        ATR_PERIOD,
        ATR_SMA_PERIOD,
    )
    blueprint = (LEVELS_BLUEPRINT, EOM_BLUEPRINT, RSI_BLUEPRINT, ATR_BLUEPRINT, ATR_MEAN_BLUEPRINT)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._near = 1.0 + float(values["support_threshold"])
        self._oversold = float(values["rsi_oversold"])
        self._floor = float(values["atr_floor_multiplier"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Support, EOM, RSI, ATR and its mean."""
        return (SUPPORT, EOM, RSI, ATR, ATR_MEAN)

    def awaited(self) -> tuple[str, ...]:
        """All but the support: that there is no level is an answer."""
        return self.required(self.values)[1:]

    def should_enter(self, chart: Chart) -> bool:
        """All parts on the current bar."""
        return (
            chart.now("low") <= chart.now(SUPPORT) * self._near
            and chart.now("close") > chart.now("open")
            and chart.now(EOM) > 0.0 >= chart.before(EOM)
            and chart.now(RSI) < self._oversold
            and rises(chart, RSI)
            and chart.now(ATR) > chart.now(ATR_MEAN) * self._floor
        )

    def get_entry_reason(self) -> str:
        """What happened."""
        return "turn at support, EOM crossing above 0"
