"""A live market as a numbered sequence: the bars that had closed before trading began, and where trading begins."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from common.spec.intervals import Interval
from worker.feeds.bar import Bar
from worker.feeds.bar_grid import BarGrid
from worker.feeds.candle_folder import CONFIRM_AFTER

MOST_HISTORY = 10_000
"""Bars that are asked for at most when a life begins."""
JUST_CLOSED = timedelta(seconds=60)
"""A bar that closed while one life gave way to the next is decided on by the next when it is not older than that."""


class LiveSource:
    """Numbers are those of `BarGrid`, so a bar has the same one in each life; a gap leaves numbers out."""

    length: int | None = None

    def __init__(self, grid: BarGrid, bars: Sequence[Bar], lookback: int, live_from: int) -> None:
        """`bars`: closed ones in order; `lookback`: how many are enough to warm up on."""
        self._grid = grid
        self._bars = bars
        self._numbers = [bar.index for bar in bars]
        self.warm_up_limit: int | None = lookback
        self.live_from: int | None = live_from
        """Number of the first bar that may be traded; those before had closed when nobody was there to act."""

    def rows_until(self, moment: datetime) -> int:
        """One more than the number of the bar that `moment` (aware UTC) lies in."""
        return self._grid.number(moment) + 1

    def bars(self, start: int = 0) -> Iterator[Bar]:
        """The bars from number `start` on that had closed before trading began."""
        return iter(self._bars[bisect_left(self._numbers, start) :])


def first_live(grid: BarGrid, bars: Sequence[Bar], now: datetime, last_decided: datetime | None) -> int:
    """Number of the first bar to be traded, by a life that begins at `now` after `bars` have closed.

    It is the one that is forming; but the bar that has just closed is not lost when all that was before it is decided,
    the last one being stamped `last_decided`. A first life (None) waits for the next close.
    """
    forming = grid.number(now - CONFIRM_AFTER)
    if not bars:
        return forming
    last = bars[-1]
    fresh = now - last.closed_at <= min(JUST_CLOSED, last.closed_at - last.opened_at)
    if fresh and last_decided is not None and len(bars) > 1 and grid.number(last_decided) == bars[-2].index:
        return last.index
    return max(forming, last.index + 1)


def history_length(lookback: int, interval: Interval, timeframes: Sequence[str]) -> int:
    """Bars to ask for: `lookback`, and as many of each longer timeframe of a strategy; at most MOST_HISTORY."""
    longest = max((Interval.of(name).seconds for name in timeframes), default=0)
    longer = -(-longest * (lookback + 1) // interval.seconds)
    return min(lookback + longer, max(MOST_HISTORY, lookback))
