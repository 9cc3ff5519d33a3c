"""The port between the trading loop and a venue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from common.trading.order import Order
from worker.feeds.bar import Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """An order was executed, in part or whole."""

    client_order_id: str
    quantity: Decimal
    price: Decimal
    cut_to: Decimal | None = None
    """The order's quantity from now on, when the funds did not cover all of it."""
    quality: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An order ended without (further) execution."""

    client_order_id: str
    status: Literal["rejected", "expired", "cancelled"]
    reason: str


VenueEvent = Executed | Ended


class Venue(Protocol):
    """A place that works orders. Called from the trading thread only."""

    def submit(self, order: Order) -> None:
        """Take an order whose intent is recorded; the outcome comes with `match`."""

    def cancel(self, client_order_id: str) -> None:
        """Work this order no further."""

    def match(self, bar: Bar) -> Iterator[VenueEvent]:
        """What the bar does to the working orders; the caller applies each event before it asks for the next."""

    def trigger(self, order: Order, price: Decimal) -> Iterator[VenueEvent]:
        """What becomes of a level exit whose level was reached at `price`."""

    def state(self) -> dict[str, Any]:
        """What the next life needs to know of the working orders beyond the orders themselves, as JSON values."""

    def restore(self, state: dict[str, Any], orders: dict[str, Order]) -> None:
        """Work `orders` on from `state`."""
