"""Bars and equity summed up for a picture, with a bounded number of points."""

from __future__ import annotations

from common.spec.intervals import EPOCH
from common.wire.backtest import ChartPoint
from worker.feeds.bar import Bar


class Chart:
    """Sums up `bars_per_point` bars in each point: a candle, the last equity, the deepest drawdown."""

    def __init__(self, total: int, most_points: int) -> None:
        self.bars_per_point = max(1, -(-total // most_points))
        self._points: list[ChartPoint] = []
        self._open: list[float] | None = None
        self._stamp = 0
        self._count = 0

    def take(self, bar: Bar, equity: float, drawdown: float) -> None:
        """One more bar, with equity at its close and the drawdown in percent."""
        now = self._open
        if now is None:
            self._stamp = round((bar.opened_at - EPOCH).total_seconds() * 1000)
            self._open = [bar.open, bar.high, bar.low, bar.close, bar.volume, equity, drawdown]
        else:
            now[1], now[2], now[3] = max(now[1], bar.high), min(now[2], bar.low), bar.close
            now[4] += bar.volume
            now[5], now[6] = equity, max(now[6], drawdown)
        self._count += 1
        if self._count == self.bars_per_point:
            self._end_point()

    def points(self) -> tuple[ChartPoint, ...]:
        """All points, the last one perhaps of fewer bars."""
        self._end_point()
        return tuple(self._points)

    def _end_point(self) -> None:
        if self._open is not None:
            first, high, low, last, volume, equity, drawdown = self._open
            self._points.append((self._stamp, first, high, low, last, volume, equity, drawdown))
        self._open, self._count = None, 0
