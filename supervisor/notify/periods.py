"""Periods of summaries: hours, days, weeks from Monday, months, all in UTC. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PERIODS = ("hourly", "daily", "weekly", "monthly")


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` until before `end`, aware UTC."""

    name: str
    begin: datetime
    end: datetime


def last_period(name: str, now: datetime) -> Period:
    """The newest period of this name that is over. Raises ValueError for an unknown name."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match name:
        case "hourly":
            end = now.replace(minute=0, second=0, microsecond=0)
            return Period(name, end - timedelta(hours=1), end)
        case "daily":
            return Period(name, midnight - timedelta(days=1), midnight)
        case "weekly":
            end = midnight - timedelta(days=now.weekday())
            return Period(name, end - timedelta(weeks=1), end)
        case "monthly":
            end = midnight.replace(day=1)
            return Period(name, (end - timedelta(days=1)).replace(day=1), end)
    raise ValueError(f"{name!r} is no period; known: {', '.join(PERIODS)}")
