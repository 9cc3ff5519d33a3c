"""A market made of numbers: deterministic by (seed, symbol, interval), without end, cheap to enter anywhere.

The log price at the start of each block of bars is smoothed noise, a pure function of the block's number; the
bars inside walk from one block's price to the next. So any block can be made without those before it, and the
price stays within a factor of about two of its middle for ever. Each block has a regime (quiet, rising, falling, plunge
and recovery); volume grows with the size of the moves, so that oscillator, band and volume rules meet their
conditions often.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime

from common.spec import DataSpec
from worker.feeds.bar import Bar

START = datetime(2024, 1, 1, tzinfo=UTC)
"""Timestamp of bar 0 unless fromdate says otherwise; a Monday and the first of a month."""
END_OF_TIME = datetime(9990, 1, 1, tzinfo=UTC)
"""No bar begins later: months at full speed reach the last year of the calendar within seconds."""
BLOCK = 48
MIDDLE = 100.0
NOISE = 0.004
"""Standard deviation of a bar's log return."""
PLUNGE = 0.011
BASE_VOLUME = 1000.0
WARM_UP = 5000
"""Bars after which an indicator with forgetting memory does not know what came before."""
_REGIMES = ("quiet", "rising", "falling", "plunge", "plunge")


class SimulatedMarket:
    """Bars of one simulated symbol."""

    warm_up_limit: int | None = WARM_UP
    live_from: int | None = None

    def __init__(self, data: DataSpec) -> None:
        self._key = f"{data.seed}/{data.symbol}/{data.interval}"
        self._interval = data.bar_interval
        self._start = self._first(START if data.fromdate is None else data.fromdate)
        self._end = data.todate

    def _first(self, wanted: datetime) -> datetime:
        """Weeks begin on a Monday and months on a first, the next one after `wanted`; other bars where one wishes."""
        opening = self._interval.opening(wanted)
        if not self._interval.by_calendar or opening == wanted:
            return wanted
        return self._interval.closing(opening)

    @property
    def length(self) -> int | None:
        """Number of bars up to todate; None without one."""
        return None if self._end is None else self.rows_until(self._end)

    def rows_until(self, moment: datetime) -> int:
        """How many bars have a timestamp at or before `moment` (aware UTC)."""
        limit = min(moment, END_OF_TIME if self._end is None else self._end)
        return self._interval.bars_until(self._start, limit)

    def bars(self, start: int = 0) -> Iterator[Bar]:
        """The bars from number `start` on."""
        block, end, length = start // BLOCK, self.rows_until(END_OF_TIME), self._interval.length
        index = block * BLOCK
        closed_at = self._interval.later(self._start, index)
        while True:
            for open_, high, low, close, volume in self._block(block):
                if index >= end:
                    return
                opened_at = closed_at
                closed_at = self._interval.closing(opened_at) if length is None else opened_at + length
                if index >= start:
                    yield Bar(index, opened_at, closed_at, open_, high, low, close, volume)
                index += 1
            block += 1

    def _block(self, block: int) -> list[tuple[float, float, float, float, float]]:
        chance = random.Random(f"{self._key}/{block}")
        level, target = self._level(block), self._level(block + 1)
        moves = _moves(chance)
        drift = (target - level - math.fsum(moves)) / BLOCK
        rows = []
        for move in moves:
            rows.append(_candle(chance, level, move + drift))
            level += move + drift
        return rows

    def _level(self, block: int) -> float:
        """Log price at the start of `block`: two octaves of smoothed noise."""
        slow, fast = self._smooth("slow", block / 32), self._smooth("fast", block / 5)
        return math.log(MIDDLE) + 0.35 * slow + 0.12 * fast

    def _smooth(self, octave: str, at: float) -> float:
        knot = math.floor(at)
        share = at - knot
        share = share * share * (3.0 - 2.0 * share)
        here, there = self._knot(octave, knot), self._knot(octave, knot + 1)
        return here + (there - here) * share

    def _knot(self, octave: str, number: int) -> float:
        return random.Random(f"{self._key}/{octave}/{number}").uniform(-1.0, 1.0)


def _moves(chance: random.Random) -> list[float]:
    """Log returns of one block, before the drift that leads to the next block's level."""
    regime = chance.choice(_REGIMES)
    moves = [chance.gauss(0.0, NOISE) for _ in range(BLOCK)]
    if regime in {"rising", "falling"}:
        lean = NOISE / 2 if regime == "rising" else -NOISE / 2
        return [move + lean * (1 if at < BLOCK // 2 else -1) for at, move in enumerate(moves)]
    if regime == "plunge":
        start, length = chance.randrange(4, BLOCK // 2), chance.randrange(5, 10)
        for at in range(length):
            moves[start + at] -= PLUNGE * (0.5 + at / length)
            moves[start + length + at] += PLUNGE * (0.5 + at / length)
    return moves


def _candle(chance: random.Random, level: float, move: float) -> tuple[float, float, float, float, float]:
    """Open, high, low, close and volume of a bar that moves the log price from `level` by `move`."""
    first = level + chance.gauss(0.0, NOISE / 10)
    last = level + move
    top = max(first, last) + abs(chance.gauss(0.0, NOISE / 2))
    bottom = min(first, last) - abs(chance.gauss(0.0, NOISE / 2))
    volume = BASE_VOLUME * (0.6 + 0.8 * abs(move) / NOISE) * math.exp(chance.gauss(0.0, 0.25))
    open_, high, low, close = (round(math.exp(value), 8) for value in (first, top, bottom, last))
    return open_, high, low, close, round(volume, 8)
