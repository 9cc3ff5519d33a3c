"""Orders of one account and instrument: sent once, taken back, asked about. Belongs to the exchange's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from loguru import logger

from common.trading.order import Order
from worker.venue.exchange.client_ids import Carriage
from worker.venue.exchange.line import Line, camel
from worker.venue.exchange.order_form import form_of
from worker.venue.exchange.reading import execution_of, report_of
from worker.venue.exchange.rules import objection
from worker.venue.exchange.verdict import of_answer, of_cancel_failure, of_submit_failure
from worker.venue.exchange_port import (
    Accepted,
    Cancellation,
    Doubtful,
    ExchangeError,
    ExchangeRefusal,
    ExchangeUnavailable,
    Execution,
    OrderReport,
    Quote,
    Refused,
    Submission,
)

_Verdict = TypeVar("_Verdict")

_SMALLEST_PAGE = 20
"""No exchange tells fewer executions at once when there are more. Each has its own most, so none is asked for."""
_LIST_BACK = timedelta(seconds=60)
"""How long before an order was made a list is searched for it: clocks differ."""
_CLOSE_MARGIN = 2.0


class Orders:
    """What can be done with orders over one line."""

    def __init__(self, line: Line, carriage: Carriage, quote: Callable[[], Quote | None]) -> None:
        """`quote`: the last price known, None before the first."""
        self._line = line
        self._carriage = carriage
        self._quote = quote
        self._sending: set[asyncio.Task[Any]] = set()

    async def settle(self) -> None:
        """Wait, bounded, for the answers to what is being sent."""
        if self._sending:
            await asyncio.wait(set(self._sending), timeout=self._line.timeout + _CLOSE_MARGIN)

    async def submit(self, order: Order) -> Submission:
        """See `Exchange.submit`. Cancelling the caller does not break off what is being sent."""
        return await self._sent(self._submit(order))

    async def cancel(self, order: Order) -> Cancellation:
        """See `Exchange.cancel`."""
        return await self._sent(self._cancel(order))

    async def order(self, order: Order) -> OrderReport | None:
        """See `Exchange.order`."""
        if order.venue_order_id is not None:
            if not self._line.client.has.get("fetchOrder"):
                return await self._listed(order, {})
            return await self._fetched(order, order.venue_order_id, {})
        if self._carriage.find is not None:
            sought = {self._carriage.find: self._carriage.encode(order.client_order_id)}
            return await self._fetched(order, None, sought)
        lists = self._carriage.lists
        return await self._listed(order, {} if lists is None else {lists: self._carriage.encode(order.client_order_id)})

    async def open_orders(self) -> Sequence[OrderReport]:
        """See `Exchange.open_orders`."""
        return self.reports(await self._line.inquire("open orders", "fetch_open_orders", self._line.market.symbol))

    async def executions(self, since: datetime, exchange_order_id: str | None = None) -> Sequence[Execution]:
        """See `Exchange.executions`."""
        found: dict[str, Execution] = {}
        begin = _milliseconds(since)
        first = fresh = await self._page(found, begin, {})
        while fresh:  # a page may end before the present, as binance's do
            fresh = await self._page(found, _milliseconds(max(each.at for each in fresh)), {})
        while first:  # or begin after `since`, as bybit's and kraken's do: the newest come first
            until = _milliseconds(min(each.at for each in first))
            try:
                first = await self._page(found, begin, {"until": until})
            except ExchangeRefusal as error:
                logger.debug("executions until a moment: {}", error)
                break
        ordered = sorted(found.values(), key=lambda each: each.at)
        return [each for each in ordered if exchange_order_id in (None, each.exchange_order_id)]

    async def _page(self, found: dict[str, Execution], begin: int, more: Mapping[str, Any]) -> Sequence[Execution]:
        """Put one page of executions into `found`; those that are new, none when no page can come after it."""
        market, now = self._line.market, self._line.clock.now()
        trades = await self._line.inquire("executions", "fetch_my_trades", market.symbol, begin, None, dict(more))
        news = [each for trade in trades if (each := execution_of(trade, now, market.contract_size)) is not None]
        fresh = [each for each in news if each.execution_id not in found]
        found.update((each.execution_id, each) for each in fresh)
        return fresh if len(trades) >= _SMALLEST_PAGE else []

    async def _submit(self, order: Order) -> Submission:
        calls, client, quote = self._line.calls, self._line.client, self._quote()
        reason = objection(self._line.market, order, None if quote is None else quote.last)
        if reason is not None:
            return Refused(reason=reason, error_class="exchange")
        form = form_of(order, self._line.market, self._line.described, client.options, self._carriage, quote)
        with calls.exchanged("order") as exchanged:
            try:
                answer = await client.create_order(*form.arguments)
            except asyncio.CancelledError:
                return Doubtful(reason="the connection was closed while it was sent")
            except Exception as error:  # noqa: BLE001 - whatever the client raises, the order may be there
                await calls.learn(error, exchanged)
                return of_submit_failure(error, exchanged.retry_after, answered=exchanged.status is not None)
        doubt = of_answer(answer, str(self._carriage.encode(order.client_order_id)))
        if doubt is not None:
            return doubt
        report = self._read(answer, order.client_order_id)
        if report.status == "rejected":
            return Refused(reason="the exchange took the order and rejected it", error_class="exchange")
        return Accepted(report=report)

    async def _cancel(self, order: Order) -> Cancellation:
        calls = self._line.calls
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
        with calls.exchanged("order") as exchanged:
            try:
                answer = await self._line.client.cancel_order(exchange_id, self._line.market.symbol)
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
            answer = await self._line.inquire(
                what, "fetch_order", exchange_id, self._line.market.symbol, {**self._carriage.fetch, **sought}
            )
        except ExchangeError as error:
            if _says_not_there(error):
                return None
            raise
        return self._report(answer, what, order.client_order_id)

    async def _listed(self, order: Order, narrowed: Mapping[str, Any]) -> OrderReport | None:
        """Search the lists of open and of past orders, by the exchange's id when that is known, else by ours."""
        since = _milliseconds(order.created_at - _LIST_BACK)
        for method, begin in _lists(since):
            if method != "fetch_open_orders" and self._line.client.has.get(camel(method)) is not True:
                continue  # what is emulated is made of another of these lists
            found = await self._line.inquire("orders", method, self._line.market.symbol, begin, None, narrowed)
            for each in found:
                if self._is_it(each, order):
                    return self._report(each, "orders", order.client_order_id)
        return None

    def _is_it(self, told: Mapping[str, Any], order: Order) -> bool:
        if order.venue_order_id is not None:
            return str(told.get("id")) == order.venue_order_id
        return self._carriage.decode(told, order.client_order_id) == order.client_order_id

    def _report(self, answer: Mapping[str, Any], what: str, known: str | None) -> OrderReport:
        try:
            return self._read(answer, known)
        except (ValueError, TypeError, AttributeError) as error:
            raise ExchangeUnavailable(f"{what}: {error}") from error

    def _read(self, answer: Mapping[str, Any], known: str | None) -> OrderReport:
        return report_of(answer, self._carriage, self._line.clock.now(), known, self._line.market.contract_size)

    def reports(self, orders: Sequence[Mapping[str, Any]]) -> list[OrderReport]:
        """What the exchange told of orders in this instrument."""
        return [
            self._report(order, "orders", None) for order in orders if order.get("symbol") == self._line.market.symbol
        ]

    async def _sent(self, sending: Coroutine[Any, Any, _Verdict]) -> _Verdict:
        task = asyncio.ensure_future(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return await asyncio.shield(task)


def _lists(since: int) -> Sequence[tuple[str, int | None]]:
    """Where to look for an order, and since when; bybit's list of closed ones has none that was taken back."""
    past = ("fetch_closed_orders", "fetch_canceled_and_closed_orders", "fetch_orders")
    return [("fetch_open_orders", None), *((method, since) for method in past)]


def _says_not_there(error: ExchangeError) -> bool:
    cause = error.__cause__
    return cause is not None and any(kind.__name__ == "OrderNotFound" for kind in type(cause).__mro__)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
