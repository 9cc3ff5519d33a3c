"""Support, resistance and ease of movement, as the rules of that family read them."""

from __future__ import annotations

from worker.strategies.mixins.pieces import indicator, period

RESISTANCE = "entry_resistance"
SUPPORT = "entry_support"
EOM = "entry_eom"
VOLUME_MEAN = "entry_volume_sma"
RSI = "entry_rsi"
ATR = "entry_atr"
ATR_MEAN = "entry_atr_sma"

RESISTANCE_LOOKBACK = period("resistance_lookback", 2, "bars on both sides that a swing must stand out from")
EOM_PERIOD = period("eom_period", 14, "bars of the ease of movement")
RSI_PERIOD = period("rsi_period", 14, "bars of the RSI")
ATR_PERIOD = period("atr_period", 14, "bars of the average true range")
ATR_SMA_PERIOD = period("atr_sma_period", 100, "values in the mean of the average true range")

LEVELS_BLUEPRINT = indicator(
    "SupportResistance", {"resistance": RESISTANCE, "support": SUPPORT}, lookback_bars="resistance_lookback"
)
EOM_BLUEPRINT = indicator("EOM", {"eom": EOM}, timeperiod="eom_period")
RSI_BLUEPRINT = indicator("RSI", {"rsi": RSI}, timeperiod="rsi_period")
ATR_BLUEPRINT = indicator("ATR", {"atr": ATR}, timeperiod="atr_period")
ATR_MEAN_BLUEPRINT = indicator("SMA", {"sma": ATR_MEAN}, source=ATR, timeperiod="atr_sma_period")
