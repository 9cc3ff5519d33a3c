"""What a mixin sees of the market: the current closed bar and the values of its own indicators."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

COLUMNS = ("open", "high", "low", "close", "volume")


class Chart(Protocol):
    """The current closed bar; values are binary64, NaN when they do not exist (yet)."""

    @property
    def number(self) -> int:
        """Row index of the bar in the data, from 0."""

    @property
    def time(self) -> datetime:
        """Timestamp of the bar as in the data, aware UTC."""

    def now(self, name: str) -> float:
        """The column or the aliased indicator value `name` at the current bar."""

    def before(self, name: str) -> float:
        """The same at the bar before."""

    def lowest(self, name: str, bars: int) -> float:
        """The least of the last `bars` values of `name`, the current bar's included; NaN when there are fewer bars."""
