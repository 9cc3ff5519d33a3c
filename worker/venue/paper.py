"""The port to an exchange over an account in memory: real prices, simulated fills.

Nothing of it outlives the process but what the bot's own book says: an order that rested is taken up again when it is
asked for, one that was never acknowledged was never there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from common.clock import Clock
from common.spec import BrokerSpec
from common.trading.order import Order
from worker.venue.exchange.rules import limit_to_send, objection, quantity_to_send
from worker.venue.exchange_port import (
    Accepted,
    Balance,
    Cancellation,
    Candle,
    Exchange,
    ExchangeError,
    Execution,
    Market,
    OrderReport,
    Quote,
    Refused,
    ReportStatus,
    Submission,
)
from worker.venue.imperfections import SLIPPAGE_STEP, fate_of
from worker.venue.waiting import Waiting

_COVERS_EVERYTHING = Decimal(10) ** 12
"""The simulated account can always deliver: what a bot may spend is limited by its own book."""
_RETRY = 1.0


@dataclass(slots=True)
class _Working:
    order: Order
    quantity: Decimal
    status: ReportStatus = "open"
    at: datetime | None = None
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    executions: list[Execution] = field(default_factory=list)


class PaperExchange:
    """One simulated account. Belongs to the event loop that calls `open`."""

    def __init__(self, prices: Exchange, broker: BrokerSpec, clock: Clock) -> None:
        """`prices` is where candles and quotes come from; no order ever goes there."""
        self._prices = prices
        self._broker = broker
        self._clock = clock
        self._waiting = Waiting()
        self._orders: dict[str, _Working] = {}
        self._news: asyncio.Queue[OrderReport] = asyncio.Queue()
        self._wanted = asyncio.Event()
        self._quoted = asyncio.Condition()
        self._watchers = 0
        self._quote: Quote | None = None
        self._failure: ExchangeError | None = None
        self._driving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """See `Exchange.open`."""
        await self._prices.open()
        if self._driving is None:
            self._driving = asyncio.ensure_future(self._drive())

    async def close(self) -> None:
        """See `Exchange.close`."""
        if self._driving is not None:
            self._driving.cancel()
            await asyncio.gather(self._driving, return_exceptions=True)
        await self._prices.close()

    @property
    def market(self) -> Market:
        """The instrument, under the fees of the config; stops are watched by the bot itself."""
        rate = self._broker.commission_rate
        return replace(
            self._prices.market, maker_rate=rate, taker_rate=rate, keeps_stops=False, finds_by_client_id=True
        )

    @property
    def clock_offset(self) -> timedelta:
        """See `Exchange.clock_offset`."""
        return self._prices.clock_offset

    @property
    def acceptance_window(self) -> timedelta:
        """Nothing is under way when nobody waits for it."""
        return timedelta(0)

    async def candles(self, interval: str, since: datetime, limit: int) -> Sequence[Candle]:
        """See `Exchange.candles`."""
        return await self._prices.candles(interval, since, limit)

    async def next_candles(self, interval: str) -> Sequence[Candle]:
        """See `Exchange.next_candles`."""
        return await self._prices.next_candles(interval)

    async def quote(self) -> Quote:
        """See `Exchange.quote`."""
        return await self._prices.quote()

    async def next_quote(self) -> Quote:
        """See `Exchange.next_quote`."""
        self._watchers += 1
        self._wanted.set()
        try:
            async with self._quoted:
                await self._quoted.wait()
        finally:
            self._watchers -= 1
        if self._failure is not None:
            raise self._failure
        if self._quote is None:
            raise ExchangeError("no price is known yet")
        return self._quote

    async def balance(self) -> Balance:
        """Enough of everything."""
        market = self.market
        held: Mapping[str, Decimal] = {market.base: _COVERS_EVERYTHING, market.quote: _COVERS_EVERYTHING}
        return Balance(free=held, total=held)

    async def holding(self) -> Decimal:
        """Enough."""
        return _COVERS_EVERYTHING

    async def agree(self) -> str | None:
        """Whatever is wanted."""
        return None

    async def submit(self, order: Order) -> Submission:
        """See `Exchange.submit`."""
        known = self._orders.get(order.client_order_id)
        if known is not None:
            return Accepted(report=self._report(known))
        fate = fate_of(order, self._broker.paper)
        if fate.reject:
            return Refused(reason="refused by chance, as the config asks for", error_class="exchange")
        if fate.latency:
            await self._waiting.pause(fate.latency)
        try:
            quote = await self._prices.quote()
        except ExchangeError as error:
            return Refused(reason=f"no price to fill at: {error}", error_class="network")
        reason = objection(self.market, order, quote.last)
        if reason is not None:
            return Refused(reason=reason, error_class="exchange")
        working = _Working(order, quantity_to_send(self.market, order.quantity), at=self._clock.now())
        self._orders[order.client_order_id] = working
        if order.order_type == "market":
            self._fill_at_market(working, quote, fate.slippage, fate.first_share)
        else:
            self._match(working, quote)
            self._wanted.set()
        return Accepted(report=self._report(working))

    async def cancel(self, order: Order) -> Cancellation:
        """See `Exchange.cancel`."""
        working = self._orders.get(order.client_order_id) or self._take_up(order)
        if working is None or working.status != "open":
            return "gone"
        working.status, working.at = "cancelled", self._clock.now()
        self._tell(working)
        return "cancelled"

    async def order(self, order: Order) -> OrderReport | None:
        """See `Exchange.order`."""
        working = self._orders.get(order.client_order_id) or self._take_up(order)
        return None if working is None else self._report(working)

    def claim(self, exchange_order_id: str, client_order_id: str) -> bool:
        """See `Exchange.claim`."""
        return True

    def claimed_by_others(self, client_order_id: str) -> Collection[str]:
        """See `Exchange.claimed_by_others`."""
        return ()

    async def open_orders(self) -> Sequence[OrderReport]:
        """See `Exchange.open_orders`."""
        return [self._report(working) for working in self._orders.values() if working.status == "open"]

    async def executions(self, since: datetime, exchange_order_id: str | None = None) -> Sequence[Execution]:
        """See `Exchange.executions`."""
        found = [each for working in self._orders.values() for each in working.executions if each.at >= since]
        ordered = sorted(found, key=lambda each: each.at)
        return [each for each in ordered if exchange_order_id in (None, each.exchange_order_id)]

    async def next_order_news(self) -> Sequence[OrderReport]:
        """See `Exchange.next_order_news`."""
        return [await self._news.get()]

    async def _drive(self) -> None:
        """Follow the price while anybody needs it."""
        while True:
            await self._wanted.wait()
            try:
                quote, self._failure = await self._prices.next_quote(), None
            except ExchangeError as error:
                self._failure = error
                await self._wake()
                await self._waiting.pause(_RETRY)
                continue
            self._quote = quote
            resting = [working for working in self._orders.values() if working.status == "open"]
            for working in resting:
                self._match(working, quote)
            await self._wake()
            if not self._watchers and all(working.status != "open" for working in self._orders.values()):
                self._wanted.clear()

    async def _wake(self) -> None:
        async with self._quoted:
            self._quoted.notify_all()

    def _take_up(self, order: Order) -> _Working | None:
        """An order of an earlier life that rested here; its fills until then are in the book."""
        if order.venue_order_id is None or order.is_final or order.order_type == "market":
            return None
        filled = order.filled_quantity
        working = _Working(order, order.quantity, at=order.updated_at, filled=filled)
        working.cost = filled * (order.average_price or Decimal(0))
        self._orders[order.client_order_id] = working
        self._wanted.set()
        return working

    def _match(self, working: _Working, quote: Quote) -> None:
        order = working.order
        price = quote.ask if order.side == "buy" else quote.bid
        if order.stop_price is not None:
            reached = price <= order.stop_price if order.side == "sell" else price >= order.stop_price
            if reached:
                self._fill(working, working.quantity - working.filled, price)
        elif order.limit_price is not None:
            limit = limit_to_send(self.market, order.limit_price, order.side)
            if (price <= limit) if order.side == "buy" else (price >= limit):
                self._fill(working, working.quantity - working.filled, price)

    def _fill_at_market(self, working: _Working, quote: Quote, slippage: Decimal, first_share: Decimal | None) -> None:
        buys = working.order.side == "buy"
        price = quote.ask if buys else quote.bid
        if slippage:
            price = (price * (1 + slippage if buys else 1 - slippage)).quantize(SLIPPAGE_STEP)
        share = Decimal(1) if first_share is None else first_share
        first = quantity_to_send(self.market, working.quantity * share)
        if 0 < first < working.quantity:
            self._fill(working, first, price)
        self._fill(working, working.quantity - working.filled, price)

    def _fill(self, working: _Working, quantity: Decimal, price: Decimal) -> None:
        order, now = working.order, self._clock.now()
        working.filled += quantity
        working.cost += quantity * price
        working.at = now
        if working.filled >= working.quantity:
            working.status = "filled"
        working.executions.append(
            Execution(
                execution_id=f"{order.client_order_id}-{working.filled.normalize():f}",
                exchange_order_id=_id_of(order),
                side=order.side,
                quantity=quantity,
                price=price,
                fee=quantity * price * self._broker.commission_rate,
                fee_currency=self._prices.market.quote,
                at=now,
                client_order_id=order.client_order_id,
            )
        )
        self._tell(working)

    def _tell(self, working: _Working) -> None:
        self._news.put_nowait(self._report(working))

    def _report(self, working: _Working) -> OrderReport:
        order = working.order
        return OrderReport(
            exchange_order_id=_id_of(order),
            client_order_id=order.client_order_id,
            status=working.status,
            side=order.side,
            quantity=working.quantity,
            filled=working.filled,
            average_price=working.cost / working.filled if working.filled else None,
            at=working.at or order.updated_at,
            price=order.limit_price,
            stop_price=order.stop_price,
        )


def _id_of(order: Order) -> str:
    return order.venue_order_id or f"paper-{order.client_order_id}"
