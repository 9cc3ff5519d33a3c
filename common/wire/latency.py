"""How long a bot's orders took, counted in steps: small enough for every heartbeat, exact enough for a histogram."""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

from pydantic import BaseModel, ConfigDict

STEPS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
"""Upper bounds in seconds, each included; what took longer falls into one more step without a bound."""

Stage = Literal["sending", "answered"]
"""`sending`: from the decision, its intent recorded, until it is asked of the exchange; `answered`: until its answer,
waits for the exchange's rate limit included."""


class Latency(BaseModel):
    """Durations of one stage in one life."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    counts: tuple[int, ...] = (0,) * (len(STEPS) + 1)
    """How many fell into each step, not added up."""
    total: float = 0.0
    """Sum of all, in seconds."""

    def with_one_more(self, seconds: float) -> Latency:
        """These and one that took `seconds`."""
        step = bisect_left(STEPS, seconds)
        counts = tuple(count + (number == step) for number, count in enumerate(self.counts))
        return Latency(counts=counts, total=self.total + seconds)

    @property
    def buckets(self) -> list[tuple[str, float]]:
        """(upper bound, how many took at most that long), as Prometheus counts them."""
        added, found = 0, []
        for bound, count in zip((*map(str, STEPS), "+Inf"), self.counts, strict=True):
            added += count
            found.append((bound, float(added)))
        return found


Latencies = dict[Stage, Latency]
