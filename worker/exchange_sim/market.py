"""One market: its price, its trades and the quotes around them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from worker.exchange_sim.candle_source import Row, open_candles
from worker.exchange_sim.candles import Candles, opening_of, rounded
from worker.exchange_sim.price_path import price_at
from worker.exchange_sim.setup import MarketSetup, SimSetup

LEVELS = 20
"""Price levels on each side of the book."""
_ENDLESS = Decimal(1_000_000)


class MarketTrade(NamedTuple):
    """Something others traded."""

    trade_id: int
    at: int
    """Milliseconds since the epoch."""
    price: Decimal
    quantity: Decimal
    buyer_is_maker: bool


class Level(NamedTuple):
    price: Decimal
    quantity: Decimal


class Market:
    """Prices follow the source candle by candle; a person may bend them."""

    def __init__(self, setup: MarketSetup, sim: SimSetup, now: int) -> None:
        """`now`: milliseconds since the epoch. Raises ConfigurationError when the candle file cannot be read."""
        self.setup = setup
        self._source = open_candles(setup, sim.seed)
        most = self._source.most_history
        self._live = sim.history if most is None else min(sim.history, most)
        self._steps, self._candle_ms = sim.ticks_per_candle, sim.candle_ms
        self._began = opening_of(now, sim.candle_ms)
        self._row_number, self._row = self._live, self._source.rows(self._live, self._live + 1)[0]
        self.tick, self.step = setup.tick_at(self._row.close), setup.step_at(self._row.close)
        self._spread, self._depth = sim.spread_ticks * self.tick, sim.depth
        self.candles = Candles(
            self._source,
            self.tick,
            self.step,
            first=self._began - self._live * sim.candle_ms,
            length=sim.candle_ms,
            live=self._live,
        )
        self.trades: deque[MarketTrade] = deque(maxlen=1000)
        self.last = rounded(self._row.open, self.tick)
        self.book_number = 1
        """Grows with each change of the book."""
        self._trade_id = 0
        self._next_step = 0
        self._factor = 1.0
        self._held: Decimal | None = None

    @property
    def market_id(self) -> str:
        return self.setup.market_id

    @property
    def bid(self) -> Decimal:
        return max(self.tick, self.last - self._spread)

    @property
    def ask(self) -> Decimal:
        return self.last + self._spread

    @property
    def endless(self) -> bool:
        """Whether a price level takes any quantity."""
        return self._depth is None

    @property
    def depth(self) -> Decimal:
        """Quantity of one level."""
        return _ENDLESS if self._depth is None else self._depth

    def next_due(self) -> int:
        """When the market trades next, in ms since the epoch."""
        candle, step = divmod(self._next_step, self._steps)
        return self._began + candle * self._candle_ms + step * self._candle_ms // self._steps

    def advance(self) -> MarketTrade:
        """The next trade of the source."""
        at = self.next_due()
        candle, step = divmod(self._next_step, self._steps)
        self._next_step += 1
        row = self._row_of(self._live + candle)
        price = rounded(price_at(row, step, self._steps) * self._factor, self.tick)
        return self._traded(at, price if self._held is None else self._held, row.volume / self._steps)

    def set_price(self, at: int, price: Decimal, *, hold: bool) -> MarketTrade:
        """Trade at `price` now; from there the source goes on, or the price stays (`hold`)."""
        price = rounded(float(price), self.tick)
        if self.last > 0:
            self._factor *= float(price) / float(self._unheld())
        self._held = price if hold else None
        return self._traded(at, price, float(self.step))

    def let_go(self) -> None:
        """The source goes on from a held price."""
        self._held = None

    def levels(self, side: str) -> Iterator[Level]:
        """What an order of `side` (BUY, SELL) meets, best price first."""
        buying = side == "BUY"
        best, away = (self.ask, self.tick) if buying else (self.bid, -self.tick)
        for number in range(LEVELS):
            price = best + away * number
            if price > 0:
                yield Level(price, self.depth)

    def _unheld(self) -> Decimal:
        candle, step = divmod(max(0, self._next_step - 1), self._steps)
        row = self._row_of(self._live + candle)
        return rounded(price_at(row, step, self._steps) * self._factor, self.tick)

    def _row_of(self, number: int) -> Row:
        if number != self._row_number:
            self._row_number, (self._row,) = number, self._source.rows(number, number + 1)
        return self._row

    def _traded(self, at: int, price: Decimal, volume: float) -> MarketTrade:
        quantity = max(self.step, rounded(volume, self.step))
        trade = MarketTrade(self.next_trade_id(), at, price, quantity, price < self.last)
        self.last = price
        self.book_number += 1
        self.trades.append(trade)
        self.candles.trade(at, price, quantity)
        return trade

    def next_trade_id(self) -> int:
        """Numbers of the market's trades and of customers' fills are one sequence."""
        self._trade_id += 1
        return self._trade_id
