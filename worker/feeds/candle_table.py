"""Recorded candles as columns of machine numbers, 48 bytes a candle."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from common.spec.intervals import EPOCH

_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware moment."""
    return (moment - EPOCH) // _MICROSECOND


def moment(stamp: int) -> datetime:
    """The aware UTC moment of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=stamp)


def _numbers() -> array[float]:
    return array("d")


@dataclass(frozen=True, slots=True)
class CandleTable:
    """Candles in some order; `stamps` are microseconds since the epoch, the columns are of one length."""

    stamps: array[int] = field(default_factory=lambda: array("q"))
    opens: array[float] = field(default_factory=_numbers)
    highs: array[float] = field(default_factory=_numbers)
    lows: array[float] = field(default_factory=_numbers)
    closes: array[float] = field(default_factory=_numbers)
    volumes: array[float] = field(default_factory=_numbers)

    def __len__(self) -> int:
        return len(self.stamps)

    def rows_until(self, at: datetime) -> int:
        """How many candles of an ordered table have a timestamp at or before `at`."""
        return bisect_right(self.stamps, micros(at))

    def between(self, first: datetime | None, last: datetime | None) -> CandleTable:
        """The candles of an ordered table with timestamps from `first` to `last`, both included; None: no limit."""
        start = 0 if first is None else bisect_left(self.stamps, micros(first))
        end = len(self) if last is None else self.rows_until(last)
        if (start, end) == (0, len(self)):
            return self
        return self._each(lambda column: column[start:end])

    def ordered(self, *, reverse: bool) -> CandleTable:
        """In ascending order of time, one candle per time: the last one in reading order, which `reverse` turns."""
        table = self._each(lambda column: column[::-1]) if reverse else self
        stamps = table.stamps
        if all(map(int.__lt__, stamps, stamps[1:])):
            return table
        newest = {stamp: row for row, stamp in enumerate(stamps)}
        order = [newest[stamp] for stamp in sorted(newest)]
        return table._each(lambda column: array(column.typecode, map(column.__getitem__, order)))

    def _each(self, change: Callable[[array], array]) -> CandleTable:  # type: ignore[type-arg]
        columns = (self.stamps, self.opens, self.highs, self.lows, self.closes, self.volumes)
        return CandleTable(*(change(column) for column in columns))
