"""An execution on its way into the book, and what it did there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from common.trading.order import Order
from worker.book.trade import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution as the venue reports it. `at`: timestamp of its bar, or the venue's time; `bar`: its number."""

    client_order_id: str
    quantity: Decimal
    price: Decimal
    at: datetime
    bar: int
    quality: str | None = None
    execution_id: str | None = None
    """The venue's own id of it; None: it is numbered here."""
    commission: Decimal | None = None
    """In quote currency; None: quantity × price × the account's rate."""
    base_fee: Decimal = Decimal(0)
    """Units of the instrument that the venue kept of what was bought; `commission` counts their worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a fill did to the position."""

    order: Order
    """As it is after the fill."""
    trade: Trade
    opened: bool
    closed: bool
