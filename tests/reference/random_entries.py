"""Random parameters of each entry, of sizes with which 600 random bars hold a few signals at least."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Parameters = dict[str, Any]


def _rsi_bands(chance: random.Random) -> Parameters:
    return {
        "rsi_period": chance.randint(1, 15),
        "rsi_oversold": chance.choice([20, 35, 45.5, 60]),
        "bb_period": chance.randint(2, 25),
        "bb_dev": chance.choice([0.5, 1, 1.7, 2.0]),
        "use_bb_touch": chance.random() < 0.5,
    }


def _signals(chance: random.Random) -> Parameters:
    return _rsi_bands(chance) | {
        "rsi_cross": chance.random() < 0.4,
        "bb_reentry": chance.random() < 0.3,
        "cooldown_bars": chance.choice([0, 0, 3, 20]),
    }


def _rsi_and_bands(chance: random.Random) -> Parameters:
    params = _signals(chance)
    params["rsi_oversold"] = chance.choice([35, 45.5, 60])
    params["bb_dev"] = chance.choice([0.5, 1, 1.7])
    if params["rsi_cross"]:
        params["bb_reentry"] = chance.random() < 0.8
    return params


def _volume(chance: random.Random) -> Parameters:
    return {"vol_ma_period": chance.randint(1, 20), "min_volume_ratio": chance.choice([0, 0.2, 0.8, 1.1])}


def _supertrend(chance: random.Random) -> Parameters:
    return {"st_period": chance.randint(1, 15), "st_multiplier": chance.choice([2, 3.0, 4.5])}


def _ichimoku(chance: random.Random) -> Parameters:
    return {
        "rsi_period": chance.randint(2, 15),
        "rsi_oversold": chance.choice([50, 60, 75.5]),
        "tenkan_period": chance.randint(2, 9),
        "kijun_period": chance.randint(5, 15),
        "senkou_period": chance.randint(10, 40),
        "senkou_lead": chance.choice([0, 1, 10, 26]),
    }


def _volume_supertrend(chance: random.Random) -> Parameters:
    rsi = {"rsi_period": chance.randint(2, 15), "rsi_oversold": chance.choice([40, 50, 60.5])}
    return rsi | _volume(chance) | _supertrend(chance)


def _bands_supertrend(chance: random.Random) -> Parameters:
    bands = {
        "bb_period": chance.randint(5, 25),
        "bb_dev": chance.choice([0, 0.5, 1.2]),
        "use_bb_touch": chance.random() < 0.5,
    }
    return bands | _volume(chance) | _supertrend(chance)


def _swings(chance: random.Random) -> Parameters:
    return {"resistance_lookback": chance.choice([1, 2, 2, 3]), "eom_period": chance.randint(1, 8)}


def _average_range(chance: random.Random) -> Parameters:
    return {"atr_period": chance.randint(2, 14), "atr_sma_period": chance.randint(3, 50)}


def _breakout(chance: random.Random) -> Parameters:
    return {
        "breakout_threshold": chance.choice([0, 0.0005, 0.002]),
        "use_atr_filter": chance.random() < 0.5,
        "rsi_period": chance.randint(3, 15),
        "rsi_overbought": chance.choice([65, 80, 95.5]),
        "volume_sma_period": chance.randint(2, 20),
        **_swings(chance),
        **_average_range(chance),
    }


def _macd_breakout(chance: random.Random) -> Parameters:
    fast = chance.randint(2, 8)
    return {
        "resistance_range_low": chance.choice([0.95, 0.98, 0.99]),
        "resistance_range_high": chance.choice([1, 1.002]),
        "volume_threshold": chance.choice([0, 0.3, 0.8]),
        "macd_fast": fast,
        "macd_slow": fast + chance.randint(1, 10),
        "macd_signal": chance.randint(2, 8),
        "vol_sma_period": chance.randint(2, 20),
        **_swings(chance),
    }


def _pullback(chance: random.Random) -> Parameters:
    return {
        "support_threshold": chance.choice([0.003, 0.01, 0.03]),
        "rsi_period": chance.randint(3, 15),
        "rsi_oversold": chance.choice([50, 60, 70.5]),
        "atr_floor_multiplier": chance.choice([0, 0.8, 0.95]),
        **_swings(chance),
        **_average_range(chance),
    }


RANDOM_ENTRIES: dict[str, Callable[[random.Random], Parameters]] = {
    "RSIBBEntryMixin": _rsi_and_bands,
    "RSIOrBBEntryMixin": _signals,
    "RSIBBVolumeEntryMixin": lambda chance: _rsi_bands(chance) | _volume(chance),
    "RSIIchimokuEntryMixin": _ichimoku,
    "RSIVolumeSupertrendEntryMixin": _volume_supertrend,
    "BBVolumeSuperTrendEntryMixin": _bands_supertrend,
    "EOMBreakoutEntryMixin": _breakout,
    "EOMMAcdBreakoutEntryMixin": _macd_breakout,
    "EOMPullbackEntryMixin": _pullback,
}
