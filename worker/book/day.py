"""What happened on one UTC date, for the daily limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


@dataclass(slots=True, kw_only=True)
class Day:
    """Entries filled and net P&L closed on the newest date seen; earlier dates no longer matter."""

    date: date | None = None
    entries: int = 0
    net_pnl: Decimal = Decimal(0)

    def entered(self, at: datetime) -> None:
        """An entry was filled at `at`."""
        if self._turn_to(at):
            self.entries += 1

    def closed(self, at: datetime, net_pnl: Decimal) -> None:
        """A trade was closed at `at`."""
        if self._turn_to(at):
            self.net_pnl += net_pnl

    def entries_on(self, at: datetime) -> int:
        """Entries filled on the UTC date of `at`."""
        return self.entries if _date(at) == self.date else 0

    def net_on(self, at: datetime) -> Decimal:
        """Σ net P&L of the trades closed on the UTC date of `at`."""
        return self.net_pnl if _date(at) == self.date else Decimal(0)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "date": None if self.date is None else self.date.isoformat(),
            "entries": self.entries,
            "net_pnl": str(self.net_pnl),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Day:
        """The day that `state()` described."""
        said = state["date"]
        return cls(
            date=None if said is None else date.fromisoformat(said),
            entries=state["entries"],
            net_pnl=Decimal(state["net_pnl"]),
        )

    def _turn_to(self, at: datetime) -> bool:
        """Make the date of `at` the current one; False when it is already over."""
        today = _date(at)
        if self.date is None or today > self.date:
            self.date, self.entries, self.net_pnl = today, 0, Decimal(0)
        return today == self.date


def _date(at: datetime) -> date:
    return at.astimezone(UTC).date()
