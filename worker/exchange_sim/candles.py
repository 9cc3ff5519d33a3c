"""The candles of one market: history from its source, then what its trades made of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from common.spec.intervals import interval_seconds
from worker.exchange_sim.candle_source import CandleSource, Row
from worker.exchange_sim.refusal import Refusal

INTERVALS = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
MOST = 1000
"""Candles in one answer."""
_MONDAY_MS = 4 * 86_400_000
"""The epoch was a Thursday; weeks begin on a Monday."""


class Candle(NamedTuple):
    """Prices in quote currency, volume in base currency, times in milliseconds since the epoch."""

    opened: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int = 1

    def joined(self, later: Candle) -> Candle:
        """This one and the next as one."""
        return Candle(
            self.opened,
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            later.close,
            self.volume + later.volume,
            self.trades + later.trades,
        )


def opening_of(at: int, interval_ms: int) -> int:
    """When the candle of this length that holds `at` began."""
    anchor = _MONDAY_MS if interval_ms == 7 * 86_400_000 else 0
    return at - (at - anchor) % interval_ms


class Candles:
    """All candles of a market, by number; number 0 is the first of the history."""

    def __init__(
        self, source: CandleSource, tick: Decimal, step: Decimal, *, first: int, length: int, live: int
    ) -> None:
        """`first` opens candle 0, `length` is that of each, both in ms; `live` numbers the first to be traded."""
        self._source = source
        self._tick, self._step = tick, step
        self._first, self._length, self._live = first, length, live
        self._known_from = live
        self._history: list[Candle] = []
        self._made: list[Candle] = []

    def length_of(self, interval: str) -> int:
        """An interval's length in ms. Raises Refusal for one that is not offered here."""
        if interval not in INTERVALS:
            raise Refusal(-1120, "Invalid interval.")
        length = interval_seconds(interval) * 1000
        if length % self._length:
            raise Refusal(-1120, f"Invalid interval. This exchange's shortest candle lasts {self._length // 1000} s.")
        return length

    def trade(self, at: int, price: Decimal, quantity: Decimal) -> None:
        """Take a trade of the market into the candle of its time."""
        opened = opening_of(at, self._length)
        one = Candle(opened, price, price, price, price, quantity)
        if self._made and self._made[-1].opened == opened:
            self._made[-1] = self._made[-1].joined(one)
        else:
            self._made.append(one)

    def of(self, interval: str, *, start: int | None, end: int | None, limit: int) -> list[Candle]:
        """Candles that open from `start` to `end`, oldest first, at most `limit`; without `start` the newest ones."""
        length = self.length_of(interval)
        newest = self._made[-1].opened if self._made else self._first + self._live * self._length - 1
        last = opening_of(newest if end is None else min(end, newest), length)
        oldest = opening_of(self._first + length - 1, length)
        opened = oldest if start is None else max(oldest, opening_of(start + length - 1, length))
        if start is None:
            opened = max(opened, last - (limit - 1) * length)
        last = min(last, opened + (limit - 1) * length)
        return self._joined(opened, last + length, length) if opened <= last else []

    def running(self, interval_ms: int, at: int) -> Candle:
        """The candle that holds `at`, made of what has been traded so far."""
        opened = opening_of(at, interval_ms)
        (candle,) = self._joined(opened, opened + interval_ms, interval_ms)
        return candle

    def traded_since(self, at: int) -> Candle | None:
        """What was traded here from then on, as one candle; the history before the start is not in it."""
        low = max(0, (at - self._first) // self._length - self._live)
        found: Candle | None = None
        for candle in self._made[low:]:
            found = candle if found is None else found.joined(candle)
        return found

    def _joined(self, start: int, stop: int, length: int) -> list[Candle]:
        found: list[Candle] = []
        for candle in self._between(start, stop):
            opened = opening_of(candle.opened, length)
            if found and found[-1].opened == opened:
                found[-1] = found[-1].joined(candle)
            else:
                found.append(candle._replace(opened=opened))
        return found

    def _between(self, start: int, stop: int) -> Sequence[Candle]:
        low = max(0, (start - self._first) // self._length)
        high = max(low, -(-(stop - self._first) // self._length))
        self._reach_back_to(low)
        past = self._history[max(0, low - self._known_from) : max(0, high - self._known_from)]
        return [*past, *self._made[max(0, low - self._live) : max(0, high - self._live)]]

    def _reach_back_to(self, number: int) -> None:
        """History is computed when it is first asked for."""
        if number >= self._known_from:
            return
        rows = self._source.rows(number, self._known_from)
        earlier = [self._candle(number + at, row) for at, row in enumerate(rows)]
        self._history = earlier + self._history
        self._known_from = number

    def _candle(self, number: int, row: Row) -> Candle:
        opened = self._first + number * self._length
        open_, high, low, close = (rounded(price, self._tick) for price in row[:4])
        volume = max(self._step, rounded(row.volume, self._step))
        return Candle(opened, open_, max(open_, high, close), min(open_, low, close), close, volume)


def rounded(value: float, unit: Decimal) -> Decimal:
    """The nearest multiple of `unit`, at least one of it."""
    return max(1, round(value / float(unit))) * unit
