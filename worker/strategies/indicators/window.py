"""A window of the last n values and its mean."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """`math.fsum` over `values`, oldest to newest, divided by their number.

    Equal values have exactly that value as their mean: the division may round away from it, and a flat
    stretch would then lie above or below its own average. NaN when any value is NaN.
    """
    first = values[0]
    if values[-1] == first and all(value == first for value in values):
        return first
    return math.fsum(values) / len(values)


class Window:
    """The last `size` values, oldest first."""

    def __init__(self, size: int) -> None:
        self.values: deque[float] = deque(maxlen=size)
        self._size = size

    def take(self, value: float) -> bool:
        """Append `value`; whether the window is full."""
        self.values.append(value)
        return len(self.values) == self._size
