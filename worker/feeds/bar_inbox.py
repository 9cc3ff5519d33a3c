"""Closed bars between two threads: put in by the one that speaks to the exchange, taken by the one that trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from worker.feeds.bar import Bar


class BarInbox:
    """Bars in order. One thread puts, one thread takes; nobody waits."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """`ring` wakes the taker; called from the putting thread, and must not wait."""
        self._ring = ring
        self._bars: deque[Bar] = deque()

    def __len__(self) -> int:
        return len(self._bars)

    def put(self, bars: Iterable[Bar]) -> None:
        """Add bars and wake the taker."""
        self._bars.extend(bars)
        self._ring()

    def take(self) -> Bar | None:
        """The next bar, or None when there is none yet."""
        return self._bars.popleft() if self._bars else None
