"""Orders on their way out and back: recorded intents to the venue, its events into book and strategy."""

from __future__ import annotations

from datetime import datetime

from common.crash_points import reach
from common.trading.order import Order
from worker.book.book import Book
from worker.book.fill import Fill
from worker.engine import stages
from worker.engine.desk import TradingDesk
from worker.strategies.contract import BotStrategy
from worker.venue.port import Ended, Executed, InDoubt, Placed, Venue, VenueEvent


class OrderFlow:
    """The traffic between one life's desk and its venue."""

    def __init__(self, book: Book, desk: TradingDesk, venue: Venue, untold: tuple[str, ...]) -> None:
        """`untold`: orders whose acceptance is not recorded yet."""
        self._book = book
        self._desk = desk
        self._venue = venue
        self._untold = list(untold)
        self.strategy: BotStrategy | None = None
        self.closed_by: str | None = None
        """Correlation id of the trade that closed last, until its metrics are written."""

    def send(self, order: Order) -> None:
        """Hand over an order whose intent is recorded."""
        reach("intent.recorded")
        self._venue.submit(order)
        stages.order_sent(order)
        reach("order.submitted")
        if self._venue.answers_at_once:
            self._book.pass_on(order.client_order_id, "submitted", "accepted")
            self._untold.append(order.client_order_id)
        else:
            self._book.pass_on(order.client_order_id, "submitted")
        reach("order.accepted")

    @property
    def has_untold(self) -> bool:
        """Whether an acceptance waits to be told."""
        return bool(self._untold)

    def tell_accepted(self) -> None:
        """Tell of orders that the venue took and that are still as it took them."""
        for client_order_id in self._untold:
            order = self._book.orders.get(client_order_id)
            if order is not None and order.status == "accepted":
                self._book.tell(client_order_id)
        self._untold.clear()

    def take(self, event: VenueEvent, at: datetime, index: int) -> None:
        """Apply what the venue reports; `at` and `index` (a bar's number) are of the bar it happened in."""
        book = self._book
        if isinstance(event, Executed):
            if event.cut_to is not None:
                book.cut(event.client_order_id, event.cut_to)
            self.execute(event, event.at or at, index)
        elif isinstance(event, Placed):
            stages.order_placed(book.placed(event.client_order_id, event.venue_order_id, at))
        elif isinstance(event, InDoubt):
            if book.orders[event.client_order_id].status != "unknown":
                stages.order_in_doubt(book.move(event.client_order_id, "unknown", at), event.reason)
        elif isinstance(event, Ended):
            stages.order_ended(book.move(event.client_order_id, event.status, at, event.reason))

    def execute(self, event: Executed, at: datetime, index: int) -> None:
        """Apply an execution and tell the strategy."""
        fill = Fill(
            client_order_id=event.client_order_id,
            quantity=event.quantity,
            price=event.price,
            at=at,
            bar=index,
            quality=event.quality,
            execution_id=event.execution_id,
            commission=event.commission,
            base_fee=event.base_fee,
        )
        reach("fill.before_apply")
        applied = self._book.apply(fill)
        reach("fill.applied")
        order, trade, strategy = applied.order, applied.trade, self.strategy
        stages.filled(order, applied, event.quantity, event.price, at)
        if applied.closed:
            self.closed_by = order.correlation_id
        position = self._desk.position
        if applied.opened and strategy is not None and position is not None:
            strategy.on_entry(position)
        if applied.closed and strategy is not None:
            strategy.on_exit(trade.exit_reason or "")

    def drop(self, purpose: str, at: datetime | None, why: str) -> None:
        """Take back the orders of `purpose` that are not filled (any further)."""
        for order in list(self._book.orders.values()):
            if order.purpose == purpose:
                if self._venue.answers_at_once:
                    self._book.move(order.client_order_id, "cancelled", at or order.updated_at, why)
                self._venue.cancel(order.client_order_id)
