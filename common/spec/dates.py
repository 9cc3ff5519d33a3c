"""Dates of a config: ISO texts, inclusive on both ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from common.spec.fields import Field, Unfit


@dataclass(frozen=True, slots=True, kw_only=True)
class IsoDate(Field[datetime]):
    """An ISO date or date-time, as aware UTC.

    A bare date is the first instant of that day, or with `end_of_day` its last microsecond. A date-time
    without an offset is UTC.
    """

    end_of_day: bool = False

    kind = "ISO date"

    def parse(self, value: object) -> datetime:
        if not isinstance(value, str):
            raise Unfit(self.rule())
        text = value.strip()
        try:
            day = _bare_date(text)
            if day is not None:
                return datetime.combine(day, time.max if self.end_of_day else time.min, UTC)
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Unfit(self.rule()) from None

    def rule(self) -> str:
        return "must be an ISO date such as 2024-01-31 or 2024-01-31T12:00:00+00:00"


def _bare_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
