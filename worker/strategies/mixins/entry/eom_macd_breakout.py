"""MACD turning up near the resistance with upward ease of movement."""

from __future__ import annotations

from worker.strategies.chart import Chart
from worker.strategies.mixins.conditions import crosses_above, rises
from worker.strategies.mixins.entry.levels import (
    EOM,
    EOM_BLUEPRINT,
    EOM_PERIOD,
    LEVELS_BLUEPRINT,
    RESISTANCE,
    RESISTANCE_LOOKBACK,
    VOLUME_MEAN,
)
from worker.strategies.mixins.mixin import EntryMixin
from worker.strategies.mixins.pieces import indicator, number, period
from worker.strategies.parameters import Values

MACD = "entry_macd"
SIGNAL = "entry_macd_signal"
HISTOGRAM = "entry_macd_hist"


class EOMMAcdBreakoutEntryMixin(EntryMixin):
    """MACD crossing above its signal line with a rising histogram, resistance x resistance_range_low ≤ close ≤
    resistance x resistance_range_high, EOM above 0, volume ≥ mean volume x volume_threshold.
    """

    parameters = (
        number("resistance_range_low", 0.995, "lower end of the zone around the resistance, as a multiple of it"),
        number("resistance_range_high", 1.002, "upper end of that zone"),
        number("volume_threshold", 0.8, "the volume must be at least this many times its mean"),
        RESISTANCE_LOOKBACK,
        period("macd_fast", 12, "bars of the fast mean"),
        period("macd_slow", 26, "bars of the slow mean"),
        period("macd_signal", 9, "bars of the signal line"),
        EOM_PERIOD,
        period("vol_sma_period", 20, "bars of the mean volume"),
    )
    blueprint = (
        indicator(
            "MACD",
            {"macd": MACD, "macdsignal": SIGNAL, "macdhist": HISTOGRAM},
            fastperiod="macd_fast",
            slowperiod="macd_slow",
            signalperiod="macd_signal",
        ),
        LEVELS_BLUEPRINT,
        EOM_BLUEPRINT,
        indicator("SMA", {"sma": VOLUME_MEAN}, source="volume", timeperiod="vol_sma_period"),
    )

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self._low = float(values["resistance_range_low"])
        self._high = float(values["resistance_range_high"])
        self._volume_ratio = float(values["volume_threshold"])

    @classmethod
    def required(cls, values: Values) -> tuple[str, ...]:
        """Resistance, MACD's three lines, EOM and mean volume."""
        return (RESISTANCE, MACD, SIGNAL, HISTOGRAM, EOM, VOLUME_MEAN)

    def awaited(self) -> tuple[str, ...]:
        """All but the resistance: that there is no level is an answer."""
        return self.required(self.values)[1:]

    def should_enter(self, chart: Chart) -> bool:
        """All parts on the current bar."""
        resistance = chart.now(RESISTANCE)
        return (
            crosses_above(chart, MACD, SIGNAL)
            and rises(chart, HISTOGRAM)
            and resistance * self._low <= chart.now("close") <= resistance * self._high
            and chart.now(EOM) > 0.0
            and chart.now("volume") >= chart.now(VOLUME_MEAN) * self._volume_ratio
        )

    def get_entry_reason(self) -> str:
        """What happened."""
        return "MACD crossing up near resistance with EOM above 0"
