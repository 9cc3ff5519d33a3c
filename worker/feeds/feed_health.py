"""Whether a live feed still lives, decided from what was heard and when. Once per outage it is found stale, once back.

Two ways of being stale: the exchange cannot be heard at all, or it answers and has nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEAF_AFTER = 60.0
"""Seconds without a word from an exchange that is asked all the while."""

Condition = Literal["well", "deaf", "frozen"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The feed's condition has changed."""

    condition: Condition
    seconds: float
    """Since the last sign of life; when well again: how long there was none."""
    reason: str | None
    """Why the last question failed; None when none failed."""


class FeedHealth:
    """Times are monotonic seconds."""

    def __init__(self, bar_seconds: float, now: float) -> None:
        self._frozen_after = max(2 * bar_seconds, DEAF_AFTER)
        self._heard = self._moved = now
        self._since = now
        self._condition: Condition = "well"
        self._reason: str | None = None

    def heard(self, now: float, *, moved: bool) -> None:
        """The exchange told something; `moved`: something new."""
        self._heard, self._reason = now, None
        if moved:
            self._moved = now

    def failed(self, reason: str) -> None:
        """A question was not answered, or the stream broke."""
        self._reason = reason

    def look_again_at(self) -> float:
        """When the condition can change without anything being heard."""
        frozen = self._moved + self._frozen_after
        return frozen if self._condition == "deaf" else min(self._heard + DEAF_AFTER, frozen)

    def look(self, now: float) -> Finding | None:
        """What has changed since the last look; None: nothing."""
        found = self._found(now)
        if found == self._condition or (found != "well" and self._condition != "well"):
            return None
        self._condition = found
        if found == "well":
            return Finding(found, now - self._since, None)
        self._since = self._heard if found == "deaf" else self._moved
        return Finding(found, now - self._since, self._reason)

    def _found(self, now: float) -> Condition:
        if now - self._heard >= DEAF_AFTER:
            return "deaf"
        return "frozen" if now - self._moved >= self._frozen_after else "well"
