"""Random markets, the same for the same number: gaps, flat stretches and ties included."""

from __future__ import annotations

import random

from builders import Candle


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
