"""Candles of an exchange, told in pieces, folded into closed bars in order.

No clock, no input or output. Candles come from a stream and from answers to questions, in any order and repeatedly,
the unfinished one included. What the exchange left out stays left out: no bar is invented.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.feeds.bar import Bar
from worker.feeds.bar_grid import BarGrid
from worker.venue.exchange_port import Candle

CONFIRM_AFTER = timedelta(seconds=2)
"""So long after the end of a candle the exchange's answer is taken for its final form, also without a newer one."""
AHEAD = timedelta(days=1)
"""Candles that begin so far in the future are no candles."""


@dataclass(slots=True)
class _Held:
    candle: Candle
    heard_at: datetime | None
    """Exchange's time of the last news of it without an interruption since."""


class CandleFolder:
    """Which bars of one market are closed.

    A candle is closed when the exchange, asked, tells it together with a newer one or long enough after its end; and
    when the stream has gone on to a newer one and news of it came at or after its end, which is its last. A stream that
    breaks off may have lost that, so then it has to be asked. A bar in between is a gap only when the exchange, asked,
    leaves it out.
    """

    def __init__(self, grid: BarGrid, first: int) -> None:
        """Bars before number `first` are of no interest."""
        self._grid = grid
        self._next = first
        self._told = first
        self._held: dict[int, _Held] = {}

    @property
    def asks_from(self) -> int:
        """Number of the first bar whose final form is not known; questions begin with it."""
        return self._told

    @property
    def newest(self) -> Candle | None:
        """The newest candle that is not handed over."""
        return self._held[max(self._held)].candle if self._held else None

    @property
    def in_doubt(self) -> bool:
        """Whether a newer candle is known while an older one is unsure or missing: the exchange has to be asked."""
        return bool(self._held) and max(self._held) > self._told

    @property
    def due(self) -> datetime:
        """When the bar to be closed next can be asked for, if the stream has not closed it by then."""
        return self._grid.closed_at(self._told) + CONFIRM_AFTER

    def heard(self, candles: Iterable[Candle], at: datetime) -> None:
        """Take news of the stream that arrived at `at`, by the exchange's clock."""
        for number, candle in self._usable(candles, at):
            if number >= self._told:
                self._grow(number, candle).heard_at = at

    def answered(self, candles: Sequence[Candle], since: int, asked_at: datetime) -> None:
        """Take the answer to a question for the candles from number `since` on, asked at `asked_at` of its clock."""
        told = {number: candle for number, candle in self._usable(candles, asked_at) if number >= since}
        if not told:
            return
        newest = max(told)
        ended = asked_at >= self._grid.interval.closing(told[newest].opened_at) + CONFIRM_AFTER
        final = newest + 1 if ended else newest
        for number, candle in told.items():
            if number < self._told:
                continue
            if number < final:
                self._held[number] = _Held(candle, asked_at)
            else:
                self._grow(number, candle)
        if since <= self._told:
            self._told = max(self._told, final)

    def interrupted(self) -> None:
        """The stream broke off; the last news of each candle may be lost."""
        for held in self._held.values():
            held.heard_at = None

    def closed(self) -> list[Bar]:
        """Bars that are closed by now, in order, each handed over once."""
        bars: list[Bar] = []
        newest = max(self._held, default=0)
        for number in sorted(self._held):
            if number > self._told or not self._is_closed(number, newest):
                break
            bars.append(self._bar(number, self._held.pop(number).candle))
            self._next = number + 1
            self._told = max(self._told, self._next)
        return bars

    def _is_closed(self, number: int, newest: int) -> bool:
        if number < self._told:
            return True
        held = self._held[number]
        end = self._grid.interval.closing(held.candle.opened_at)
        return number < newest and held.heard_at is not None and held.heard_at >= end

    def _grow(self, number: int, candle: Candle) -> _Held:
        """A candle only grows: of two forms the one with more volume is the later one."""
        held = self._held.setdefault(number, _Held(candle, None))
        if candle.volume >= held.candle.volume:
            held.candle = candle
        return held

    def _usable(self, candles: Iterable[Candle], at: datetime) -> Iterable[tuple[int, Candle]]:
        for candle in candles:
            number = self._grid.number(candle.opened_at)
            if number >= self._next and candle.opened_at <= at + AHEAD and _is_sound(candle):
                yield number, candle

    def _bar(self, number: int, candle: Candle) -> Bar:
        opened_at = candle.opened_at
        return Bar(
            number,
            opened_at,
            self._grid.interval.closing(opened_at),
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
        )


def _is_sound(candle: Candle) -> bool:
    """Whether it can be traded on: positive numbers, high not below low."""
    prices = 0.0 < candle.low <= candle.high < math.inf
    return prices and 0.0 < candle.open < math.inf and 0.0 < candle.close < math.inf and 0.0 <= candle.volume < math.inf
