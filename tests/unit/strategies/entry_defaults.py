"""What each parameter of the newer entry rules is when the config is silent."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, dict[str, Any]] = {
    "RSIBBEntryMixin": {
        "rsi_period": 14,
        "rsi_oversold": 30,
        "bb_period": 20,
        "bb_dev": 2.0,
        "use_bb_touch": True,
        "rsi_cross": False,
        "bb_reentry": False,
        "cooldown_bars": 0,
    },
    "RSIIchimokuEntryMixin": {
        "rsi_period": 14,
        "rsi_oversold": 30,
        "tenkan_period": 9,
        "kijun_period": 26,
        "senkou_period": 52,
        "senkou_lead": 26,
    },
    "RSIVolumeSupertrendEntryMixin": {
        "rsi_period": 14,
        "rsi_oversold": 30,
        "vol_ma_period": 20,
        "min_volume_ratio": 1.5,
        "st_period": 10,
        "st_multiplier": 3.0,
    },
    "BBVolumeSuperTrendEntryMixin": {
        "bb_period": 20,
        "bb_dev": 2.0,
        "vol_ma_period": 20,
        "min_volume_ratio": 1.1,
        "st_period": 10,
        "st_multiplier": 3.0,
        "use_bb_touch": True,
    },
    "EOMBreakoutEntryMixin": {
        "breakout_threshold": 0.002,
        "use_atr_filter": True,
        "rsi_overbought": 70,
        "resistance_lookback": 2,
        "eom_period": 14,
        "volume_sma_period": 20,
        "atr_period": 14,
        "atr_sma_period": 100,
        "rsi_period": 14,
    },
    "EOMMAcdBreakoutEntryMixin": {
        "resistance_range_low": 0.995,
        "resistance_range_high": 1.002,
        "volume_threshold": 0.8,
        "resistance_lookback": 2,
        "macd_fast": 12,
        "macd_slow": 26,
        "macd_signal": 9,
        "eom_period": 14,
        "vol_sma_period": 20,
    },
    "EOMPullbackEntryMixin": {
        "support_threshold": 0.005,
        "rsi_oversold": 40,
        "atr_floor_multiplier": 0.9,
        "resistance_lookback": 2,
        "eom_period": 14,
        "rsi_period": 14,
        "atr_period": 14,
        "atr_sma_period": 100,
    },
}
