"""Averages over a window and running averages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

NAN = math.nan


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def sma(values: Sequence[float], period: int) -> list[float]:
    """Mean of the last `period` values; first at bar period - 1."""
    return [mean(values[i + 1 - period : i + 1]) if i + 1 >= period else NAN for i in range(len(values))]


def ema(values: Sequence[float], period: int) -> list[float]:
    """Exponential average of weight 2 / (period + 1), seeded with the mean of the first `period` values."""
    return _running(values, period, lambda before, value: before + (value - before) * (2.0 / (period + 1)))


def wilder(values: Sequence[float], period: int) -> list[float]:
    """Wilder's smoothing: the mean of the first `period`, then (previous x (period - 1) + value) / period."""
    return _running(values, period, lambda before, value: (before * (period - 1) + value) / period)


def _running(values: Sequence[float], period: int, step: Callable[[float, float], float]) -> list[float]:
    if len(values) < period:
        return [NAN] * len(values)
    averages = [NAN] * (period - 1) + [mean(values[:period])]
    for value in values[period:]:
        averages.append(step(averages[-1], value))
    return averages


def after_warm_up(
    values: Sequence[float], formula: Callable[[Sequence[float]], Sequence[Sequence[float]]]
) -> list[list[float]]:
    """The outputs of `formula` over the part of a series that exists, NaN before it."""
    missing = next((i for i, value in enumerate(values) if not math.isnan(value)), len(values))
    return [[NAN] * missing + list(output) for output in formula(values[missing:])]
