"""One measured figure: value, target, how it was taken."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured, in `unit`; `at_most` or `at_least` is its target, both None where there is none."""

    name: str
    label: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    detail: str = ""
    """Spread, sample size and side figures, for the table."""
    samples: dict[str, Any] = field(default_factory=dict)
    """The same for the JSON."""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least

    @property
    def target(self) -> str:
        """The target as text."""
        if self.at_most is not None:
            return f"≤ {self.at_most:,g} {self.unit}"
        return "" if self.at_least is None else f"≥ {self.at_least:,g} {self.unit}"

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self) | {"met": self.met}


@dataclass(frozen=True)
class Spread:
    """Median and tails of repeated measurements."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Raises ValueError when nothing was measured."""
        if not values:
            raise ValueError("nothing was measured")
        return cls(tuple(sorted(values)))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def percentile(self, percent: float) -> float:
        """Nearest rank: a value that was really measured."""
        rank = max(1, -(-len(self.values) * percent // 100))
        return self.values[int(rank) - 1]

    def text(self, digits: int = 1) -> str:
        """For the table."""
        low, p90, p99 = self.values[0], self.percentile(90), self.percentile(99)
        return f"n {len(self.values)}, least {low:.{digits}f}, p90 {p90:.{digits}f}, p99 {p99:.{digits}f}"

    def as_json(self) -> dict[str, Any]:
        return {
            "n": len(self.values),
            "least": self.values[0],
            "p50": self.median,
            "p90": self.percentile(90),
            "p99": self.percentile(99),
            "most": self.values[-1],
        }
