"""Where the prices come from: numbered candles, simulated or recorded, without end."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple, Protocol

from common.spec import DataSpec, FileSpec
from worker.exchange_sim.setup import MarketSetup
from worker.feeds.file import FileReplay
from worker.feeds.simulated import MIDDLE, SimulatedMarket


class Row(NamedTuple):
    """One candle of a source."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class CandleSource(Protocol):
    """Candles by number; the same each time they are asked for."""

    @property
    def most_history(self) -> int | None:
        """How many candles may be history at the start; None: any number."""

    def rows(self, start: int, stop: int) -> list[Row]:
        """Candles `start` to `stop`, without the last."""


class SimulatedCandles:
    """The simulated market, scaled to a price of its own."""

    most_history: int | None = None

    def __init__(self, market: MarketSetup, seed: int) -> None:
        spec = DataSpec(source="simulated", symbol=market.symbol, interval="1m", interval_seconds=60, seed=seed)
        self._market = SimulatedMarket(spec)
        self._scale = float(market.price) / MIDDLE

    def rows(self, start: int, stop: int) -> list[Row]:
        scale = self._scale
        return [
            Row(bar.open * scale, bar.high * scale, bar.low * scale, bar.close * scale, bar.volume / scale)
            for bar in islice(self._market.bars(start), stop - start)
        ]


class RecordedCandles:
    """A candle file, one row after the other; at its end it runs backwards, so that no price jumps."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    @classmethod
    def load(cls, market: MarketSetup) -> RecordedCandles:
        """Read the file. Raises ConfigurationError."""
        spec = DataSpec(source="file", symbol=market.symbol, interval="1m", file=FileSpec(path=str(market.candles)))
        return cls([Row(*bar.ohlcv) for bar in FileReplay.load(spec).bars()])

    @property
    def most_history(self) -> int | None:
        return len(self._rows) // 2

    def rows(self, start: int, stop: int) -> list[Row]:
        return [self._row(number) for number in range(start, stop)]

    def _row(self, number: int) -> Row:
        turn, at = divmod(number, len(self._rows))
        if turn % 2 == 0:
            return self._rows[at]
        row = self._rows[-1 - at]
        return row._replace(open=row.close, close=row.open)


def open_candles(market: MarketSetup, seed: int) -> CandleSource:
    """The source of a market. Raises ConfigurationError when its file cannot be read."""
    return SimulatedCandles(market, seed) if market.candles is None else RecordedCandles.load(market)
