"""Bars before the first one that a life reads, for the longer bars of a strategy: they reach farther back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from common.spec.intervals import Interval
from worker.feeds.bar import Bar
from worker.feeds.source import Source

_INSTANT = timedelta(microseconds=1)


def earlier_bars(source: Source, start: int, timeframes: Sequence[str], going_on: Callable[[], bool]) -> Iterator[Bar]:
    """The bars before number `start` that complete as many longer bars as a source needs to warm up.

    They begin where a bar of the longest timeframe begins. `going_on` is asked now and then: False ends them.
    """
    if not timeframes or source.warm_up_limit is None or start == 0:
        return
    for bar in source.bars(_begin(source, start, source.warm_up_limit, timeframes)):
        if bar.index >= start or (bar.index % 4096 == 0 and not going_on()):
            return
        yield bar


def _begin(source: Source, start: int, longer_bars: int, timeframes: Sequence[str]) -> int:
    longest = max((Interval.of(name) for name in timeframes), key=lambda interval: interval.seconds)
    here, origin = next(source.bars(start), None), next(source.bars(0), None)
    if here is None or origin is None:
        return start
    seconds = longest.seconds * longer_bars
    if (here.opened_at - origin.opened_at).total_seconds() <= seconds:
        return 0
    return source.rows_until(longest.opening(here.opened_at - timedelta(seconds=seconds)) - _INSTANT)
