"""One closed candle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """A candle that is over. Prices in quote currency, volume in units of the instrument."""

    index: int
    """Row number in the data after sorting and cutting to fromdate/todate, from 0."""
    opened_at: datetime
    """The timestamp as in the data, aware UTC."""
    closed_at: datetime
    """opened_at + interval."""
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def ohlcv(self) -> tuple[float, float, float, float, float]:
        """open, high, low, close, volume."""
        return self.open, self.high, self.low, self.close, self.volume
