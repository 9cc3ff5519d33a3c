"""Highest and lowest of the last n values."""

from __future__ import annotations

import math
from collections import deque


class Highest:
    """The highest of the last `size` values, in constant time per value on average.

    Kept are only values that may still become the highest: each is above all that came after it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._candidates: deque[tuple[int, float]] = deque()

    def take(self, value: float) -> float:
        """The highest with `value` as the newest; NaN until `size` values were taken."""
        candidates, number = self._candidates, self._taken
        while candidates and candidates[-1][1] <= value:
            candidates.pop()
        candidates.append((number, value))
        self._taken = taken = number + 1
        if candidates[0][0] < taken - self._size:
            candidates.popleft()
        return candidates[0][1] if taken >= self._size else math.nan


class Lowest:
    """The lowest of the last `size` values: the highest of their mirror image."""

    def __init__(self, size: int) -> None:
        self._mirrored = Highest(size)

    def take(self, value: float) -> float:
        """The lowest with `value` as the newest; NaN until `size` values were taken."""
        return -self._mirrored.take(-value)


class Midrange:
    """(highest high + lowest low) / 2 of the last `size` bars."""

    def __init__(self, size: int) -> None:
        self._highest = Highest(size)
        self._lowest = Lowest(size)

    def take(self, high: float, low: float) -> float:
        """The midrange with this bar as the newest; NaN until `size` bars were taken."""
        return (self._highest.take(high) + self._lowest.take(low)) / 2.0
