"""What to ask about an order in doubt, when, and what the answers prove.

That the exchange says "no such order" proves nothing while the request may still be accepted, and nothing once either:
its lists lag behind. So "not there" is final only when it was said several times, over some time, each time to a
question asked after the request could no longer be accepted.
"""

from __future__ import annotations

from common.backoff import delay

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0
"""Between two questions, in seconds: 0, 0.25, 0.5, 1, 2, 4 … 30."""
DENIALS = 3
DENIED_FOR = 1.5
"""How often, and over how many seconds, the exchange must deny the order."""
_CONFIRMING_PAUSE = 0.8


class Resolution:
    """The questions about one order. Times are seconds of one monotonic clock."""

    def __init__(self, window: float) -> None:
        """`window`: seconds after sending during which the request may still be accepted."""
        self._window = window
        self._sent_at: float | None = None
        self._questions = 0
        self._denied = False
        self._first_denial: float | None = None
        self._last_denial = 0.0
        self._denials = 0
        self._not_before = 0.0

    def sent(self, at: float) -> None:
        """The request left at `at` or earlier. Until this is known no denial counts."""
        self._sent_at = at

    def pause(self, now: float, jitter: float) -> float:
        """Seconds from `now` to the next question; `jitter` in [0, 1)."""
        pause = delay(self._questions + 1, jitter, base=FIRST_PAUSE, cap=LONGEST_PAUSE)
        if self._denied and self._sent_at is not None:
            until_proof = self._sent_at + self._window - now
            pause = min(pause, until_proof) if until_proof > 0 else min(pause, _CONFIRMING_PAUSE)
        return max(pause, self._not_before - now)

    def is_settled(self, now: float) -> bool:
        """Whether the request, and every one that was sent before it, has been answered or never will be."""
        return self._sent_at is not None and now >= self._sent_at + self._window

    def denied(self, asked_at: float) -> None:
        """The exchange said that it has no such order, to a question asked at `asked_at`."""
        self._questions += 1
        self._denied = True
        if not self.is_settled(asked_at):
            return
        if self._first_denial is None:
            self._first_denial = asked_at
        self._last_denial = asked_at
        self._denials += 1

    def unanswered(self, now: float, retry_after: float | None = None) -> None:
        """The question asked was not answered; nothing is to be asked for `retry_after` seconds."""
        self._questions += 1
        self._denied = False
        self._not_before = now + (retry_after or 0.0)

    def undecided(self) -> None:
        """The answer fits several orders, or none for certain: what was denied before does not count any more."""
        self._questions += 1
        self._denied = False
        self._first_denial, self._denials = None, 0

    @property
    def is_absent(self) -> bool:
        """Whether the exchange certainly does not have the order and will not have it."""
        first = self._first_denial
        return first is not None and self._denials >= DENIALS and self._last_denial - first >= DENIED_FOR
