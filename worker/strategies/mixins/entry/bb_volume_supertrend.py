"""A close at the lower Bollinger band on high volume in an upward SuperTrend."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.mixins.entry.rsi_bb import BB_BLUEPRINT, BB_DEV, BB_PERIOD, LOWER, USE_BB_TOUCH, at_lower_band
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


class BBVolumeSuperTrendEntryMixin(EntryMixin):
    """Close at or below the lower band, volume > mean volume x min_volume_ratio, SuperTrend direction 1; all three.

    Also written `BBVolumeSupertrendEntryMixin`.
    """

    parameters = (BB_PERIOD, BB_DEV, VOL_MA_PERIOD, min_volume_ratio(1.1), ST_PERIOD, ST_MULTIPLIER, USE_BB_TOUCH)
    blueprint = (BB_BLUEPRINT, VOLUME_BLUEPRINT, SUPERTREND_BLUEPRINT)

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._touch_counts = bool(values["use_bb_touch"])
        self._volume_ratio = float(values["min_volume_ratio"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Lower band, mean volume and direction."""
        return (LOWER, VOLUME_MEAN, DIRECTION)

    def should_enter(self, chart: Chart) -> bool:
        """All three parts on the current bar."""
        return (
            at_lower_band(chart.now("close"), chart.now(LOWER), self._touch_counts)
            and chart.now("volume") > chart.now(VOLUME_MEAN) * self._volume_ratio
            and is_up(chart)
        )

    def get_entry_reason(self) -> str:
        """The three parts."""
        return "lower band + volume + SuperTrend up"
