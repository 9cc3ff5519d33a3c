"""Volume that stands out, as several entry rules ask for it."""

from __future__ import annotations

from worker.strategies.mixins.pieces import indicator, number, period
from worker.strategies.parameters import Parameter

VOLUME_MEAN = "entry_volume_ma"
VOL_MA_PERIOD = period("vol_ma_period", 20, "bars of the mean volume")
VOLUME_BLUEPRINT = indicator("SMA", {"sma": VOLUME_MEAN}, source="volume", timeperiod="vol_ma_period")


def min_volume_ratio(default: float) -> Parameter:
    """How far the volume must stand out."""
    return number("min_volume_ratio", default, "the volume must exceed this many times its mean")
