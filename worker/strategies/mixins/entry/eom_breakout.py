"""A close above the broken resistance with rising ease of movement on high volume."""

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
    RESISTANCE,
    RESISTANCE_LOOKBACK,
    RSI,
    RSI_BLUEPRINT,
    RSI_PERIOD,
    VOLUME_MEAN,
)
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.mixins.pieces import flag, indicator, number, period, rsi_level
from worker.strategies.parameters import Values


class EOMBreakoutEntryMixin(EntryMixin):
    """Close > resistance x (1 + breakout_threshold), EOM above 0 and rising, volume > its mean, RSI < rsi_overbought;
    with use_atr_filter also ATR > its mean.

    The resistance is that of the bar before: the level that was broken. That of the bar itself lies above its close
    by definition.
    """

    parameters = (
        number("breakout_threshold", 0.002, "how far above the resistance the close must be, as a fraction"),
        flag("use_atr_filter", True, "true: the average true range must exceed its mean"),
        rsi_level("rsi_overbought", 70.0, "the RSI must be below this"),
        RESISTANCE_LOOKBACK,
        EOM_PERIOD,
        period("volume_sma_period", 20, "bars of the mean volume"),
        ATR_PERIOD,
        ATR_SMA_PERIOD,
        RSI_PERIOD,
    )
    blueprint = (
        LEVELS_BLUEPRINT,
        EOM_BLUEPRINT,
        indicator("SMA", {"sma": VOLUME_MEAN}, source="volume", timeperiod="volume_sma_period"),
        RSI_BLUEPRINT,
        ATR_BLUEPRINT,
        ATR_MEAN_BLUEPRINT,
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._beyond = 1.0 + float(values["breakout_threshold"])
        self._filters = bool(values["use_atr_filter"])
        self._overbought = float(values["rsi_overbought"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Resistance, EOM, mean volume, RSI, and with the filter ATR and its mean."""
        filters = (ATR, ATR_MEAN) if values["use_atr_filter"] else ()
        return (RESISTANCE, EOM, VOLUME_MEAN, RSI, *filters)

    def awaited(self) -> tuple[str, ...]:
        """All but the resistance: that there is no level is an answer."""
        return self.required(self.values)[1:]

    def should_enter(self, chart: Chart) -> bool:
        """All parts on the current bar."""
        return (
            chart.now("close") > chart.before(RESISTANCE) * self._beyond
            and chart.now(EOM) > 0.0
            and rises(chart, EOM)
            and chart.now("volume") > chart.now(VOLUME_MEAN)
            and (not self._filters or chart.now(ATR) > chart.now(ATR_MEAN))
            and chart.now(RSI) < self._overbought
        )

    def get_entry_reason(self) -> str:
        """What happened."""
        return "resistance broken with rising EOM and volume"
