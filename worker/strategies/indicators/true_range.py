"""True range, the reach of one bar, under ATR and SuperTrend."""

from __future__ import annotations

import math


class TrueRange:
    """max(high - low, |high - previous close|, |low - previous close|)."""

    def __init__(self) -> None:
        self._before: float | None = None

    def take(self, high: float, low: float, close: float) -> float:
        """The range of this bar; NaN for the first one, which has no previous close."""
        before, self._before = self._before, close
        if before is None:
            return math.nan
        return max(high - low, abs(high - before), abs(low - before))
