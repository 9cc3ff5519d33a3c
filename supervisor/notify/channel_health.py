"""How a target has done lately, and when it may be tried again. Pure: times are monotonic seconds from the caller."""

from __future__ import annotations

from dataclasses import dataclass, replace

PARK_AFTER = 3
"""Failures in a row after which a target counts as down: messages wait, one at a time is tried."""
_FIRST_DELAY = 2.0
_LONGEST_DELAY = 300.0
_RATES = {"telegram": 30.0, "tgram": 30.0, "email": 10.0, "webhook": 600.0}
_RATE = 60.0
"""Messages a minute, where a channel has no limit of its own."""


def rate_of(channel: str) -> float:
    """Messages a minute that a target of this channel is sent."""
    return _RATES.get(channel, _RATE)


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """What is known of one target; each event gives a new one."""

    rate: float
    """Messages a minute."""
    failures: int = 0
    """In a row."""
    next_try: float = 0.0
    tokens: float = 5.0
    """Messages that may go now; a few may go at once, then the rate holds."""
    refilled_at: float = 0.0
    successes: int = 0
    last_error: str | None = None
    busy_since: float | None = None
    """When the attempt that is under way began."""

    @property
    def parked(self) -> bool:
        """Whether it counts as down."""
        return self.failures >= PARK_AFTER

    @property
    def word(self) -> str:
        """For people and the message history."""
        return "DOWN" if self.parked else "DEGRADED" if self.failures else "HEALTHY"

    def ready_at(self, now: float) -> float | None:
        """From when a message may be sent; None while one is being sent."""
        if self.busy_since is not None:
            return None
        tokens = self._filled(now)
        wait = 0.0 if tokens >= 1.0 else (1.0 - tokens) * 60.0 / self.rate
        return max(self.next_try, now + wait)

    def began(self, now: float) -> ChannelHealth:
        """An attempt begins."""
        return replace(self, busy_since=now, tokens=self._filled(now) - 1.0, refilled_at=now)

    def succeeded(self) -> ChannelHealth:
        """It took the message."""
        return replace(self, failures=0, next_try=0.0, successes=self.successes + 1, last_error=None, busy_since=None)

    def failed(self, now: float, error: str, *, still_busy: bool = False) -> ChannelHealth:
        """It did not; the next try is after 2, 4, 8 … 300 s. `still_busy`: the attempt goes on, awaited by nobody."""
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(self.failures, 20))
        return replace(
            self,
            failures=self.failures + 1,
            next_try=now + delay,
            last_error=error,
            busy_since=self.busy_since if still_busy else None,
        )

    def freed(self) -> ChannelHealth:
        """An attempt that nobody awaited any more has ended."""
        return replace(self, busy_since=None)

    def _filled(self, now: float) -> float:
        burst = max(1.0, self.rate / 6.0)
        return min(burst, self.tokens + max(0.0, now - self.refilled_at) * self.rate / 60.0)
