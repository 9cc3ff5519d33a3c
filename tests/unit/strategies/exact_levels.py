"""Indicators of levels and turns from their definitions, in exact arithmetic; see exact_formulas."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from exact_formulas import PRECISE, Series, exact, mean


def midrange(highs: Sequence[Decimal], lows: Sequence[Decimal], n: int) -> Series:
    return [
        (max(highs[i - n + 1 : i + 1]) + min(lows[i - n + 1 : i + 1])) / 2 if i >= n - 1 else None
        for i in range(len(highs))
    ]


def ichimoku(highs: Sequence[float], lows: Sequence[float], spans: tuple[int, int, int], lead: int) -> list[Series]:
    """Tenkan, kijun, span A and span B; the spans are those of `lead` bars before."""
    with localcontext(PRECISE):
        tenkan, kijun, far = (midrange(exact(highs), exact(lows), n) for n in spans)
        near: Series = [None if t is None or k is None else (t + k) / 2 for t, k in zip(tenkan, kijun, strict=True)]
        ahead: Series = [None] * lead
        return [tenkan, kijun, (ahead + near)[: len(highs)], (ahead + far)[: len(highs)]]


def swing_highs(highs: Sequence[float], reach: int) -> list[tuple[int, float]]:
    """(bar at which it is known, level) of every bar above `reach` others on both sides."""
    found = []
    for i in range(reach, len(highs) - reach):
        others = [*highs[i - reach : i], *highs[i + 1 : i + reach + 1]]
        if all(other < highs[i] for other in others):
            found.append((i + reach, highs[i]))
    return found


def kept(swings: Sequence[tuple[int, float]], bar: int, most: int) -> list[float]:
    """What is stored of them at `bar`."""
    stored: list[Decimal] = []
    with localcontext(PRECISE):
        for known, level in swings:
            swing = Decimal(level)
            near = bool(stored) and abs(swing - stored[-1]) / stored[-1] < Decimal("0.0001")
            if known <= bar and not near:
                stored.append(swing)
    return [float(swing) for swing in stored[-most:]]


def levels(
    highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], reach: int, most: int
) -> list[tuple[float | None, float | None]]:
    """Resistance and support of every bar, everything looked up again for each."""
    tops = swing_highs(highs, reach)
    bottoms = [(known, -level) for known, level in swing_highs([-low for low in lows], reach)]
    return [
        (
            min((top for top in kept(tops, bar, most) if top > close), default=None),
            max((bottom for bottom in kept(bottoms, bar, most) if bottom < close), default=None),
        )
        for bar, close in enumerate(closes)
    ]


def supertrend(
    highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], n: int, multiplier: float
) -> list[tuple[Decimal, int] | None]:
    """Line and direction."""
    with localcontext(PRECISE):
        high, low, close = exact(highs), exact(lows), exact(closes)
        ranges = [
            max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1])) for i in range(1, len(close))
        ]
        states: list[tuple[Decimal, int] | None] = [None] * min(n, len(close))
        for i in range(n, len(close)):
            middle, half = (high[i] + low[i]) / 2, mean(ranges[i - n : i]) * Decimal(multiplier)
            lower, upper, before = middle - half, middle + half, states[-1]
            if before is None:
                states.append((lower, 1))
            elif before[1] == 1:
                states.append((upper, -1) if close[i] <= before[0] else (max(lower, before[0]), 1))
            else:
                states.append((lower, 1) if close[i] >= before[0] else (min(upper, before[0]), -1))
        return states
