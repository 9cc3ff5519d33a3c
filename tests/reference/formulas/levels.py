"""Levels that earlier highs and lows leave behind: Ichimoku's lines, support and resistance."""

from __future__ import annotations

from collections.abc import Sequence

from reference.formulas.averages import NAN

KEPT_SWINGS = 50
SAME_LEVEL = 0.0001


def ichimoku(
    highs: Sequence[float], lows: Sequence[float], tenkan: int, kijun: int, senkou: int, lead: int
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Tenkan, kijun and the two spans of the cloud in force, that is the one computed `lead` bars ago."""
    quick, calm, slow = (_middles(highs, lows, period) for period in (tenkan, kijun, senkou))
    span = [(a + b) / 2 for a, b in zip(quick, calm, strict=True)]
    return quick, calm, _later(span, lead), _later(slow, lead)


def _middles(highs: Sequence[float], lows: Sequence[float], period: int) -> list[float]:
    middles = []
    for i in range(len(highs)):
        window = slice(i + 1 - period, i + 1)
        middles.append((max(highs[window]) + min(lows[window])) / 2 if i + 1 >= period else NAN)
    return middles


def _later(values: Sequence[float], bars: int) -> list[float]:
    return ([NAN] * bars + list(values))[: len(values)]


def support_and_resistance(
    highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], reach: int
) -> tuple[list[float], list[float]]:
    """(resistance, support): the nearest stored swing high above the close, and swing low below it; NaN if none.

    A bar is a swing when it is strictly beyond each of the `reach` bars on both sides, and is known `reach` bars
    later. A swing within 0.01 % of the last one stored is dropped; the last 50 of each kind are kept.
    """
    swing_highs: list[float] = []
    swing_lows: list[float] = []
    resistance, support = [], []
    for i, close in enumerate(closes):
        peak = i - reach
        if peak >= reach:
            around = [*range(peak - reach, peak), *range(peak + 1, i + 1)]
            if all(highs[peak] > highs[bar] for bar in around):
                _store(swing_highs, highs[peak])
            if all(lows[peak] < lows[bar] for bar in around):
                _store(swing_lows, lows[peak])
        resistance.append(min((level for level in swing_highs if level > close), default=NAN))
        support.append(max((level for level in swing_lows if level < close), default=NAN))
    return resistance, support


def _store(swings: list[float], level: float) -> None:
    if swings and abs(level - swings[-1]) / swings[-1] < SAME_LEVEL:
        return
    swings.append(level)
    del swings[:-KEPT_SWINGS]
