"""Numbers for the bars of a market without a first row: counted since 1970, the same in every life."""

from __future__ import annotations

from datetime import datetime

from common.spec.intervals import EPOCH, Interval


class BarGrid:
    """The bars of one interval in UTC; number 0 is the one that 1970-01-01 00:00 UTC lies in."""

    def __init__(self, interval: Interval) -> None:
        self.interval = interval
        self._origin = interval.opening(EPOCH)

    def number(self, moment: datetime) -> int:
        """Of the bar that `moment` (aware UTC) lies in; -1 before the first."""
        return self.interval.bars_until(self._origin, moment) - 1

    def opened_at(self, number: int) -> datetime:
        """Beginning of that bar."""
        return self.interval.later(self._origin, number)

    def closed_at(self, number: int) -> datetime:
        """End of that bar."""
        return self.interval.closing(self.opened_at(number))
