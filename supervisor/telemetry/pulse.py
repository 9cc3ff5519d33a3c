"""Whether the service lives, is ready and is well: what the health pages say, from what was told last. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STALLED_AFTER = 10.0
"""Seconds without a turn after which the control loop counts as stalled; a turn comes every second at the latest."""


class Condition(StrEnum):
    """How well a component is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The last signs of life."""

    turned_at: float | None = None
    """Monotonic time of the control loop's last turn; None before the first."""
    database_up: bool = False
    started: bool = False
    """The rows of the bots were read once: start-up is complete."""
    stopping: bool = False
    fleet: Mapping[str, Any] = field(default_factory=dict)
    """As the control socket tells it; empty before it was told."""

    def is_alive(self, now: float) -> bool:
        """Whether the control loop turns."""
        return self.turned_at is not None and now - self.turned_at < STALLED_AFTER

    def is_ready(self, now: float) -> bool:
        """Whether the database is reached and start-up is complete, and no stop is under way."""
        return self.is_alive(now) and self.database_up and self.started and not self.stopping

    def components(self, now: float) -> dict[str, dict[str, Any]]:
        """Each component with its condition and what there is to say of it."""
        return {
            "control_loop": self._control_loop(now),
            "database": self._database(),
            "recorder": self._recorder(),
            "bots": self._bots(),
        }

    def condition(self, now: float) -> Condition:
        """That of the worst component."""
        conditions = {component["condition"] for component in self.components(now).values()}
        return next(c for c in (Condition.UNHEALTHY, Condition.DEGRADED, Condition.HEALTHY) if c in conditions)

    def _control_loop(self, now: float) -> dict[str, Any]:
        age = None if self.turned_at is None else round(now - self.turned_at, 2)
        well = Condition.HEALTHY if self.is_alive(now) else Condition.UNHEALTHY
        return {"condition": well, "seconds_since_turn": age, "stopping": self.stopping}

    def _database(self) -> dict[str, Any]:
        well = Condition.HEALTHY if self.database_up else Condition.UNHEALTHY
        return {"condition": well, "state": self.fleet.get("database", "not reached yet")}

    def _recorder(self) -> dict[str, Any]:
        waiting = int(self.fleet.get("backlog", 0))
        return {"condition": Condition.HEALTHY if self.database_up else Condition.DEGRADED, "writes_waiting": waiting}

    def _bots(self) -> dict[str, Any]:
        by_status: dict[str, int] = {}
        for bot in self.fleet.get("bots", ()):
            by_status[bot["status"]] = by_status.get(bot["status"], 0) + 1
        well = Condition.DEGRADED if by_status.get("error") else Condition.HEALTHY
        return {"condition": well, "by_status": by_status}
