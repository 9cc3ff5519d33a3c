"""Closed bars between two threads: put in by the one that speaks to the exchange, taken by the one that trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from worker.feeds.bar import Bar


class BarInbox:
    """Bars in order, and the error that ended them. One thread puts, one thread takes; nobody waits."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """`ring` wakes the taker; called from the putting thread, and must not wait."""
        self._ring = ring
        self._bars: deque[Bar] = deque()
        self._error: Exception | None = None

    def __len__(self) -> int:
        return len(self._bars)

    @property
    def has_something(self) -> bool:
        """Whether `take` has a bar or an error."""
        return bool(self._bars) or self._error is not None

    def put(self, bars: Iterable[Bar]) -> None:
        """Add bars and wake the taker."""
        self._bars.extend(bars)
        self._ring()

    def fail(self, error: Exception) -> None:
        """No more bars will come; the taker learns why after it took those that are there."""
        self._error = error
        self._ring()

    def take(self) -> Bar | None:
        """The next bar, or None when there is none yet. Raises the error that ended the feed."""
        if self._bars:
            return self._bars.popleft()
        if self._error is not None:
            raise self._error
        return None
