"""How far the price swings, and channels made of it: true range, ATR, Bollinger's bands, SuperTrend."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reference.formulas.averages import NAN, mean, sma, wilder


def true_ranges(highs: Sequence[float], lows: Sequence[float], closes: Sequence[float]) -> list[float]:
    """max(H - L, |H - C before|, |L - C before|); first at bar 1."""
    ranges = [NAN]
    for i in range(1, len(closes)):
        before = closes[i - 1]
        ranges.append(max(highs[i] - lows[i], abs(highs[i] - before), abs(lows[i] - before)))
    return ranges[: len(closes)]


def atr(highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], period: int) -> list[float]:
    """Wilder's average true range; first at bar `period`."""
    return [NAN, *wilder(true_ranges(highs, lows, closes)[1:], period)][: len(closes)]


def population_deviation(values: Sequence[float]) -> float:
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / len(values))


def bollinger(
    closes: Sequence[float], period: int, up: float, down: float
) -> tuple[list[float], list[float], list[float]]:
    """Upper, middle and lower band: SMA and so many population deviations from it; first at bar period - 1."""
    upper, middle, lower = [], sma(closes, period), []
    for i, average in enumerate(middle):
        deviation = population_deviation(closes[i + 1 - period : i + 1]) if i + 1 >= period else NAN
        upper.append(average + up * deviation)
        lower.append(average - down * deviation)
    return upper, middle, lower


def supertrend(
    highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], period: int, multiple: float
) -> tuple[list[float], list[float]]:
    """SuperTrend and its direction (+1, -1) over a plain mean of `period` true ranges; first at bar `period`."""
    ranges = true_ranges(highs, lows, closes)
    values, directions = [NAN] * len(closes), [NAN] * len(closes)
    for i in range(period, len(closes)):
        reach = multiple * mean(ranges[i + 1 - period : i + 1])
        middle = (highs[i] + lows[i]) / 2
        upper, lower = middle + reach, middle - reach
        if i == period:
            values[i], directions[i] = lower, 1.0
            continue
        before = values[i - 1]
        if directions[i - 1] > 0:
            fell = closes[i] <= before
            values[i], directions[i] = (upper, -1.0) if fell else (max(lower, before), 1.0)
        else:
            rose = closes[i] >= before
            values[i], directions[i] = (lower, 1.0) if rose else (min(upper, before), -1.0)
    return values, directions
