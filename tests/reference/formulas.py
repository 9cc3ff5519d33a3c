"""Indicators by their defining formulas, each value recomputed from the whole series or window.

Slow and plain on purpose: nothing is carried from one bar to the next except where the definition itself
is a recursion (Wilder's averages). Inputs and outputs are binary64; sums are `math.fsum`, that is exact
and rounded once. A value that does not exist yet is NaN. Bars count from 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

NAN = math.nan


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def sma(values: Sequence[float], period: int) -> list[float]:
    """Mean of the last `period` values; first at bar period - 1."""
    return [mean(values[i + 1 - period : i + 1]) if i + 1 >= period else NAN for i in range(len(values))]


def population_deviation(values: Sequence[float]) -> float:
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / len(values))


def lower_band(closes: Sequence[float], period: int, deviations: float) -> list[float]:
    """Bollinger's lower band: SMA - deviations x population standard deviation; first at bar period - 1."""
    band = []
    for i in range(len(closes)):
        if i + 1 < period:
            band.append(NAN)
            continue
        window = closes[i + 1 - period : i + 1]
        band.append(mean(window) - deviations * population_deviation(window))
    return band


def rsi(closes: Sequence[float], period: int) -> list[float]:
    """Wilder's RSI: 100 g / (g + l), 0 when g + l is 0; first at bar `period`."""
    changes = [later - earlier for earlier, later in itertools.pairwise(closes)]
    gains = [max(change, 0.0) for change in changes]
    losses = [max(-change, 0.0) for change in changes]
    smooth_gain, smooth_loss = wilder(gains, period), wilder(losses, period)
    values = [NAN]
    for gain, loss in zip(smooth_gain, smooth_loss, strict=True):
        if math.isnan(gain):
            values.append(NAN)
        else:
            values.append(100.0 * gain / (gain + loss) if gain + loss != 0.0 else 0.0)
    return values[: len(closes)]


def wilder(values: Sequence[float], period: int) -> list[float]:
    """Wilder's smoothing: the mean of the first `period`, then (previous x (period - 1) + value) / period."""
    smoothed = [NAN] * min(period - 1, len(values))
    if len(values) >= period:
        smoothed.append(mean(values[:period]))
    for value in values[period:]:
        smoothed.append((smoothed[-1] * (period - 1) + value) / period)
    return smoothed


def atr(highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], period: int) -> list[float]:
    """Wilder's average true range; the true range exists from bar 1 on, the first average at bar `period`."""
    ranges = [
        max(high - low, abs(high - before), abs(low - before))
        for high, low, before in zip(highs[1:], lows[1:], closes, strict=False)
    ]
    return ([NAN, *wilder(ranges, period)])[: len(closes)]
