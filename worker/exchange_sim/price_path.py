"""How the price walks through a candle: open, one extreme, the other, close, in straight lines."""

from __future__ import annotations

from itertools import pairwise

from worker.exchange_sim.candle_source import Row


def price_at(row: Row, step: int, steps: int) -> float:
    """The price of trade `step` of `steps` (at least 4) in this candle; each corner is the price of some trade.

    A candle that closes above its open goes to its low first, another to its high.
    """
    first, second = (row.low, row.high) if row.close >= row.open else (row.high, row.low)
    corners = ((0, row.open), (steps // 3, first), (2 * steps // 3, second), (steps - 1, row.close))
    for (since, begin), (until, end) in pairwise(corners):
        if step <= until:
            return end if step == until else begin + (end - begin) * (step - since) / (until - since)
    return row.close
