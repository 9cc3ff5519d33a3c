"""Three bots on the built-in simulated market, for a first look."""

from __future__ import annotations

from typing import Any


def _bot(name: str, symbol: str, seed: int, entry: dict[str, Any], exit_logic: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "symbol": symbol,
        "enabled": True,
        "broker": {"type": "paper", "trading_mode": "paper", "cash": 10_000},
        "strategy": {
            "type": "CustomStrategy",
            "parameters": {"entry_logic": entry, "exit_logic": exit_logic, "position_size": 0.2},
        },
        "data": {"data_source": "simulated", "interval": "1m", "seed": seed, "speed": 600, "lookback_bars": 100},
        "risk_management": {"stop_loss_pct": 3.0, "take_profit_pct": 6.0},
    }


DEMO_BOTS: tuple[dict[str, Any], ...] = (
    _bot(
        "demo_rsi_or_bb",
        "BTCUSDT",
        7,
        {"name": "RSIOrBBEntryMixin", "params": {"rsi_period": 7, "rsi_oversold": 35, "bb_period": 14, "bb_dev": 1.5}},
        {"name": "TimeBasedExitMixin", "params": {"max_bars": 12}},
    ),
    _bot(
        "demo_rsi_bb_volume",
        "ETHUSDT",
        11,
        {
            "name": "RSIBBVolumeEntryMixin",
            "params": {"rsi_period": 7, "rsi_oversold": 40, "bb_period": 14, "bb_dev": 1.2, "min_volume_ratio": 1.0},
        },
        {"name": "ATRExitMixin", "params": {"atr_period": 14, "sl_multiplier": 1.5}},
    ),
    _bot(
        "demo_fixed_ratio",
        "SOLUSDT",
        23,
        {"name": "RSIOrBBEntryMixin", "params": {"rsi_period": 9, "rsi_oversold": 30, "bb_period": 20, "bb_dev": 2.0}},
        {"name": "FixedRatioExitMixin", "params": {"take_profit": 0.01, "stop_loss": 0.008}},
    ),
)
"""Configs as a user would write them; sped up 600-fold so that trades come within seconds."""
