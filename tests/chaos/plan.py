"""What is done to an installation, when and to whom: a function of the seed alone, so that a failure replays."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

INSTANT = (
    "kill-worker",
    "hangup-worker",
    "kill-supervisor",
    "upgrade",
    "stop-service",
    "kill-fork-server",
    "corrupt-journal",
    "garbage",
    "step-clock",
    "signal-burst",
)
"""Faults of a moment."""

LASTING = (
    "freeze-worker",
    "freeze-supervisor",
    "database-away",
    "disk-full",
    "starve-cpu",
)
"""Faults that are taken back after a while; at most one of a kind at a time."""

KINDS = INSTANT + LASTING
_OFTEN = {"kill-worker": 4, "kill-supervisor": 2, "freeze-worker": 2, "database-away": 2}
_LONGEST = {"freeze-worker": 8.0, "freeze-supervisor": 4.0, "database-away": 5.0, "disk-full": 3.0, "starve-cpu": 3.0}


@dataclass(frozen=True, slots=True)
class Step:
    """One fault."""

    at: float
    """Seconds from the beginning."""
    kind: str
    bot: int
    """Index of the bot it is done to, where it is done to one."""
    lasts: float
    """Seconds until it is taken back; 0 for a fault of a moment."""
    amount: float
    """Between 0 and 1: how much of it, for faults that have a size."""

    def __str__(self) -> str:
        lasting = f" for {self.lasts:.1f} s" if self.lasts else ""
        return f"{self.at:7.2f}  {self.kind}, bot #{self.bot}, size {self.amount:.2f}{lasting}"


def plan(seed: int, seconds: float, bots: int, kinds: Sequence[str] = KINDS, *, pause: float = 1.2) -> list[Step]:
    """Faults for `seconds`, about one every `pause`. Raises ValueError for a kind that is unknown."""
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise ValueError(f"unknown kinds of faults: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    chance = random.Random(seed)
    weights = [_OFTEN.get(kind, 1) for kind in kinds]
    busy_until: dict[str, float] = {}
    steps: list[Step] = []
    at = 0.0
    while (at := at + chance.uniform(0.2, 2 * pause - 0.2)) < seconds:
        (kind,) = chance.choices(list(kinds), weights)
        bot, size, lasts = chance.randrange(bots), chance.random(), 0.0
        if kind in LASTING:
            if at < busy_until.get(kind, 0.0):
                continue
            lasts = chance.uniform(0.3, _LONGEST[kind])
            busy_until[kind] = at + lasts + 0.5
        steps.append(Step(at, kind, bot, lasts, size))
    return steps
