"""An exit that no venue has seen: what was held is not there any more, and an operator said so. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from common.trading.order import Order
from common.wire.facts import IncidentReported
from worker.venue.port import Executed


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """What is booked for it, all at once."""

    order: Order
    """For the books alone; it is never sent."""
    executed: Executed
    """All of it, at the operator's price and without commission."""
    incident: IncidentReported


def write_off(order: Order, price: Decimal, at: datetime) -> WriteOff:
    """The whole of `order` counts as executed at `price`, quote currency per unit; `at`: aware UTC."""
    message = (
        f"{order.quantity:f} of {order.symbol} were written off at {price:f} on an operator's word; no order was sent"
    )
    return WriteOff(
        order=order,
        executed=Executed(
            client_order_id=order.client_order_id,
            quantity=order.quantity,
            price=price,
            quality="written_off",
            commission=Decimal(0),
            at=at,
        ),
        incident=IncidentReported(
            incident_key=f"written-off/{order.client_order_id}",
            severity="warning",
            error_class="WrittenOff",
            message=message,
            at=at,
            category="exchange",
        ),
    )
