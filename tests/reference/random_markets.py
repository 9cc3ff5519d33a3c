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


def a_coarse_market(chance: random.Random, bars: int = 600) -> list[Candle]:
    """Whole prices in steps of a unit or two and three volumes: two sides of a comparison are often equal."""
    price, candles = 50, []
    for _ in range(bars):
        opened = price
        price = min(max(price + chance.choice([-2, -1, -1, 0, 0, 1, 1, 2]), 20), 80)
        high, low = max(opened, price) + chance.choice([0, 1]), min(opened, price) - chance.choice([0, 1])
        volume = chance.choice([0, 100, 100, 200])
        candles.append(Candle(float(opened), float(high), float(low), float(price), float(volume)))
    return candles
