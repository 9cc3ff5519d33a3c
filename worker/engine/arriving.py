"""Bars of a market that goes on by itself: the past at once, then each as it arrives."""

from __future__ import annotations

from collections.abc import Iterator

from worker.feeds.bar import Bar
from worker.feeds.bar_inbox import BarInbox

_NO_TELLING = 3600.0


class ArrivingBars:
    """The bars of one life. Belongs to the trading thread; the inbox is filled by another, which rings the bell."""

    paced = True
    finished = False

    def __init__(self, past: Iterator[Bar], first_live: int, inbox: BarInbox) -> None:
        """`past`: bars that closed before this life began; from number `first_live` on bars are traded."""
        self._past: Iterator[Bar] | None = past
        self._next: Bar | None = None
        self._first_live = first_live
        self._inbox = inbox
        self.live = False

    def wait_seconds(self) -> float:
        """0 when a bar is there; else long: the bell rings when one arrives."""
        self._fetch()
        return 0.0 if self._next is not None or self._inbox else _NO_TELLING

    def take(self) -> Bar | None:
        """The next bar, if one is there."""
        self._fetch()
        bar, self._next = self._next, None
        if bar is None:
            bar = self._inbox.take()
        if bar is not None and bar.index >= self._first_live:
            self.live = True
        return bar

    def _fetch(self) -> None:
        """Look at the next bar of the past; when there is none, what comes is live."""
        if self._next is not None or self._past is None:
            return
        self._next = next(self._past, None)
        if self._next is None:
            self._past, self.live = None, True
        elif self._next.index >= self._first_live:
            self.live = True
