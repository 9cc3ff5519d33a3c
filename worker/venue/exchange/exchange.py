"""The port to an exchange, on ccxt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from loguru import logger

from common.clock import Clock
from common.errors import ConfigurationError
from common.trading.order import Order
from common.wire.ticket import ExchangeTicket
from worker.venue.exchange.calls import Calls
from worker.venue.exchange.client import keep_to_limit, make_client, rate_of
from worker.venue.exchange.client_ids import carriage_of
from worker.venue.exchange.instrument import find_market
from worker.venue.exchange.order_form import form_of
from worker.venue.exchange.rate_bucket import RateBucket
from worker.venue.exchange.reading import (
    balance_of,
    candle_of,
    execution_of,
    market_of,
    quote_of,
    report_of,
)
from worker.venue.exchange.rules import objection
from worker.venue.exchange.stream import Stream
from worker.venue.exchange.verdict import of_answer, of_cancel_failure, of_submit_failure
from worker.venue.exchange_port import (
    Accepted,
    Balance,
    Cancellation,
    Candle,
    Doubtful,
    ExchangeError,
    ExchangeUnavailable,
    Execution,
    InstrumentKind,
    Market,
    OrderReport,
    Quote,
    Refused,
    Submission,
)
from worker.venue.waiting import Waiting

_Verdict = TypeVar("_Verdict")

QUIET_PRICES = 45.0
"""Seconds of silence after which a stream of prices or candles counts as broken."""
_POLL = 2.0
_CLOSE_MARGIN = 2.0
_SMALLEST_PAGE = 20
"""No exchange tells fewer executions at once when there are more. Each has its own most, so none is asked for."""
_ACCEPTANCE_MARGIN = timedelta(seconds=2)
_DEFAULT_WINDOW_MS = 10_000
_LIST_BACK = timedelta(seconds=60)
"""How long before an order was made a list is searched for it: clocks differ."""


class CcxtExchange:
    """One account and instrument. Belongs to the event loop that calls `open`."""

    def __init__(
        self, ticket: ExchangeTicket, symbol: str, kind: InstrumentKind, interval: str | None, clock: Clock
    ) -> None:
        """`symbol` as the bot's config has it; `interval` is checked to be offered where given."""
        self._ticket = ticket
        self._symbol = symbol
        self._interval = interval
        self._clock = clock
        self._kind = kind
        self._carriage = carriage_of(ticket.exchange)
        self._waiting = Waiting()
        self._sending: set[asyncio.Task[Any]] = set()
        self._client: Any = None
        self._bucket: RateBucket | None = None
        self._calls: Calls | None = None
        self._market: Market | None = None
        self._described: Mapping[str, Any] = {}
        self._quote: Quote | None = None
        self._candles: dict[str, Stream] = {}
        self._quotes: Stream | None = None
        self._orders: Stream | None = None
        self.on_outage: Callable[[str | None], None] = _nothing
        """Told, in the loop, why the exchange is not asked any more, and None when it answers again."""

    async def open(self) -> None:
        """See `Exchange.open`."""
        client = make_client(self._ticket, self._kind)
        try:
            bucket = RateBucket(self._bucket_path(), rate_of(client), self._clock.monotonic)
            keep_to_limit(client, bucket, self._waiting)
            self._client, self._bucket, self._calls = (
                client,
                bucket,
                Calls(client, bucket, self._waiting, self._clock.monotonic, lambda reason: self.on_outage(reason)),
            )
            await self._connect()
        except BaseException:
            await self._drop()
            raise

    async def close(self) -> None:
        """See `Exchange.close`."""
        self._waiting.end()
        if self._sending:
            await asyncio.wait(set(self._sending), timeout=self._timeout + _CLOSE_MARGIN)
        await self._drop()

    @property
    def market(self) -> Market:
        """See `Exchange.market`."""
        if self._market is None:
            raise ExchangeUnavailable(f"{self._ticket.exchange} is not connected yet")
        return self._market

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
            window = max(int(self._client.options.get("recvWindow") or _DEFAULT_WINDOW_MS), int(self._timeout * 1000))
        return timedelta(milliseconds=window) + abs(self.clock_offset) + _ACCEPTANCE_MARGIN

    async def candles(self, interval: str, since: datetime, limit: int) -> Sequence[Candle]:
        """See `Exchange.candles`."""
        rows = await self._read(
            "candles", "fetch_ohlcv", self.market.symbol, interval, int(since.timestamp() * 1000), limit
        )
        return _candles(rows)

    async def next_candles(self, interval: str) -> Sequence[Candle]:
        """See `Exchange.next_candles`."""
        if interval not in self._candles:
            self._candles[interval] = self._stream(
                f"candles of {interval}",
                "watch_ohlcv",
                "fetch_ohlcv",
                (self.market.symbol, interval),
                ask_more={"limit": 3},
                silence=QUIET_PRICES,
            )
        return _candles(await self._candles[interval].next())

    async def quote(self) -> Quote:
        """See `Exchange.quote`."""
        return self._quoted(await self._read("the price", "fetch_ticker", self.market.symbol))

    async def next_quote(self) -> Quote:
        """See `Exchange.next_quote`."""
        if self._quotes is None:
            books = bool(self._client.has.get("watchBidsAsks"))
            self._quotes = self._stream(
                "prices",
                "watch_bids_asks" if books else "watch_ticker",
                "fetch_ticker",
                ([self.market.symbol],) if books else (self.market.symbol,),
                ask_with=(self.market.symbol,),
                silence=QUIET_PRICES,
            )
        return self._quoted(await self._quotes.next())

    async def balance(self) -> Balance:
        """See `Exchange.balance`."""
        return balance_of(await self._read("the balance", "fetch_balance"))

    async def submit(self, order: Order) -> Submission:
        """See `Exchange.submit`. Cancelling the caller does not break off what is being sent."""
        return await self._sent(self._submit(order))

    async def cancel(self, order: Order) -> Cancellation:
        """See `Exchange.cancel`."""
        return await self._sent(self._cancel(order))

    async def order(self, order: Order) -> OrderReport | None:
        """See `Exchange.order`."""
        if order.venue_order_id is not None:
            return await self._fetched(order, order.venue_order_id, {})
        if self._carriage.find is not None:
            sought = {self._carriage.find: self._carriage.encode(order.client_order_id)}
            return await self._fetched(order, None, sought)
        return await self._listed(order)

    async def open_orders(self) -> Sequence[OrderReport]:
        """See `Exchange.open_orders`."""
        return self._reports(await self._read("open orders", "fetch_open_orders", self.market.symbol))

    async def executions(self, since: datetime, exchange_order_id: str | None = None) -> Sequence[Execution]:
        """See `Exchange.executions`."""
        found: dict[str, Execution] = {}
        begin = int(since.timestamp() * 1000)
        while True:
            trades = await self._read("executions", "fetch_my_trades", self.market.symbol, begin)
            news = [each for trade in trades if (each := execution_of(trade, self._clock.now())) is not None]
            fresh = [each for each in news if each.execution_id not in found]
            found.update((each.execution_id, each) for each in news)
            if len(trades) < _SMALLEST_PAGE or not fresh:
                break
            begin = max(int(each.at.timestamp() * 1000) for each in fresh)
        ordered = sorted(found.values(), key=lambda each: each.at)
        return [each for each in ordered if exchange_order_id in (None, each.exchange_order_id)]

    async def next_order_news(self) -> Sequence[OrderReport]:
        """See `Exchange.next_order_news`."""
        if self._orders is None:
            self._orders = self._stream(
                "own orders", "watch_orders", "fetch_open_orders", (self.market.symbol,), silence=None
            )
        return self._reports(await self._orders.next())

    async def _connect(self) -> None:
        calls = self._asked
        await calls.set_clock()
        if self._ticket.markets:
            self._client.set_markets([dict(market) for market in self._ticket.markets])
        else:
            await calls.read("the markets", self._client.load_markets)
        described = find_market(self._client, self._symbol, self._kind)
        self._client.set_markets([described])
        self._described = described
        try:
            self._market = market_of(
                described, self._kind, self._client.precisionMode, self._ticket.exchange, self._carriage.finds
            )
        except ValueError as error:
            raise ConfigurationError(f"the rules of {self._symbol} at {self._ticket.exchange}: {error}") from error
        if self._interval is not None and self._interval not in (self._client.timeframes or {self._interval: ""}):
            offered = ", ".join(self._client.timeframes)
            raise ConfigurationError(f"{self._ticket.exchange} has no candles of {self._interval}; it has {offered}")
        if self._ticket.credentials is not None:
            await self.balance()

    async def _submit(self, order: Order) -> Submission:
        calls, client = self._asked, self._client
        reason = objection(self.market, order, None if self._quote is None else self._quote.last)
        if reason is not None:
            return Refused(reason=reason, error_class="exchange")
        form = form_of(order, self.market, self._described, client.options, self._carriage, self._quote)
        with calls.exchanged(order=True) as exchanged:
            try:
                answer = await client.create_order(*form.arguments)
            except asyncio.CancelledError:
                return Doubtful(reason="the connection was closed while it was sent")
            except Exception as error:  # noqa: BLE001 - whatever the client raises, the order may be there
                await calls.learn(error, exchanged)
                return of_submit_failure(error, exchanged.retry_after)
        doubt = of_answer(answer, str(self._carriage.encode(order.client_order_id)))
        if doubt is not None:
            return doubt
        report = report_of(answer, self._carriage, self._clock.now(), order.client_order_id)
        if report.status == "rejected":
            return Refused(reason="the exchange took the order and rejected it", error_class="exchange")
        return Accepted(report=report)

    async def _cancel(self, order: Order) -> Cancellation:
        calls = self._asked
        exchange_id = order.venue_order_id
        if exchange_id is None:
            # Many exchanges take an order back by their own id only.
            try:
                found = await self.order(order)
            except ExchangeError as error:
                logger.debug("taking back order {}: {}", order.client_order_id, error)
                return "doubtful"
            if found is None:
                return "gone"
            exchange_id = found.exchange_order_id
        with calls.exchanged(order=True) as exchanged:
            try:
                answer = await self._client.cancel_order(exchange_id, self.market.symbol)
            except asyncio.CancelledError:
                return "doubtful"
            except Exception as error:  # noqa: BLE001 - as above
                await calls.learn(error, exchanged)
                outcome = of_cancel_failure(error)
                if outcome == "doubtful":
                    logger.debug("taking back order {}: {}", order.client_order_id, error)
                return outcome
        return "cancelled" if isinstance(answer, Mapping) and answer.get("id") else "doubtful"

    async def _fetched(self, order: Order, exchange_id: str | None, sought: dict[str, Any]) -> OrderReport | None:
        what = f"order {order.client_order_id}"
        try:
            answer = await self._read(
                what, "fetch_order", exchange_id, self.market.symbol, {**self._carriage.fetch, **sought}
            )
        except ExchangeError as error:
            if _says_not_there(error):
                return None
            raise
        return self._report(answer, what, order.client_order_id)

    async def _listed(self, order: Order) -> OrderReport | None:
        """Search the lists of open and of past orders."""
        since = int((order.created_at - _LIST_BACK).timestamp() * 1000)
        sent_id = self._carriage.encode(order.client_order_id)
        narrowed = {} if self._carriage.lists is None else {self._carriage.lists: sent_id}
        for method, begin in (("fetch_open_orders", None), ("fetch_closed_orders", since), ("fetch_orders", since)):
            if method != "fetch_open_orders" and not self._client.has.get(_camel(method)):
                continue
            found = await self._read("orders", method, self.market.symbol, begin, None, narrowed)
            for each in found:
                if self._carriage.decode(each, order.client_order_id) == order.client_order_id:
                    return self._report(each, "orders", order.client_order_id)
        return None

    def _report(self, answer: Mapping[str, Any], what: str, known: str | None) -> OrderReport:
        try:
            return report_of(answer, self._carriage, self._clock.now(), known)
        except (ValueError, TypeError, AttributeError) as error:
            raise ExchangeUnavailable(f"{what}: {error}") from error

    def _reports(self, orders: Sequence[Mapping[str, Any]]) -> list[OrderReport]:
        return [self._report(order, "orders", None) for order in orders if order.get("symbol") == self.market.symbol]

    def _quoted(self, answer: Mapping[str, Any]) -> Quote:
        ticker = answer if "last" in answer or "bid" in answer else answer.get(self.market.symbol, {})
        quote = quote_of(ticker, self._clock.now() + self.clock_offset)
        if quote is None:
            raise ExchangeUnavailable(f"{self._ticket.exchange} tells no price of {self._symbol}")
        self._quote = quote
        return quote

    def _stream(
        self,
        name: str,
        watch: str,
        ask: str,
        arguments: tuple[Any, ...],
        *,
        silence: float | None,
        ask_with: tuple[Any, ...] | None = None,
        ask_more: Mapping[str, Any] | None = None,
    ) -> Stream:
        client, asking, more = self._client, ask_with or arguments, dict(ask_more or {})
        watching = getattr(client, watch) if client.has.get(_camel(watch)) and hasattr(client, watch) else None
        return Stream(
            name,
            self._asked,
            self._waiting,
            None if watching is None else lambda: watching(*arguments),
            lambda: getattr(client, ask)(*asking, **more),
            poll=_POLL,
            silence=silence,
            reopen=self._reopen,
        )

    async def _reopen(self) -> None:
        """Drop every connection of the streams; each is made anew when it is watched next."""
        for url, connection in list(getattr(self._client, "clients", {}).items()):
            self._client.clients.pop(url, None)
            try:
                await connection.close()
            except Exception as error:  # noqa: BLE001 - it is being thrown away
                logger.debug("closing a stream: {}", error)

    async def _read(self, what: str, method: str, *arguments: Any) -> Any:
        return await self._asked.read(
            f"{self._ticket.exchange}: {what}", lambda: getattr(self._client, method)(*arguments)
        )

    async def _sent(self, sending: Coroutine[Any, Any, _Verdict]) -> _Verdict:
        task = asyncio.ensure_future(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return await asyncio.shield(task)

    async def _drop(self) -> None:
        client, bucket, self._client, self._bucket = self._client, self._bucket, None, None
        if client is not None:
            await client.close()
        if bucket is not None:
            bucket.close()

    @property
    def _asked(self) -> Calls:
        if self._calls is None or self._client is None:
            raise ExchangeUnavailable(f"{self._ticket.exchange} is not connected")
        return self._calls

    @property
    def _timeout(self) -> float:
        return 10.0 if self._client is None else float(self._client.timeout) / 1000

    def _bucket_path(self) -> Any:
        where = "testnet" if self._ticket.mode == "testnet" else "live"
        return self._ticket.bucket_dir / f"{self._ticket.exchange}-{where}"


def _nothing(reason: str | None) -> None:
    """Nobody is told."""


def _candles(rows: Sequence[Sequence[Any]]) -> list[Candle]:
    return [candle for row in rows if (candle := candle_of(row)) is not None]


def _says_not_there(error: ExchangeError) -> bool:
    cause = error.__cause__
    return cause is not None and any(kind.__name__ == "OrderNotFound" for kind in type(cause).__mro__)


def _camel(method: str) -> str:
    first, *rest = method.replace("ohlcv", "OHLCV").split("_")
    return first + "".join(part if part.isupper() else part.capitalize() for part in rest)
