"""Candles and bots that trade often on them: the same for every run with the same seed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from builders import Candle, a_bot, a_csv, an_entry, an_exit, parameters

CANDLE_SECONDS = 300


def a_market(path: Path, seed: int, bars: int) -> Path:
    """A walk of `bars` five-minute candles, restless enough that stops and targets are met."""
    chance, price, candles = random.Random(seed), 100.0, []
    for _ in range(bars):
        opened = price
        price = max(5.0, round(price * (1 + chance.gauss(0, 0.004)), 4))
        high = round(max(opened, price) * (1 + abs(chance.gauss(0, 0.001))), 4)
        low = round(min(opened, price) * (1 - abs(chance.gauss(0, 0.001))), 4)
        candles.append(Candle(opened, high, low, price, round(chance.uniform(50, 500), 2)))
    return a_csv(path, candles, seconds=CANDLE_SECONDS)


def trader(number: int, csv: Path, bars_per_second: float = 0) -> dict[str, Any]:
    """The `number`-th bot: four manners of trading take turns. At 0 bars per second it goes as fast as it can."""
    narrow = an_entry(rsi_period=3, rsi_oversold=45, bb_period=5, bb_dev=0.5, cooldown_bars=2)
    manners: list[dict[str, Any]] = [
        {
            "strategy": parameters(
                entry_logic=narrow, exit_logic=an_exit("FixedRatioExitMixin", take_profit=0.004, stop_loss=0.003)
            ),
            "risk_management": {"trailing_stop": True, "trailing_stop_pct": 0.5, "trailing_stop_activation_pct": 0.2},
        },
        {"trading": {"order_type": "limit"}, "risk_management": {"stop_loss_pct": 0.5, "take_profit_pct": 0.7}},
        {
            "strategy": parameters(exit_logic=an_exit("ATRExitMixin", atr_period=7, sl_multiplier=2.0)),
            "risk_management": {"max_daily_loss": 20, "max_daily_trades": 40},
        },
        {},
    ]
    data = {"speed": bars_per_second * CANDLE_SECONDS} if bars_per_second else {}
    return a_bot(csv, id=f"trader_{number}", name=f"Trader {number}", data=data, **manners[number % len(manners)])
