"""What the trading loop needs of bars on their way to it."""

from __future__ import annotations

from typing import Protocol

from worker.feeds.bar import Bar


class Bars(Protocol):
    """The bars of one life, in order: those that only warm up at once, the others when it is time."""

    paced: bool
    """Whether live bars have to be waited for at all."""
    finished: bool
    """The data came to its end; all bars were handed over."""
    live: bool
    """The next bar, or the last one handed over, is not warm-up."""

    def wait_seconds(self) -> float:
        """Real seconds until the next bar can be there; 0 when it is, or when there is none."""

    def take(self) -> Bar | None:
        """The next bar if it is there; None when it is not yet, or when `finished`. Raises what ended the feed."""
