"""Support, resistance and ease of movement, as the rules of that family read them."""

from __future__ import annotations

from worker.strategies.mixins.pieces import indicator, period

RESISTANCE = "exit_resistance"
SUPPORT = "exit_support"
EOM = "exit_eom"
VOLUME_MEAN = "exit_volume_sma"

RESISTANCE_LOOKBACK = period("resistance_lookback", 2, "bars on both sides that a swing must stand out from")
EOM_PERIOD = period("eom_period", 14, "bars of the ease of movement")
VOL_MA_PERIOD = period("vol_ma_period", 20, "bars of the mean volume")

LEVELS_BLUEPRINT = indicator(
    "SupportResistance", {"resistance": RESISTANCE, "support": SUPPORT}, lookback_bars="resistance_lookback"
)
EOM_BLUEPRINT = indicator("EOM", {"eom": EOM}, timeperiod="eom_period")
VOLUME_BLUEPRINT = indicator("SMA", {"sma": VOLUME_MEAN}, source="volume", timeperiod="vol_ma_period")
