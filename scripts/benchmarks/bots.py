"""Configs of the measured bots: paper trading on the built-in market, or on a file of candles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ENTRY = {
    "name": "RSIOrBBEntryMixin",
    "params": {"rsi_period": 14, "rsi_oversold": 30, "bb_period": 20, "bb_dev": 2.0},
}
DIP = {"name": "RSIBBVolumeEntryMixin"}
EXIT = {"name": "ATRExitMixin", "params": {"atr_period": 14, "sl_multiplier": 1.5}}


def simulated(number: int, *, warm_up: int, speed: float = 1.0) -> dict[str, Any]:
    """A bot on the simulated market, each on its own: one-minute bars at `speed` market seconds per real second."""
    data = {"data_source": "simulated", "interval": "1m", "seed": number, "speed": speed, "lookback_bars": warm_up}
    return _bot(f"bench_{number}", data)


def replay(file: Path) -> dict[str, Any]:
    """A bot that replays five-minute candles as fast as it can; no warm-up beyond what its indicators need."""
    return _bot("bench_replay", {"data_source": "file", "file_path": str(file), "interval": "5m"})


def dip_replay(file: Path) -> dict[str, Any]:
    """The same with a rarer entry, default parameters and no levels: what `plain_backtrader` trades."""
    config = replay(file)
    config["strategy"]["parameters"] |= {"entry_logic": DIP, "exit_logic": {"name": "ATRExitMixin"}}
    return {name: value for name, value in config.items() if name != "risk_management"}


def _bot(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "symbol": "ETHBTC",
        "enabled": True,
        "broker": {"type": "paper", "trading_mode": "paper", "cash": 10_000, "commission": 0.001},
        "strategy": {
            "type": "CustomStrategy",
            "parameters": {"entry_logic": ENTRY, "exit_logic": EXIT, "position_size": 0.2},
        },
        "data": data,
        "risk_management": {"stop_loss_pct": 3.0, "take_profit_pct": 6.0},
    }
