"""Support and resistance from swing highs and lows."""

from __future__ import annotations

import math
from collections import deque

from worker.strategies.indicators.calculator import MAXIMUM_PERIOD, Calculator
from worker.strategies.parameters import Parameter, Values

_SAME_LEVEL = 0.0001
"""A swing nearer to the last one than this fraction of it says nothing new."""


class _Swings:
    """The last swings of one kind; `sign` 1 for highs, -1 for lows."""

    def __init__(self, margin: int, most: int, sign: float) -> None:
        self._margin = margin
        self._sign = sign
        self._window: deque[float] = deque(maxlen=2 * margin + 1)
        self.levels: deque[float] = deque(maxlen=most)

    def take(self, value: float) -> None:
        """One more bar; the bar in the middle of the window may prove to be a swing."""
        window, sign = self._window, self._sign
        window.append(value)
        if len(window) < 2 * self._margin + 1:
            return
        candidate = window[self._margin]
        for position, other in enumerate(window):
            if position != self._margin and sign * other >= sign * candidate:
                return
        if not self.levels or abs(candidate - self.levels[-1]) / self.levels[-1] >= _SAME_LEVEL:
            self.levels.append(candidate)


class SupportResistance(Calculator):
    """Nearest swing high above and swing low below the close; NaN where there is none.

    A swing high is strictly above every high of the m bars before and the m bars after it (a tie is none), and known
    m bars later; a swing low mirrors it. One within 0.01 % of the last of its kind is dropped; the last `max_swings`
    of each kind are kept.
    """

    type_name = "SupportResistance"
    inputs = ("high", "low", "close")
    outputs = ("resistance", "support")
    parameters = (
        Parameter(
            name="lookback_bars",
            kind="integer",
            minimum=1,
            maximum=MAXIMUM_PERIOD // 5,
            meaning="bars before and after that a swing must stand out from",
        ),
        Parameter(
            name="max_swings", kind="integer", default=50, minimum=1, maximum=10_000, meaning="swings kept of each kind"
        ),
    )

    def __init__(self, lookback_bars: int, max_swings: int = 50) -> None:
        self._lookback = 5 * lookback_bars
        self._highs = _Swings(lookback_bars, max_swings, 1.0)
        self._lows = _Swings(lookback_bars, max_swings, -1.0)

    @classmethod
    def from_values(cls, values: Values) -> SupportResistance:
        """A fresh calculator from `lookback_bars` and `max_swings`."""
        return cls(int(values["lookback_bars"]), int(values["max_swings"]))

    @property
    def lookback(self) -> int:
        """Five times lookback_bars."""
        return self._lookback

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Resistance and support at this bar's close."""
        self._highs.take(high)
        self._lows.take(low)
        resistance = min((level for level in self._highs.levels if level > close), default=math.nan)
        support = max((level for level in self._lows.levels if level < close), default=math.nan)
        return resistance, support
