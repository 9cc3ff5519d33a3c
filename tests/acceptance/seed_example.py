"""The example config of the requirement documents, word for word, and the same bot on a recorded market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EXAMPLE: dict[str, Any] = json.loads(
    """
{
  "id": "rsi_atr_btc_paper",
  "name": "RSI+ATR BTC Paper Trading",
  "enabled": true,
  "symbol": "BTCUSDT",
  "broker": {
    "type": "binance",
    "trading_mode": "paper",
    "name": "rsi_atr_btc_paper_broker",
    "cash": 100.0
  },
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
          "e_use_bb_touch": true
        }
      },
      "exit_logic": {
        "name": "ATRExitMixin",
        "params": {
          "x_atr_period": 14,
          "x_sl_multiplier": 1.5
        }
      },
      "position_size": 0.1
    }
  },
  "data": {
    "data_source": "binance",
    "interval": "1h",
    "lookback_bars": 500
  },
  "trading": {
    "position_size": 0.1,
    "max_positions": 1
  },
  "risk_management": {
    "max_position_size": 1000.0,
    "stop_loss_pct": 3.0,
    "take_profit_pct": 6.0,
    "max_daily_loss": 200.0,
    "max_daily_trades": 5
  },
  "notifications": {
    "position_opened": true,
    "position_closed": true,
    "email_enabled": false,
    "telegram_enabled": true,
    "error_notifications": true
  }
}
"""
)


def on_a_file(csv: Path) -> dict[str, Any]:
    """The example with its market replaced by a recording; all else as it stands in the document."""
    config: dict[str, Any] = json.loads(json.dumps(EXAMPLE))
    config["data"] |= {"data_source": "file", "file_path": str(csv)}
    return config
