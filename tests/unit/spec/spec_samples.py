"""Configs as they are found in databases, for the tests of the bot spec."""

from __future__ import annotations

import copy
from typing import Any

DOCUMENTED: dict[str, Any] = {
    "id": "rsi_atr_btc_paper",
    "name": "RSI+ATR BTC Paper Trading",
    "enabled": True,
    "symbol": "BTCUSDT",
    "broker": {"type": "binance", "trading_mode": "paper", "name": "rsi_atr_btc_paper_broker", "cash": 100.0},
    "strategy": {
        "type": "CustomStrategy",
        "parameters": {
            "entry_logic": {
                "name": "RSIBBVolumeEntryMixin",
                "params": {
                    "e_rsi_period": 14,
                    "e_rsi_oversold": 30,
                    "e_bb_period": 20,
                    "e_bb_dev": 2.0,
                    "e_vol_ma_period": 20,
                    "e_min_volume_ratio": 1.1,
                    "e_use_bb_touch": True,
                },
            },
            "exit_logic": {"name": "ATRExitMixin", "params": {"x_atr_period": 14, "x_sl_multiplier": 1.5}},
            "position_size": 0.1,
        },
    },
    "data": {"data_source": "binance", "interval": "1h", "lookback_bars": 500},
    "trading": {"position_size": 0.1, "max_positions": 1},
    "risk_management": {
        "max_position_size": 1000.0,
        "stop_loss_pct": 3.0,
        "take_profit_pct": 6.0,
        "max_daily_loss": 200.0,
        "max_daily_trades": 5,
    },
    "notifications": {
        "position_opened": True,
        "position_closed": True,
        "email_enabled": False,
        "telegram_enabled": True,
        "error_notifications": True,
    },
}
"""The example of the seed-era design document, word for word."""

SEED_ERA: dict[str, Any] = {
    "id": "eth",
    "name": "ETH",
    "enabled": True,
    "symbol": "ETHUSDT",
    "broker": {"type": "mock", "trading_mode": "paper", "name": "m", "cash": 500},
    "strategy": {
        "type": "CustomStrategy",
        "parameters": {
            "entry_logic": {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_period": 10}},
            "exit_logic": {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 5}},
            "position_size": 0.2,
        },
    },
    "data": {"data_source": "file", "file_path": "eth.csv", "interval": "5m"},
}

NEWER: dict[str, Any] = {
    "bot_id": "eth",
    "name": "ETH",
    "symbol": "ETHUSDT",
    "broker": {"type": "mock", "trading_mode": "paper", "initial_balance": 500.0},
    "strategy": {
        "type": "CustomStrategy",
        "parameters": {
            "entry_logic": {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_period": 10}},
            "exit_logic": {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 5}},
        },
    },
    "data": {"data_source": "file", "file_path": "eth.csv", "interval": "5m"},
    "trading": {"position_size": 0.2},
}
"""The same bot as SEED_ERA, in the spelling of the later service."""

WEB_FORM: dict[str, Any] = {
    "trading_pair": "ETHUSDT",
    "name": "ETH",
    "broker": {"type": "paper", "trading_mode": "paper", "cash": "500"},
    "strategy": {
        "type": "CustomStrategy",
        "parameters": {
            "entry_logic": {
                "name": "RSIBBEntryMixin",
                "indicators": [
                    {"type": "RSI", "params": {"timeperiod": "rsi_period"}, "fields_mapping": {"rsi": "entry_rsi"}}
                ],
                "logic_params": {"rsi_period": 14, "oversold": 30},
            },
            "exit_logic": {"name": "FixedRatioExitMixin", "params": {"x_take_profit_pct": 5.0, "x_stop_loss_pct": 2.0}},
        },
    },
    "data": {"symbol": "", "fromdate": "", "timezone": ""},
    "notifications": {"notify_email": "", "webhook_url": ""},
}


def changed(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A deep copy of `config` with `value` at the dotted `path`; missing objects on the way are made."""
    config = copy.deepcopy(config)
    *way, last = path.split(".")
    place = config
    for name in way:
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    place[last] = value
    return config


def without(config: dict[str, Any], path: str) -> dict[str, Any]:
    """A deep copy of `config` without the key at the dotted `path`."""
    config = copy.deepcopy(config)
    *way, last = path.split(".")
    place = config
    for name in way:
        place = place[name]
    del place[last]
    return config
