"""Random bots, the same for the same number: any entry with any exit, in any spelling, rare limits included."""

from __future__ import annotations

import random
from typing import Any

from builders import a_bot
from reference.random_entries import RANDOM_ENTRIES
from reference.random_exits import RANDOM_EXITS
from reference.random_spellings import spelled


def a_random_bot(chance: random.Random, csv: object) -> dict[str, Any]:
    """A config of any two mixins with any of the limits, in any of the spellings."""
    entry, leave = chance.choice(sorted(RANDOM_ENTRIES)), chance.choice(sorted(RANDOM_EXITS))
    config = a_bot_of(chance, csv, entry, leave)
    config["symbol"] = chance.choice(["ETHBTC", "ACME"])
    config["broker"] |= {
        "cash": chance.choice([500.0, 10_000, 123_456.78]),
        "commission": chance.choice([0, 0.001, 0.0075]),
    }
    config["strategy"]["parameters"] |= _sizing(chance)
    config["risk_management"] = _limits(chance)
    config["trading"] = _trading(chance)
    if chance.random() < 0.2:
        config["data"] |= {"history": True, "lookback_bars": chance.choice([10, 100, 5000])}
    return config


def a_bot_of(chance: random.Random, csv: object, entry: str, leave: str) -> dict[str, Any]:
    """A config of these two mixins with random parameters in a random spelling, and without limits."""
    config = a_bot(str(csv))
    config["strategy"]["parameters"] |= {
        "entry_logic": spelled(chance, "e_", entry, RANDOM_ENTRIES[entry](chance)),
        "exit_logic": spelled(chance, "x_", leave, RANDOM_EXITS[leave](chance)),
    }
    return config


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
