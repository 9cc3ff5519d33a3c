"""Random parameters of each exit, of sizes with which it ends trades within 600 random bars."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Parameters = dict[str, Any]


def _atr(chance: random.Random) -> Parameters:
    return {"atr_period": chance.randint(1, 15), "sl_multiplier": chance.choice([0, 0.5, 1.5, 3.0])}


def _simple_atr(chance: random.Random) -> Parameters:
    return {
        "atr_period": chance.randint(1, 15),
        "atr_multiplier": chance.choice([0.5, 1.5, 3]),
        "breakeven_atr": chance.choice([0, 0.5, 1.5]),
        "use_breakeven": chance.random() < 0.7,
    }


def _advanced_atr(chance: random.Random) -> Parameters:
    return {
        "anchor": chance.choice(["high", "close", "mid"]),
        "k_init": chance.choice([1, 2.5]),
        "k_run": chance.choice([1.5, 2.0]),
        "k_phase2": chance.choice([0.5, 1.5]),
        "p_fast": chance.randint(2, 8),
        "p_slow": chance.randint(5, 22),
        "use_htf_atr": chance.random() < 0.7,
        "alpha_fast": chance.choice([0, 0.9, 1.0]),
        "alpha_slow": chance.choice([0.5, 1.0]),
        "alpha_htf": chance.choice([0.8, 1.0]),
        "atr_floor": chance.choice([0, 0.0, 0.2]),
        "arm_at_R": chance.choice([0.2, 0.5, 1.0]),
        "phase2_at_R": chance.choice([0.5, 1, 2.0]),
        "breakeven_offset_atr": chance.choice([0.0, -0.5, 0.3]),
        "use_swing_ratchet": chance.random() < 0.6,
        "swing_lookback": chance.randint(1, 12),
        "struct_buffer_atr": chance.choice([0, 0.25, 1]),
        "min_stop_step": chance.choice([0, 0, 0.1]),
        "noise_filter_atr": chance.choice([0, 0.4, 0.8]),
        "max_trail_freq": chance.choice([1, 1, 3]),
    }


def _fixed_ratio(chance: random.Random) -> Parameters:
    return {"take_profit": chance.choice([0.005, 0.02]), "stop_loss": chance.choice([0, 0.01])}


def _moving_averages(chance: random.Random) -> Parameters:
    fast = chance.randint(1, 8)
    kind = chance.choice(["SMA", "EMA", "sma", "Ema"])
    return {"fast_period": fast, "slow_period": fast + chance.randint(1, 12), "ma_type": kind}


def _rsi_or_bands(chance: random.Random) -> Parameters:
    return {
        "rsi_period": chance.randint(2, 15),
        "rsi_overbought": chance.choice([50, 62.5, 75]),
        "bb_period": chance.randint(3, 25),
        "bb_dev": chance.choice([0.5, 1, 1.7]),
    }


def _rsi_and_bands(chance: random.Random) -> Parameters:
    return {
        "rsi_period": chance.randint(2, 8),
        "rsi_overbought": chance.choice([50, 60, 66.5]),
        "bb_period": chance.randint(3, 25),
        "bb_dev": chance.choice([0, 0.5, 1]),
    }


def _time(chance: random.Random) -> Parameters:
    if chance.random() < 0.5:
        return {"use_time": True, "max_minutes": chance.choice([5, 12, 60])}
    return {"max_bars": chance.choice([0, 1, 4, 20])}


def _trailing(chance: random.Random) -> Parameters:
    return {
        "trail_pct": chance.choice([0, 0.005, 0.02]),
        "activation_pct": chance.choice([0.0, 0, 0.004]),
        "use_atr": chance.random() < 0.4,
        "atr_multiplier": chance.choice([0.5, 2]),
        "atr_period": chance.randint(1, 15),
    }


def _swings(chance: random.Random) -> Parameters:
    return {"resistance_lookback": chance.choice([1, 1, 2, 3]), "eom_period": chance.randint(1, 8)}


def _breakdown(chance: random.Random) -> Parameters:
    return {
        "breakdown_threshold": chance.choice([0, 0.0005, 0.002]),
        "vol_ma_period": chance.randint(2, 20),
        "atr_period": chance.randint(1, 14),
        **_swings(chance),
    }


def _macd_breakdown(chance: random.Random) -> Parameters:
    fast = chance.randint(2, 6)
    return {
        "support_threshold": chance.choice([0, 0.0005]),
        "macd_fast_period": fast,
        "macd_slow_period": fast + chance.randint(1, 6),
        "macd_signal_period": chance.randint(2, 5),
        "vol_ma_period": chance.randint(2, 20),
        **_swings(chance),
    }


def _rejection(chance: random.Random) -> Parameters:
    return {
        "resistance_threshold": chance.choice([0.95, 0.98, 0.99]),
        "rsi_period": chance.randint(3, 15),
        "rsi_overbought": chance.choice([35.5, 45, 55]),
        **_swings(chance),
    }


def _multi_level(chance: random.Random) -> Parameters:
    return {
        "htf_atr_period": chance.randint(2, 15),
        "htf_sl_multiplier": chance.choice([1.5, 2.5]),
        "ltf_atr_period": chance.randint(2, 15),
        "ltf_sl_multiplier": chance.choice([1, 2.0]),
        "micro_atr_period": chance.randint(2, 15),
        "be_activation_atr": chance.choice([0, 0.5, 1.0]),
        "be_buffer_multiplier": chance.choice([0, 0.3]),
        "use_dynamic_k": chance.random() < 0.5,
        "vol_sma_period": chance.randint(3, 40),
    }


RANDOM_EXITS: dict[str, Callable[[random.Random], Parameters]] = {
    "ATRExitMixin": _atr,
    "SimpleATRExitMixin": _simple_atr,
    "AdvancedATRExitMixin": _advanced_atr,
    "FixedRatioExitMixin": _fixed_ratio,
    "MACrossoverExitMixin": _moving_averages,
    "RSIBBExitMixin": _rsi_and_bands,
    "RSIOrBBExitMixin": _rsi_or_bands,
    "TimeBasedExitMixin": _time,
    "TrailingStopExitMixin": _trailing,
    "EOMBreakdownExitMixin": _breakdown,
    "EOMMAcdBreakdownExitMixin": _macd_breakdown,
    "EOMRejectionExitMixin": _rejection,
    "MultiLevelAtrExitMixin": _multi_level,
}
