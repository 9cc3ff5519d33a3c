"""The highest and the lowest of the last n bars."""

from __future__ import annotations

from collections import deque


class Extreme:
    """The greatest of the last `size` values, or with `sign` -1 the least; constant time per value on average."""

    def __init__(self, size: int, sign: float = 1.0) -> None:
        self._size = size
        self._sign = sign
        self._taken = 0
        self._candidates: deque[tuple[int, float]] = deque()
        """Positions and values that may still become the extreme, the present one first."""

    def take(self, value: float) -> float | None:
        """The extreme with `value` as the newest; None until `size` values were taken."""
        candidates, sign = self._candidates, self._sign
        while candidates and sign * candidates[-1][1] <= sign * value:
            candidates.pop()
        candidates.append((self._taken, value))
        self._taken += 1
        if candidates[0][0] <= self._taken - 1 - self._size:
            candidates.popleft()
        return candidates[0][1] if self._taken >= self._size else None


class Midpoint:
    """(highest high + lowest low) / 2 of the last n bars."""

    def __init__(self, period: int) -> None:
        self._highest = Extreme(period)
        self._lowest = Extreme(period, -1.0)

    def take(self, high: float, low: float) -> float | None:
        """The middle with this bar as the newest; None until n bars were taken."""
        highest, lowest = self._highest.take(high), self._lowest.take(low)
        return None if highest is None or lowest is None else (highest + lowest) / 2.0
