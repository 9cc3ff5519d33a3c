"""What a bot decides on given bars, each trade held until two bars after its fill."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from tape import Bar, TapeDesk, a_spec, play

HOLD = {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 2}}
LEGACY = {"tenkan_period": "tenkan", "kijun_period": "kijun", "senkou_period": "senkou"}
"""Parameters whose prefixed names are not prefix and plain name."""


def choppy_bars(seed: int, count: int) -> list[Bar]:
    """Prices that swing around a slowly drifting middle and meet levels, clouds and trends from both sides."""
    chance = random.Random(seed)
    middle = price = 100.0
    drift, bars = 0.0, []
    for i in range(count):
        if i % 90 == 0:
            drift = chance.gauss(0, 0.0006)
        opened, middle = price, middle * (1 + drift)
        price = round(price + (middle - price) * 0.12 + chance.gauss(0, 0.35), 4)
        high = round(max(opened, price) + abs(chance.gauss(0, 0.1)), 4)
        low = round(min(opened, price) - abs(chance.gauss(0, 0.1)), 4)
        bars.append(Bar(opened, high, low, price, round(chance.expovariate(0.01), 3)))
    return bars


def spelled(parameters: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The parameters under their names with that prefix; "" for the plain ones."""
    return {prefix + (LEGACY.get(name, name) if prefix else name): value for name, value in parameters.items()}


def decided(entry: Mapping[str, Any], bars: Sequence[Bar]) -> TapeDesk:
    """The desk after a bot with this entry logic has seen all the bars."""
    desk = TapeDesk(bars)
    play(a_spec(entry, HOLD), desk)
    return desk


def entries(name: str, bars: Sequence[Bar], parameters: Mapping[str, Any], prefix: str = "e_") -> list[int]:
    """The bars at which an entry is decided."""
    desk = decided({"name": name, "params": spelled(parameters, prefix)}, bars)
    return [bar for bar, _ in desk.entries]
