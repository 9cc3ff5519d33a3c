"""Indicators by their defining formulas, each value computed from the whole series or window.

Slow and plain on purpose: nothing is carried from one bar to the next except where the definition itself is a
recursion (Wilder's and exponential averages, SuperTrend, the list of swings). Inputs and outputs are binary64; sums
over a window are `math.fsum`, that is exact and rounded once. A value that does not exist yet is NaN. Bars count
from 0. Where a recursion may be written in two ways that differ in the last bit, TA-Lib's way is taken.
"""

from reference.formulas.averages import ema, mean, sma, wilder
from reference.formulas.levels import ichimoku, support_and_resistance
from reference.formulas.momentum import ease_of_movement, macd, rsi, stochastic
from reference.formulas.ranges import atr, bollinger, supertrend, true_ranges

__all__ = [
    "atr",
    "bollinger",
    "ease_of_movement",
    "ema",
    "ichimoku",
    "macd",
    "mean",
    "rsi",
    "sma",
    "stochastic",
    "supertrend",
    "support_and_resistance",
    "true_ranges",
    "wilder",
]
