"""A moment that other lives can place: by a clock that no one sets, which all processes of the machine share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Instant:
    """Seconds of the machine's monotonic clock, which begins anew with each boot."""

    boot: str | None
    """Which boot; None where the system does not tell: nothing can be said then of other processes' moments."""
    monotonic: float

    def is_before(self, other: Instant) -> bool:
        """Whether this moment is certainly not after `other`."""
        return self.boot is not None and self.boot == other.boot and self.monotonic <= other.monotonic

    def state(self) -> dict[str, Any]:
        """As JSON values; `from_state` takes it back."""
        return {"boot": self.boot, "monotonic": self.monotonic}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Instant:
        """The moment that `state()` described."""
        return cls(state["boot"], float(state["monotonic"]))
