"""Random markets and random bots, the same for the same number: gaps, flat stretches, ties and rare limits included."""

from __future__ import annotations

import random
from typing import Any

from builders import Candle, a_bot


def a_random_market(chance: random.Random, bars: int = 600) -> list[Candle]:
    """Prices on a coarse grid, so that levels are met exactly now and then; some bars gap, some do not move."""
    grid = chance.choice([0.01, 0.05, 0.5])
    price = chance.uniform(20, 200)
    candles = []
    for _ in range(bars):
        calm = chance.random() < 0.1
        opened = price if calm or chance.random() < 0.7 else price * (1 + chance.gauss(0, 0.01))
        closed = opened if calm else opened * (1 + chance.gauss(0, 0.008))
        high = max(opened, closed) * (1 if calm else 1 + abs(chance.gauss(0, 0.004)))
        low = min(opened, closed) * (1 if calm else 1 - abs(chance.gauss(0, 0.004)))
        first, last = on(grid, opened), on(grid, closed)
        top, bottom = max(on(grid, high), first, last), min(on(grid, low), first, last)
        volume = 0.0 if chance.random() < 0.03 else round(chance.expovariate(0.01), 3)
        candles.append(Candle(first, top, bottom, last, volume))
        price = max(last, 1.0)
    return candles


def on(grid: float, price: float) -> float:
    return max(round(round(price / grid) * grid, 8), grid)


def a_random_bot(chance: random.Random, csv: object) -> dict[str, Any]:
    """A config of any of the mixins with any of the limits, in one of the spellings."""
    config = a_bot(str(csv), symbol=chance.choice(["ETHBTC", "ACME"]))
    config["broker"] |= {
        "cash": chance.choice([500.0, 10_000, 123_456.78]),
        "commission": chance.choice([0, 0.001, 0.0075]),
    }
    config["strategy"]["parameters"] = {
        "entry_logic": _spelled(chance, "e_", *_entry(chance)),
        "exit_logic": _spelled(chance, "x_", *_exit(chance)),
        **_sizing(chance),
    }
    config["risk_management"] = _limits(chance)
    config["trading"] = _trading(chance)
    if chance.random() < 0.2:
        config["data"] |= {"history": True, "lookback_bars": chance.choice([10, 100, 5000])}
    return config


def _entry(chance: random.Random) -> tuple[str, dict[str, Any]]:
    params: dict[str, Any] = {
        "rsi_period": chance.randint(1, 15),
        "rsi_oversold": chance.choice([0, 20, 35, 45.5, 60]),
        "bb_period": chance.randint(2, 25),
        "bb_dev": chance.choice([0.5, 1, 1.7, 2.0]),
        "use_bb_touch": chance.random() < 0.5,
    }
    if chance.random() < 0.5:
        params |= {"vol_ma_period": chance.randint(1, 20), "min_volume_ratio": chance.choice([0.2, 0.8, 1.1])}
        return "RSIBBVolumeEntryMixin", params
    params |= {
        "rsi_cross": chance.random() < 0.4,
        "bb_reentry": chance.random() < 0.15,
        "cooldown_bars": chance.choice([0, 0, 3, 20]),
    }
    return "RSIOrBBEntryMixin", params


def _exit(chance: random.Random) -> tuple[str, dict[str, Any]]:
    kind = chance.randrange(4)
    if kind == 0:
        return "ATRExitMixin", {"atr_period": chance.randint(1, 15), "sl_multiplier": chance.choice([0.5, 1.5, 3.0])}
    if kind == 1:
        return "FixedRatioExitMixin", {
            "take_profit": chance.choice([0.005, 0.02]),
            "stop_loss": chance.choice([0, 0.01]),
        }
    if kind == 2:
        return "TimeBasedExitMixin", {"max_bars": chance.choice([0, 1, 4, 20])}
    return "TimeBasedExitMixin", {"use_time": True, "max_minutes": chance.choice([5, 12, 60])}


def _spelled(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    spelling = chance.randrange(3)
    if spelling == 0:
        return {"name": name, "logic_params": params}
    front = prefix if spelling == 1 else {"e_": "entry_e_", "x_": "exit_x_"}[prefix]
    return {"name": name, "params": {front + key: value for key, value in params.items()}}


def _sizing(chance: random.Random) -> dict[str, Any]:
    sizing: dict[str, Any] = {"position_size": chance.choice([0.1, 0.33, 0.9, 1])}
    if chance.random() < 0.2:
        sizing["max_position_size"] = 0.5
    if chance.random() < 0.2:
        sizing["min_position_size"] = 0.25
    if chance.random() < 0.2:
        sizing["min_order_value"] = 300
    return sizing


def _limits(chance: random.Random) -> dict[str, Any]:
    choices: dict[str, list[Any]] = {
        "stop_loss_pct": [0, 0.3, 1, 2.5],
        "take_profit_pct": [0.4, 1, 3],
        "max_daily_loss": [5, 60],
        "max_daily_trades": [2, 9],
        "max_position_size": [0, 99.5, 1000],
        "max_position_size_usd": [350],
        "trailing_stop_pct": [0.3, 1.2],
        "trailing_stop_activation_pct": [0, 0.2, 1],
    }
    limits = {name: chance.choice(values) for name, values in choices.items() if chance.random() < 0.35}
    if limits.get("max_position_size") == 0 and chance.random() < 0.9:
        del limits["max_position_size"]
    if "trailing_stop_pct" in limits:
        limits["trailing_stop"] = chance.random() < 0.85
    if chance.random() < 0.05:
        limits["stop_loss_enabled"] = False
    if chance.random() < 0.05:
        limits["take_profit_enabled"] = False
    return limits


def _trading(chance: random.Random) -> dict[str, Any]:
    trading: dict[str, Any] = {}
    if chance.random() < 0.3:
        trading["order_type"] = "limit"
    if chance.random() < 0.15:
        trading["max_drawdown_pct"] = chance.choice([0, 1.5, 8])
    return trading
