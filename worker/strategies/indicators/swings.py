"""Swing highs: bars that stand out above their neighbours."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque

from worker.strategies.indicators.extremes import Highest

NEAR = 0.0001
"""A swing closer to the last one than this part of it says nothing new and is dropped."""


class SwingHighs:
    """The last `capacity` swing highs of a series.

    A bar is one when its high is strictly above every high of the `reach` bars before it and of the `reach` bars
    after it, so it is known only `reach` bars later. Fed with the lows' mirror image (-low) it holds the mirrored
    swing lows.
    """

    def __init__(self, reach: int, capacity: int) -> None:
        self._capacity = capacity
        self._highest = Highest(reach)
        self._of_newest = math.nan
        self._bars: deque[tuple[float, float]] = deque(maxlen=reach + 1)
        """Highest of the bars before, and the bar's own high."""
        self._by_age: deque[float] = deque()
        self._by_height: list[float] = []

    def take(self, high: float) -> None:
        """Take the next bar's high; the bar `reach` before it may turn out to be a swing high."""
        self._bars.append((self._of_newest, high))
        self._of_newest = self._highest.take(high)
        before, candidate = self._bars[0]
        # Both are NaN, and the comparison false, while the candidate has too few bars on a side.
        if before < candidate > self._of_newest:
            self._store(candidate)

    def above(self, price: float) -> float:
        """The smallest kept swing high strictly above `price`; NaN when there is none."""
        place = bisect_right(self._by_height, price)
        return self._by_height[place] if place < len(self._by_height) else math.nan

    def _store(self, swing: float) -> None:
        by_age, by_height = self._by_age, self._by_height
        if by_age and abs(swing - by_age[-1]) / abs(by_age[-1]) < NEAR:
            return
        if len(by_age) == self._capacity:
            del by_height[bisect_left(by_height, by_age.popleft())]
        by_age.append(swing)
        insort(by_height, swing)
