"""Bars on their way into the loop: warm-up at once, then each when its real time has come."""

from __future__ import annotations

from collections.abc import Iterator

from common.clock import Clock
from common.spec import DataSpec
from worker.feeds.bar import Bar

CATCH_UP = 1.0
"""Seconds of lateness that are made good; after more (a suspended machine) the market simply goes on."""


class BarStream:
    """The bars of one life, in order, held back until they are due."""

    def __init__(self, bars: Iterator[Bar], first_live: int, data: DataSpec, clock: Clock) -> None:
        self._bars = bars
        self._first_live = first_live
        self._speed = 0.0 if data.speed is None else data.speed
        self._bar_seconds = data.bar_seconds if data.speed is None else None
        self._clock = clock
        self._next: Bar | None = None
        self._last: Bar | None = None
        self._due: float | None = None
        self.paced = bool(self._bar_seconds or self._speed)
        """Whether live bars have a due time at all."""
        self.finished = False
        """The data came to its end; all bars were handed over."""
        self.live = False
        """The next bar, or the last one handed over, is not warm-up."""

    def wait_seconds(self) -> float:
        """Real seconds until the next bar is due; 0 when it is, or when there is none."""
        if self._next is None and not self.finished:
            self._fetch()
        if self._next is None or self._due is None:
            return 0.0
        return max(0.0, self._due - self._clock.monotonic())

    def take(self) -> Bar | None:
        """The next bar if it is due; None when it is not yet, or when `finished`."""
        if self._next is None:
            self._fetch()
        if self._next is None or (self._due is not None and self._due > self._clock.monotonic()):
            return None
        bar, self._next = self._next, None
        self._last = bar
        return bar

    def _fetch(self) -> None:
        bar = next(self._bars, None)
        if bar is None:
            self.finished = self.live = True
            return
        self._next = bar
        if bar.index >= self._first_live:
            self.live = True
            if self.paced:
                self._schedule(bar)

    def _schedule(self, bar: Bar) -> None:
        """The first live bar is due one bar's time after the warm-up, or at once without one; others keep the pace."""
        now = self._clock.monotonic()
        gap = 0.0 if self._last is None else self._gap(self._last, bar)
        self._due = now + gap if self._due is None else max(self._due + gap, now - CATCH_UP)

    def _gap(self, before: Bar, bar: Bar) -> float:
        if self._bar_seconds:
            return self._bar_seconds
        return (bar.opened_at - before.opened_at).total_seconds() / self._speed
