"""Bar intervals: 5m, 1h, 1d, 1W, 1M, their grids in UTC, and which can be joined from which.

Seconds, minutes, hours and days are of fixed length and counted from 1970-01-01 00:00 UTC; a week goes from Monday
00:00 UTC to the next, a month from its first day 00:00 UTC to that of the next. UTC has no daylight saving, so every
day here has 24 hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

USUAL = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")
"""Intervals every earlier version took without a word."""

RULE = "must be a whole number followed by s, m, h or d (5m, 1h, 1d), or 1W or 1M, of at most 366 days"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = EPOCH - timedelta(days=3)
_DAY = 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": _DAY}
_FORM = re.compile(r"([0-9]{1,8})([smhd])", re.ASCII)
_LONGEST = 366 * _DAY
_WEEK = ("1W", "1w")
_MONTH = "1M"
_ZONES_AHEAD = timedelta(days=1)
"""A monthly candle stamped with local midnight lies up to 14 hours before the month in UTC."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Length of a bar, and the grid of moments at which such bars begin."""

    text: str
    """As written."""
    seconds: int
    """Of one bar; a month counts as 30 days here and by the calendar everywhere else."""

    @classmethod
    def of(cls, text: str) -> Interval:
        """The interval that `text` names. Raises ValueError, whose text is the rule, for anything else."""
        return cls(text, interval_seconds(text))

    @property
    def by_calendar(self) -> bool:
        """Whether it is a week or a month: their bars begin on a Monday, or on the first of a month."""
        return self.text == _MONTH or self.text in _WEEK

    @property
    def length(self) -> timedelta | None:
        """Of each bar; None when they differ in length, as months do."""
        return None if self.text == _MONTH else timedelta(seconds=self.seconds)

    def opening(self, moment: datetime) -> datetime:
        """The beginning of the bar of the grid that `moment` (aware UTC) lies in."""
        length = self.length
        if length is None:
            return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        origin = _MONDAY if self.text in _WEEK else EPOCH
        return origin + (moment - origin) // length * length

    def closing(self, opened_at: datetime) -> datetime:
        """The end of a bar with that timestamp, on the grid or off it.

        A monthly bar ends with its calendar month; stamped less than a day before the first of a month, as local
        midnights are, it is that month's.
        """
        length = self.length
        if length is None:
            return _months_later(self.opening(opened_at + _ZONES_AHEAD), 1)
        return opened_at + length

    def later(self, opened_at: datetime, bars: int) -> datetime:
        """Timestamp of the bar that comes `bars` after the one at `opened_at`; months: from the first of a month."""
        length = self.length
        return _months_later(opened_at, bars) if length is None else opened_at + bars * length

    def bars_until(self, first: datetime, moment: datetime) -> int:
        """How many bars in a row without gaps from `first` on have a timestamp at or before `moment`; 0 before it."""
        length = self.length
        if length is None:
            return max(0, (moment.year - first.year) * 12 + moment.month - first.month + 1)
        return max(0, (moment - first) // length + 1)

    def why_not_of(self, finer: Interval) -> str:
        """Why bars of this interval cannot be joined from `finer` ones; empty when they can."""
        if finer.seconds >= self.seconds:
            return f"must be shorter than {self.text}"
        whole = _DAY if self.by_calendar else self.seconds
        if finer.by_calendar or whole % finer.seconds:
            return f"must divide {'a day' if self.by_calendar else self.text} without a rest"
        return ""


def interval_seconds(text: str) -> int:
    """Seconds of one bar. 1W (also 1w) is 7 days; 1M counts as 30 days, whatever the calendar says.

    Raises ValueError, whose text is the rule, for anything else, zero included.
    """
    if text in _WEEK:
        return 7 * _DAY
    if text == _MONTH:
        return 30 * _DAY
    form = _FORM.fullmatch(text)
    seconds = int(form[1]) * _SECONDS[form[2]] if form else 0
    if not 0 < seconds <= _LONGEST:
        raise ValueError(RULE)
    return seconds


def _months_later(first: datetime, months: int) -> datetime:
    years, month = divmod(first.month - 1 + months, 12)
    return first.replace(year=first.year + years, month=month + 1)
