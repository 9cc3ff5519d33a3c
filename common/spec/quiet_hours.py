"""Quiet hours: a part of each day, in a place's own time, in which nobody wants to be disturbed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.spec.fields import Field, Unfit

_FORM = re.compile(r"^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+(\S+))?$")
RULE = "must be HH:MM-HH:MM and, if not UTC, a time zone, such as 22:00-07:00 Europe/Berlin"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` until before `end`, each day, by the clocks of `zone`; over midnight when `end` is the earlier."""

    begin: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Read `22:00-07:00 Europe/Berlin`. Raises ValueError with the rule."""
        found = _FORM.match(text.strip())
        if found is None:
            raise ValueError(RULE)
        first_hour, first_minute, last_hour, last_minute, zone = found.groups()
        try:
            begin, end = time(int(first_hour), int(first_minute)), time(int(last_hour), int(last_minute))
            place = ZoneInfo(zone or "UTC")
        except (ValueError, ZoneInfoNotFoundError, OSError):
            raise ValueError(RULE) from None
        if begin == end:
            raise ValueError(f"{RULE}; the two times differ")
        return cls(begin, end, place)

    def over_at(self, moment: datetime) -> datetime | None:
        """When the quiet that `moment` (aware) lies in is over; None when it lies in none."""
        local = moment.astimezone(self.zone)
        clock = local.time().replace(tzinfo=None)
        over_midnight = self.end < self.begin
        quiet = (clock >= self.begin or clock < self.end) if over_midnight else self.begin <= clock < self.end
        if not quiet:
            return None
        day = local.date() + timedelta(days=1) if over_midnight and clock >= self.begin else local.date()
        over = datetime.combine(day, self.end, self.zone).astimezone(moment.tzinfo)
        # Clocks that are set back show the last quiet hour twice: the second of them is quiet too.
        return over if over > moment else over + timedelta(hours=1)


class QuietHoursText(Field[str]):
    """Quiet hours as a text that can be read."""

    __slots__ = ()
    kind = "text"

    def parse(self, value: object) -> str:
        if not isinstance(value, str):
            raise Unfit(self.rule())
        try:
            QuietHours.parse(value)
        except ValueError as error:
            raise Unfit(str(error)) from None
        return value.strip()

    def rule(self) -> str:
        return RULE
