"""Low RSI on high volume in an upward SuperTrend."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.mixins.entry.rsi_bb import RSI, RSI_BLUEPRINT, RSI_OVERSOLD, RSI_PERIOD
from worker.strategies.mixins.entry.supertrend import (
    DIRECTION,
    ST_MULTIPLIER,
    ST_PERIOD,
    SUPERTREND_BLUEPRINT,
    is_up,
)
from worker.strategies.mixins.entry.volume import VOL_MA_PERIOD, VOLUME_BLUEPRINT, VOLUME_MEAN, min_volume_ratio
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.parameters import Values


class RSIVolumeSupertrendEntryMixin(EntryMixin):
    """RSI ≤ rsi_oversold, volume > mean volume x min_volume_ratio, SuperTrend direction 1; all three."""

    parameters = (RSI_PERIOD, RSI_OVERSOLD, VOL_MA_PERIOD, min_volume_ratio(1.5), ST_PERIOD, ST_MULTIPLIER)
    blueprint = (RSI_BLUEPRINT, VOLUME_BLUEPRINT, SUPERTREND_BLUEPRINT)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._oversold = float(values["rsi_oversold"])
        self._volume_ratio = float(values["min_volume_ratio"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """RSI, mean volume and direction."""
        return (RSI, VOLUME_MEAN, DIRECTION)

    def should_enter(self, chart: Chart) -> bool:
        """All three parts on the current bar."""
        return (
            chart.now(RSI) <= self._oversold
            and chart.now("volume") > chart.now(VOLUME_MEAN) * self._volume_ratio
            and is_up(chart)
        )

    def get_entry_reason(self) -> str:
        """The three parts."""
        return "RSI oversold + volume + SuperTrend up"
