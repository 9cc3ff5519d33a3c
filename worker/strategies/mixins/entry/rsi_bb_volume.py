"""Low RSI and a close at the lower Bollinger band on high volume."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.mixins.entry.rsi_bb import (
    BB_BLUEPRINT,
    BB_DEV,
    BB_PERIOD,
    LOWER,
    RSI,
    RSI_BLUEPRINT,
    RSI_OVERSOLD,
    RSI_PERIOD,
    USE_BB_TOUCH,
    at_lower_band,
)
from worker.strategies.mixins.entry.volume import VOL_MA_PERIOD, VOLUME_BLUEPRINT, VOLUME_MEAN, min_volume_ratio
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.parameters import Values


class RSIBBVolumeEntryMixin(EntryMixin):
    """RSI ≤ rsi_oversold, close at or below the lower band, volume > mean volume x min_volume_ratio; all three."""

    parameters = (
        RSI_PERIOD,
        RSI_OVERSOLD,
        BB_PERIOD,
        BB_DEV,
        VOL_MA_PERIOD,
        USE_BB_TOUCH,
        min_volume_ratio(1.1),
    )
    blueprint = (RSI_BLUEPRINT, BB_BLUEPRINT, VOLUME_BLUEPRINT)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._oversold = float(values["rsi_oversold"])
        self._touch_counts = bool(values["use_bb_touch"])
        self._volume_ratio = float(values["min_volume_ratio"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """RSI, lower band and mean volume."""
        return (RSI, LOWER, VOLUME_MEAN)

    def should_enter(self, chart: Chart) -> bool:
        """All three parts on the current bar."""
        return (
            chart.now(RSI) <= self._oversold
            and at_lower_band(chart.now("close"), chart.now(LOWER), self._touch_counts)
            and chart.now("volume") > chart.now(VOLUME_MEAN) * self._volume_ratio
        )

    def get_entry_reason(self) -> str:
        """The three parts."""
        return "RSI oversold + lower band + volume"
