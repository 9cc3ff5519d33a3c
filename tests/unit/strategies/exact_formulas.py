"""Indicators from their definitions, in decimal arithmetic of 60 digits, whole series in, whole series out.

None where there is no value. Nothing is shared with the code under test: no binary floating point, no windows
carried along.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from itertools import pairwise

PRECISE = Context(prec=60)
Series = list[Decimal | None]


def exact(values: Sequence[float]) -> list[Decimal]:
    return [Decimal(value) for value in values]


def mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def sma(values: Sequence[float], n: int) -> Series:
    with localcontext(PRECISE):
        given = exact(values)
        return [mean(given[i - n + 1 : i + 1]) if i >= n - 1 else None for i in range(len(given))]


def bands(values: Sequence[float], n: int, width: float) -> tuple[Series, Series, Series]:
    """Upper, middle, lower."""
    with localcontext(PRECISE):
        given, middle = exact(values), sma(values, n)
        half: Series = []
        for i, centre in enumerate(middle):
            if centre is None:
                half.append(None)
                continue
            variance = mean([(value - centre) ** 2 for value in given[i - n + 1 : i + 1]])
            half.append(variance.sqrt() * Decimal(width))
        pairs = list(zip(middle, half, strict=True))
        upper = [None if m is None or h is None else m + h for m, h in pairs]
        lower = [None if m is None or h is None else m - h for m, h in pairs]
        return upper, middle, lower


def wilder(values: Sequence[Decimal], n: int) -> Series:
    """From the first full window on."""
    smoothed: Series = [None] * (n - 1)
    for i in range(n - 1, len(values)):
        before = smoothed[-1] if i >= n else None
        smoothed.append(mean(values[:n]) if before is None else (before * (n - 1) + values[i]) / n)
    return smoothed


def rsi(closes: Sequence[float], n: int) -> Series:
    with localcontext(PRECISE):
        given = exact(closes)
        changes = [b - a for a, b in pairwise(given)]
        gains = wilder([max(change, Decimal(0)) for change in changes], n)
        losses = wilder([max(-change, Decimal(0)) for change in changes], n)
        values: Series = [None]
        for gain, loss in zip(gains, losses, strict=True):
            if gain is None or loss is None:
                values.append(None)
            else:
                values.append(100 * gain / (gain + loss) if gain + loss else Decimal(0))
        return values


def atr(highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], n: int) -> Series:
    with localcontext(PRECISE):
        high, low, close = exact(highs), exact(lows), exact(closes)
        ranges = [
            max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1])) for i in range(1, len(close))
        ]
        return [None, *wilder(ranges, n)]


def ema(values: Sequence[Decimal], n: int, begin: int = 0) -> Series:
    """Begun with the mean of the n values from `begin` on."""
    averages: Series = [None] * (begin + n - 1)
    weight = Decimal(2) / (n + 1)
    for i in range(begin + n - 1, len(values)):
        before = averages[-1] if averages else None
        averages.append(mean(values[begin : begin + n]) if before is None else before + weight * (values[i] - before))
    return averages


def macd(values: Sequence[float], fast: int, slow: int, signal: int) -> tuple[Series, Series, Series]:
    """MACD, signal, histogram."""
    with localcontext(PRECISE):
        given = exact(values)
        pairs = zip(ema(given, fast, slow - fast), ema(given, slow), strict=True)
        differences = [quick - lazy for quick, lazy in pairs if quick is not None and lazy is not None]
        missing: Series = [None] * (slow - 1)
        signals = [*missing, *ema(differences, signal)]
        lines: Series = [*missing, *differences]
        return (
            [None if average is None else line for line, average in zip(lines, signals, strict=True)],
            signals,
            [
                None if average is None or line is None else line - average
                for line, average in zip(lines, signals, strict=True)
            ],
        )


def stochastic(
    highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], fastk: int, slowk: int, slowd: int
) -> tuple[Series, Series]:
    """Slow %K and slow %D, both from where the latter begins."""
    with localcontext(PRECISE):
        high, low, close = exact(highs), exact(lows), exact(closes)
        fast = []
        for i in range(fastk - 1, len(close)):
            top, bottom = max(high[i - fastk + 1 : i + 1]), min(low[i - fastk + 1 : i + 1])
            fast.append(100 * (close[i] - bottom) / (top - bottom) if top > bottom else Decimal(0))
        slow = [mean(fast[i - slowk + 1 : i + 1]) for i in range(slowk - 1, len(fast))]
        slower = [mean(slow[i - slowd + 1 : i + 1]) for i in range(slowd - 1, len(slow))]
        missing: Series = [None] * (len(close) - len(slower))
        return [*missing, *slow[slowd - 1 :]], [*missing, *slower]


def ease_of_movement(highs: Sequence[float], lows: Sequence[float], volumes: Sequence[float], n: int) -> Series:
    with localcontext(PRECISE):
        high, low, volume = exact(highs), exact(lows), exact(volumes)
        moves = []
        for i in range(1, len(high)):
            distance = (high[i] + low[i]) / 2 - (high[i - 1] + low[i - 1]) / 2
            tall = high[i] - low[i] > Decimal("1e-7") and volume[i] > 0
            box = volume[i] / 10**8 / (high[i] - low[i]) if tall else Decimal(10**10)
            moves.append(distance / box)
        return [None] * n + [mean(moves[i - n + 1 : i + 1]) for i in range(n - 1, len(moves))]
