"""The port to an exchange, on ccxt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from common.clock import Clock
from common.errors import ConfigurationError
from common.trading.order import Order
from common.wire.ticket import ExchangeTicket
from worker.venue.exchange.calls import Calls
from worker.venue.exchange.claims import Claims
from worker.venue.exchange.client import keep_to_limit, make_client, rate_of
from worker.venue.exchange.client_ids import carriage_of
from worker.venue.exchange.instrument import find_market, know_only, other_names
from worker.venue.exchange.line import Line, timeout_of
from worker.venue.exchange.margin_account import MarginAccount
from worker.venue.exchange.market_cache import MarketCache
from worker.venue.exchange.nonce import Nonces, count_together
from worker.venue.exchange.orders import Orders
from worker.venue.exchange.rate_bucket import RateBucket
from worker.venue.exchange.reading import balance_of, candle_of, market_of, quote_of
from worker.venue.exchange.stream import Stream
from worker.venue.exchange_port import (
    Balance,
    Cancellation,
    Candle,
    ExchangeUnavailable,
    Execution,
    InstrumentKind,
    MarginTerms,
    Market,
    OrderReport,
    Quote,
    Refused,
    Submission,
)
from worker.venue.waiting import Waiting

QUIET_PRICES = 45.0
"""Seconds of silence after which a stream of prices or candles counts as broken."""
_ACCEPTANCE_MARGIN = timedelta(seconds=6)
"""For what an exchange takes after the window that it was told, being slow or careless of it."""
_DEFAULT_WINDOW_MS = 10_000


class CcxtExchange:
    """One account and instrument. Belongs to the event loop that calls `open`."""

    def __init__(
        self,
        ticket: ExchangeTicket,
        symbol: str,
        kind: InstrumentKind,
        interval: str | None,
        clock: Clock,
        terms: MarginTerms | None = None,
    ) -> None:
        """`symbol` as the bot's config has it; `interval` is checked to be offered where given.

        `terms`: how a perpetual is held; None: as the account has it.
        """
        self._ticket = ticket
        self._symbol = symbol
        self._interval = interval
        self._clock = clock
        self._kind = kind
        self._terms = terms
        self._waiting = Waiting()
        self._kept_market = MarketCache(ticket, symbol, kind)
        self._client: Any = None
        self._bucket: RateBucket | None = None
        self._nonces: Nonces | None = None
        self._claims: Claims | None = None
        self._line: Line | None = None
        self._orders: Orders | None = None
        self._margin: MarginAccount | None = None
        self._quote: Quote | None = None
        self._candles: dict[str, Stream] = {}
        self._quotes: Stream | None = None
        self._order_news: Stream | None = None
        self.on_outage: Callable[[str | None], None] = _nothing
        """Told, in the loop, why the exchange is not asked any more, and None when it answers again."""

    async def open(self) -> None:
        """See `Exchange.open`."""
        self._client = make_client(self._ticket, self._kind)
        try:
            self._bucket = RateBucket(self._bucket_path(), rate_of(self._client), self._clock.monotonic)
            keep_to_limit(self._client, self._bucket, self._waiting)
            if self._ticket.credentials is not None:
                self._nonces = Nonces(self._ticket.bucket_dir, self._ticket.exchange, self._client.apiKey)
                count_together(self._client, self._nonces)
            await self._connect(self._client, self._bucket)
        except BaseException:
            await self._drop()
            raise

    async def close(self) -> None:
        """See `Exchange.close`."""
        self._waiting.end()
        if self._orders is not None:
            await self._orders.settle()
        await self._drop()

    @property
    def market(self) -> Market:
        """See `Exchange.market`."""
        return self._open_line.market

    @property
    def clock_offset(self) -> timedelta:
        """See `Exchange.clock_offset`."""
        difference = 0 if self._client is None else self._client.options.get("timeDifference") or 0
        return timedelta(milliseconds=-float(difference))

    @property
    def acceptance_window(self) -> timedelta:
        """See `Exchange.acceptance_window`."""
        window = _DEFAULT_WINDOW_MS
        if self._client is not None:
            named = int(self._client.options.get("recvWindow") or _DEFAULT_WINDOW_MS)
            window = max(named, int(timeout_of(self._client) * 1000))
        return timedelta(milliseconds=window) + abs(self.clock_offset) + _ACCEPTANCE_MARGIN

    async def candles(self, interval: str, since: datetime, limit: int) -> Sequence[Candle]:
        """See `Exchange.candles`."""
        line = self._open_line
        begin = int(since.timestamp() * 1000)
        return _candles(await line.read("candles", "fetch_ohlcv", line.market.symbol, interval, begin, limit))

    async def next_candles(self, interval: str) -> Sequence[Candle]:
        """See `Exchange.next_candles`."""
        line = self._open_line
        if interval not in self._candles:
            self._candles[interval] = line.stream(
                f"candles of {interval}",
                "watch_ohlcv",
                "fetch_ohlcv",
                (line.market.symbol, interval),
                ask_more={"limit": 3},
                silence=QUIET_PRICES,
            )
        return _candles(await self._candles[interval].next())

    async def quote(self) -> Quote:
        """See `Exchange.quote`."""
        line = self._open_line
        return self._quoted(await line.read("the price", "fetch_ticker", line.market.symbol))

    async def next_quote(self) -> Quote:
        """See `Exchange.next_quote`."""
        line = self._open_line
        if self._quotes is None:
            books = bool(line.client.has.get("watchBidsAsks"))
            self._quotes = line.stream(
                "prices",
                "watch_bids_asks" if books else "watch_ticker",
                "fetch_ticker",
                ([line.market.symbol],) if books else (line.market.symbol,),
                ask_with=(line.market.symbol,),
                silence=QUIET_PRICES,
            )
        return self._quoted(await self._quotes.next())

    async def balance(self) -> Balance:
        """See `Exchange.balance`."""
        return balance_of(await self._open_line.read("the balance", "fetch_balance"))

    async def holding(self) -> Decimal:
        """See `Exchange.holding`."""
        if self._margin is not None:
            return await self._margin.position()
        balance = await self.balance()
        return balance.total.get(self.market.base, Decimal(0))

    async def agree(self) -> str | None:
        """See `Exchange.agree`."""
        return None if self._margin is None or self._terms is None else await self._margin.agree(self._terms)

    async def submit(self, order: Order) -> Submission:
        """See `Exchange.submit`. Cancelling the caller does not break off what is being sent."""
        verdict = await self._open_orders.submit(order)
        if isinstance(verdict, Refused):
            self._kept_market.forget()  # it may have been for a step or limit that the exchange has changed
        return verdict

    async def cancel(self, order: Order) -> Cancellation:
        """See `Exchange.cancel`."""
        return await self._open_orders.cancel(order)

    async def order(self, order: Order) -> OrderReport | None:
        """See `Exchange.order`."""
        return await self._open_orders.order(order)

    async def open_orders(self) -> Sequence[OrderReport]:
        """See `Exchange.open_orders`."""
        return await self._open_orders.open_orders()

    async def executions(self, since: datetime, exchange_order_id: str | None = None) -> Sequence[Execution]:
        """See `Exchange.executions`."""
        return await self._open_orders.executions(since, exchange_order_id)

    def claim(self, exchange_order_id: str, client_order_id: str) -> bool:
        """See `Exchange.claim`."""
        return self._claims is None or self._claims.claim(exchange_order_id, client_order_id)

    def claimed_by_others(self, client_order_id: str) -> Collection[str]:
        """See `Exchange.claimed_by_others`."""
        return () if self._claims is None else self._claims.of_others(client_order_id)

    async def next_order_news(self) -> Sequence[OrderReport]:
        """See `Exchange.next_order_news`."""
        line, orders = self._open_line, self._open_orders
        if self._order_news is None:
            self._order_news = line.stream(
                "own orders", "watch_orders", "fetch_open_orders", (line.market.symbol,), silence=None
            )
        return orders.reports(await self._order_news.next())

    async def _connect(self, client: Any, bucket: RateBucket) -> None:
        ticket, name = self._ticket, self._ticket.exchange
        calls = Calls(client, bucket, self._waiting, self._clock.monotonic, lambda reason: self.on_outage(reason))
        await calls.set_clock()
        described = await self._described(client, calls)
        self._must_have_candles(client)
        carriage = carriage_of(name)
        try:
            market = market_of(described, self._kind, client.precisionMode, name, carriage.finds)
        except ValueError as error:
            raise ConfigurationError(f"the rules of {self._symbol} at {name}: {error}") from error
        line = Line(name, client, calls, self._waiting, self._clock, market, described)
        self._line, self._orders = line, Orders(line, carriage, lambda: self._quote)
        if ticket.credentials is not None:
            if self._kind == "linear":
                self._margin = MarginAccount(line)
            if not carriage.finds:
                self._claims = Claims(ticket.bucket_dir, name, client.apiKey, market.symbol)
            await self.balance()

    async def _described(self, client: Any, calls: Calls) -> Mapping[str, Any]:
        """The instrument in the client's words: given, kept from an earlier life, or asked for with all the others.

        The client knows no other afterwards.
        """
        kept = self._kept_market.read(self._clock.now())
        given = [dict(market) for market in self._ticket.markets] or ([] if kept is None else [kept.market])
        if given:
            client.set_markets(given)
        else:
            await calls.read("the markets", client.load_markets)
        described = find_market(client, self._symbol, self._kind)
        names = other_names(client, described) if kept is None else kept.names
        if not given:
            self._kept_market.write(described, names)
        know_only(client, described, names)
        return described

    def _must_have_candles(self, client: Any) -> None:
        offered = client.timeframes
        if self._interval is not None and offered and self._interval not in offered:
            raise ConfigurationError(
                f"{self._ticket.exchange} has no candles of {self._interval}; it has {', '.join(offered)}"
            )

    def _quoted(self, answer: Mapping[str, Any]) -> Quote:
        ticker = answer if "last" in answer or "bid" in answer else answer.get(self.market.symbol, {})
        quote = quote_of(ticker, self._clock.now() + self.clock_offset)
        if quote is None:
            raise ExchangeUnavailable(f"{self._ticket.exchange} tells no price of {self._symbol}")
        self._quote = quote
        return quote

    async def _drop(self) -> None:
        client, shared = self._client, (self._bucket, self._nonces, self._claims)
        self._client = self._bucket = self._nonces = self._claims = self._line = self._orders = self._margin = None
        if client is not None:
            await client.close()
        for file in shared:
            if file is not None:
                file.close()

    @property
    def _open_line(self) -> Line:
        if self._line is None:
            raise ExchangeUnavailable(f"{self._ticket.exchange} is not connected")
        return self._line

    @property
    def _open_orders(self) -> Orders:
        if self._orders is None:
            raise ExchangeUnavailable(f"{self._ticket.exchange} is not connected")
        return self._orders

    def _bucket_path(self) -> Path:
        where = "testnet" if self._ticket.mode == "testnet" else "live"
        return self._ticket.bucket_dir / f"{self._ticket.exchange}-{where}"


def _nothing(reason: str | None) -> None:
    """Nobody is told."""


def _candles(rows: Sequence[Sequence[Any]]) -> list[Candle]:
    return [candle for row in rows if (candle := candle_of(row)) is not None]
