"""Bots on the recorded candles, chosen so that every rule of the simulated market is met many times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import RECORDED, a_bot, an_entry, an_exit, parameters

ETH_BTC = RECORDED / "ETH_BTC-5m.csv"
XRP_USDT = RECORDED / "XRP_USDT-1h.csv"

needs_recordings = pytest.mark.skipif(not ETH_BTC.exists(), reason=f"recorded market data is not at hand ({RECORDED})")


def as_in_the_documents(csv: Path = ETH_BTC) -> dict[str, Any]:
    """RSI, bands and volume with an ATR stop, percent stops and daily limits: about 25 trades."""
    entry = an_entry(
        "RSIBBVolumeEntryMixin",
        rsi_period=14,
        rsi_oversold=30,
        bb_period=20,
        bb_dev=2.0,
        vol_ma_period=20,
        min_volume_ratio=1.1,
        use_bb_touch=True,
    )
    return a_bot(
        csv,
        strategy=parameters(entry_logic=entry, exit_logic=an_exit("ATRExitMixin", atr_period=14, sl_multiplier=1.5)),
        risk_management={"stop_loss_pct": 3.0, "take_profit_pct": 6.0, "max_daily_loss": 200.0, "max_daily_trades": 5},
    )


def often(csv: Path = ETH_BTC) -> dict[str, Any]:
    """Narrow bands, a trailing stop and a cooldown: over a thousand trades."""
    entry = an_entry(rsi_period=3, rsi_oversold=45, bb_period=5, bb_dev=0.5, cooldown_bars=2)
    return a_bot(
        csv,
        strategy=parameters(
            entry_logic=entry, exit_logic=an_exit("FixedRatioExitMixin", take_profit=0.004, stop_loss=0.003)
        ),
        risk_management={
            "trailing_stop": True,
            "trailing_stop_pct": 0.5,
            "trailing_stop_activation_pct": 0.2,
            "stop_loss_pct": 1,
        },
    )


def by_limit_order(csv: Path = ETH_BTC) -> dict[str, Any]:
    """Limit entries with percent stop and target: over five hundred trades, many orders that expire."""
    return a_bot(csv, trading={"order_type": "limit"}, risk_management={"stop_loss_pct": 0.5, "take_profit_pct": 0.7})


def until_its_limits(csv: Path = ETH_BTC) -> dict[str, Any]:
    """Bands crossed back, an ATR stop, money cap, daily loss and drawdown limits: many entries are refused."""
    entry = an_entry(rsi_period=7, rsi_oversold=40, rsi_cross=True, bb_period=10, bb_dev=1.0, use_bb_touch=False)
    return a_bot(
        csv,
        broker={"cash": 1000.0, "commission": 0.0005},
        strategy=parameters(
            entry_logic=entry,
            exit_logic=an_exit("ATRExitMixin", atr_period=7, sl_multiplier=2.0),
            position_size=0.9,
            max_position_size=0.8,
        ),
        trading={"max_drawdown_pct": 15},
        risk_management={"max_position_size": 700, "max_daily_loss": 20, "max_daily_trades": 40},
    )


def by_the_clock(csv: Path = ETH_BTC) -> dict[str, Any]:
    """Leaves after an hour, in the newer spelling and from the middle of the file on."""
    return a_bot(
        csv,
        strategy=parameters(
            entry_logic={
                "name": "RSIOrBBEntryMixin",
                "logic_params": {"rsi_period": 5, "rsi_oversold": 25, "bb_dev": 2.2},
            },
            exit_logic={"name": "TimeBasedExitMixin", "logic_params": {"use_time": True, "max_minutes": 60}},
        ),
        data={"fromdate": "2018-01-15", "todate": "2018-01-25", "history": True, "lookback_bars": 300},
    )


BOTS: dict[str, Callable[[], dict[str, Any]]] = {
    "as_in_the_documents": as_in_the_documents,
    "often": often,
    "by_limit_order": by_limit_order,
    "until_its_limits": until_its_limits,
    "by_the_clock": by_the_clock,
    "five_bars": lambda: a_bot(ETH_BTC),
}
