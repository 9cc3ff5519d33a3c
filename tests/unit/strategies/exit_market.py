"""Bars as exact columns, and what an exit rule is, for exit rules written out from their definitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import exact_formulas as exact
import exact_levels
from tape import Bar

Parameters = Mapping[str, Any]
Question = Callable[[int], str | None]
"""The reason to leave at a bar, None to stay; asked once for every bar from that of the fill on."""


@dataclass(frozen=True)
class Rule:
    """What a mixin asks of the market, and how it manages a trade."""

    lookback: int
    """Bar i may be decided when i + 1 is greater."""
    needed: Sequence[exact.Series]
    """What must exist at the bar before anything is decided."""
    begin: Callable[[Decimal, int], Question]
    """A trade at an entry price, filled at the open of a bar."""


class Market:
    """Bars as exact columns."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = bars
        self.opens, self.highs, self.lows, self.closes, self.volumes = (
            [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume")
        )
        self.open, self.high, self.low, self.close, self.volume = map(
            exact.exact, (self.opens, self.highs, self.lows, self.closes, self.volumes)
        )

    def atr(self, n: int) -> exact.Series:
        return exact.atr(self.highs, self.lows, self.closes, n)

    def eom(self, n: int) -> exact.Series:
        return exact.ease_of_movement(self.highs, self.lows, self.volumes, n)

    def levels(self, reach: int) -> tuple[exact.Series, exact.Series]:
        """Resistance and support."""
        pairs = exact_levels.levels(self.highs, self.lows, self.closes, reach, 50)
        above, below = zip(*pairs, strict=True)
        return [number(level) for level in above], [number(level) for level in below]


def number(value: float | None) -> Decimal | None:
    """A parameter as it is written, a price as it is."""
    return None if value is None else Decimal(repr(value))


def mean_of_known(series: exact.Series, n: int) -> exact.Series:
    """Mean of the last n values that exist."""
    known = [value for value in series if value is not None]
    means = [None if i + 1 < n else exact.mean(known[i + 1 - n : i + 1]) for i in range(len(known))]
    return [None] * (len(series) - len(known)) + means


def less(a: Decimal | None, b: Decimal | None) -> bool:
    return a is not None and b is not None and a < b


def at_most(a: Decimal | None, b: Decimal | None) -> bool:
    return a is not None and b is not None and a <= b


def memoryless(holds: Callable[[int], str | None]) -> Callable[[Decimal, int], Question]:
    return lambda entry, fill: holds
