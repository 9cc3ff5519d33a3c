"""The port between the trading loop and a venue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from common.trading.order import Order
from worker.feeds.bar import Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The venue has the order."""

    client_order_id: str
    venue_order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """The venue may or may not have the order; it is being asked."""

    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """An order was executed, in part or whole."""

    client_order_id: str
    quantity: Decimal
    price: Decimal
    cut_to: Decimal | None = None
    """The order's quantity from now on, when the funds did not cover all of it."""
    quality: str | None = None
    execution_id: str | None = None
    """The venue's own id of it; None: it is numbered here."""
    commission: Decimal | None = None
    """In quote currency; None: quantity × price × the account's rate."""
    base_fee: Decimal = Decimal(0)
    """Fee taken out of what was bought, in units of the instrument; `commission` counts its worth already."""
    at: datetime | None = None
    """The venue's time, aware UTC; None: that of the bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An order ended without (further) execution."""

    client_order_id: str
    status: Literal["rejected", "expired", "cancelled"]
    reason: str


VenueEvent = Placed | InDoubt | Executed | Ended


class Venue(Protocol):
    """A place that works orders. Called from the trading thread only."""

    @property
    def answers_at_once(self) -> bool:
        """Whether a submitted order is placed when `submit` returns; else `news` tells what became of it."""

    @property
    def account(self) -> str | None:
        """Where orders and position are, in words (exchange, mode, instrument); None: in simulation only."""

    def submit(self, order: Order) -> None:
        """Take an order whose intent is recorded; the outcome comes with `match` or `news`."""

    def cancel(self, client_order_id: str) -> None:
        """Work this order no further."""

    def news(self) -> Iterator[VenueEvent]:
        """What happened since the last call, apart from bars; the caller applies each event before the next."""

    def match(self, bar: Bar) -> Iterator[VenueEvent]:
        """What the bar does to the working orders; the caller applies each event before it asks for the next."""

    def trigger(self, order: Order, price: Decimal) -> Iterator[VenueEvent]:
        """What becomes of a level exit whose level was reached at `price`."""

    def state(self) -> dict[str, Any]:
        """What the next life needs to know of the working orders beyond the orders themselves, as JSON values."""

    def restore(self, state: dict[str, Any], orders: dict[str, Order]) -> None:
        """Work `orders` on from `state`."""
