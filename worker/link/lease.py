"""The right to trade, lent by the supervisor for a time. Pure: the caller tells the time.

All times are seconds of one clock that goes on while the host sleeps (`Clock.boottime`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What the supervisor last granted."""

    granted: float
    """Seconds of trading allowed since `renewed_at`."""
    renewed_at: float
    """When the question was asked whose answer renewed the lease: the sender's clock, never later than the answer."""

    def renewed(self, *, asked_at: float, granted: float) -> Lease:
        """The lease after an answer to what was asked at `asked_at`; a late answer takes nothing away."""
        if asked_at < self.renewed_at:
            return self
        return replace(self, granted=granted, renewed_at=asked_at)

    def age(self, now: float) -> float:
        """Seconds since the lease was renewed."""
        return max(0.0, now - self.renewed_at)

    def may_trade(self, now: float) -> bool:
        """Whether new risk may be taken."""
        return self.age(now) < self.granted

    def orphaned(self, now: float, grace: float) -> bool:
        """Whether no supervisor has been heard for `grace` seconds or longer."""
        return self.age(now) >= grace
