"""How fast and how easily the price moves: RSI, MACD, the stochastic oscillator, ease of movement."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from reference.formulas.averages import NAN, ema, sma, wilder


def rsi(closes: Sequence[float], period: int) -> list[float]:
    """Wilder's RSI: 100 g / (g + l), 0 when g + l is 0; first at bar `period`."""
    changes = [later - earlier for earlier, later in itertools.pairwise(closes)]
    gains = [max(change, 0.0) for change in changes]
    losses = [max(-change, 0.0) for change in changes]
    values = [NAN]
    for gain, loss in zip(wilder(gains, period), wilder(losses, period), strict=True):
        if math.isnan(gain):
            values.append(NAN)
        else:
            values.append(100.0 * gain / (gain + loss) if gain + loss != 0.0 else 0.0)
    return values[: len(closes)]


def macd(closes: Sequence[float], fast: int, slow: int, signal: int) -> tuple[list[float], list[float], list[float]]:
    """MACD, its signal and their difference; all three first at bar slow + signal - 2.

    The fast average is seeded at bar slow - 1, as the slow one is, with the mean of the `fast` bars that end there.
    """
    unread = slow - fast
    quick = ([NAN] * unread + ema(closes[unread:], fast))[: len(closes)]
    lines = [a - b for a, b in zip(quick, ema(closes, slow), strict=True)]
    signals = ([NAN] * (slow - 1) + ema(lines[slow - 1 :], signal))[: len(closes)]
    shown = [NAN if math.isnan(average) else line for line, average in zip(lines, signals, strict=True)]
    return shown, signals, [line - average for line, average in zip(shown, signals, strict=True)]


def stochastic(
    highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], fast_k: int, slow_k: int, slow_d: int
) -> tuple[list[float], list[float]]:
    """Slow %K and slow %D; both first at bar fast_k + slow_k + slow_d - 3; %K of a range of 0 is 0."""
    fast = []
    for i, close in enumerate(closes):
        window = slice(i + 1 - fast_k, i + 1)
        if i + 1 < fast_k:
            fast.append(NAN)
            continue
        top, bottom = max(highs[window]), min(lows[window])
        fast.append(100.0 * (close - bottom) / (top - bottom) if top > bottom else 0.0)
    slow = sma(fast, slow_k)
    smooth = sma(slow, slow_d)
    return [NAN if math.isnan(d) else k for k, d in zip(slow, smooth, strict=True)], smooth


def ease_of_movement(
    highs: Sequence[float], lows: Sequence[float], volumes: Sequence[float], period: int
) -> list[float]:
    """Mean over `period` bars of the middle's move divided by the box (volume / 10^8) / range; first at bar `period`.

    A bar without range (10^-7 or less) or without volume has a box of 10^10.
    """
    raw = []
    for i in range(1, len(highs)):
        moved = (highs[i] + lows[i]) / 2 - (highs[i - 1] + lows[i - 1]) / 2
        spread = highs[i] - lows[i]
        box = (volumes[i] / 1e8) / spread if spread > 1e-7 and volumes[i] > 0 else 1e10
        raw.append(moved / box)
    return [NAN, *sma(raw, period)][: len(highs)]
