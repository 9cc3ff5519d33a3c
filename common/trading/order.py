"""An order and the changes it may go through.

The table follows the life of an order at a venue: a written-ahead intent is submitted, the venue answers,
fills arrive in one or more parts, and exactly one final state is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from common.errors import BotvisorError

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop", "take_profit"]
Purpose = Literal["entry", "exit", "protective"]
"""`protective`: a stop that rests at the venue as long as the position."""
OrderStatus = Literal[
    "intended", "submitted", "accepted", "partially_filled", "filled", "cancelled", "rejected", "expired", "unknown"
]

FINAL: frozenset[OrderStatus] = frozenset({"filled", "cancelled", "rejected", "expired"})
"""States that nothing leaves."""

_ANSWERS: frozenset[OrderStatus] = frozenset(
    {"accepted", "partially_filled", "filled", "cancelled", "rejected", "expired"}
)

TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    "intended": frozenset({"submitted", "cancelled", "rejected", "expired"}),
    "submitted": _ANSWERS | {"unknown"},
    "unknown": _ANSWERS,
    "accepted": _ANSWERS - {"accepted"},
    "partially_filled": frozenset({"partially_filled", "filled", "cancelled", "expired"}),
    "filled": frozenset(),
    "cancelled": frozenset(),
    "rejected": frozenset(),
    "expired": frozenset(),
}
"""From each state the states that may follow it."""


class IllegalTransition(BotvisorError):
    """An order was told to do what an order in its state cannot do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one bot. Quantities in units of the instrument, prices and commission in quote currency."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    purpose: Purpose
    quantity: Decimal
    created_at: datetime
    """Timestamp of the bar of the decision."""
    updated_at: datetime
    reason: str
    """Why it was made; replaced by why it ended when it ends unfilled."""
    correlation_id: str
    ordinal: int = 0
    """Number of this order among those of its side decided on the same bar, from 0."""
    parent_id: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    status: OrderStatus = "intended"
    venue_order_id: str | None = None
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    commission: Decimal = Decimal(0)

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in FINAL

    @property
    def remaining(self) -> Decimal:
        """Quantity not filled yet."""
        return self.quantity - self.filled_quantity

    def placed(self, venue_order_id: str | None, at: datetime) -> Order:
        """This order once the venue has it, under its own id. Raises IllegalTransition."""
        return replace(self.moved("accepted", at), venue_order_id=venue_order_id)

    def moved(self, status: OrderStatus, at: datetime, reason: str | None = None) -> Order:
        """This order in another state. Raises IllegalTransition."""
        self._must_allow(status)
        return replace(self, status=status, updated_at=at, reason=self.reason if reason is None else reason)

    def executed(self, quantity: Decimal, price: Decimal, commission: Decimal, at: datetime) -> Order:
        """This order after one more execution. Raises IllegalTransition, also when more is filled than was ordered."""
        filled = self.filled_quantity + quantity
        if quantity <= 0 or filled > self.quantity:
            raise IllegalTransition(
                f"order {self.client_order_id}: an execution of {quantity} after {self.filled_quantity} "
                f"of {self.quantity}; executions are positive and never exceed the order"
            )
        status: OrderStatus = "filled" if filled == self.quantity else "partially_filled"
        self._must_allow(status)
        return replace(
            self,
            status=status,
            updated_at=at,
            filled_quantity=filled,
            average_price=self._average(quantity, price, filled),
            commission=self.commission + commission,
        )

    def cut_to(self, quantity: Decimal) -> Order:
        """This order for a smaller quantity, as funds at the fill allow. Raises IllegalTransition if it would grow."""
        if quantity > self.quantity or quantity < self.filled_quantity:
            raise IllegalTransition(
                f"order {self.client_order_id}: cannot be cut from {self.quantity} to {quantity} "
                f"with {self.filled_quantity} filled"
            )
        return replace(self, quantity=quantity)

    def state(self) -> dict[str, Any]:
        """As JSON values; `from_state` takes it back."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Order:
        """The order that `state()` described."""
        values = dict(state)
        for name in ("quantity", "filled_quantity", "commission", "limit_price", "stop_price", "average_price"):
            if values.get(name) is not None:
                values[name] = Decimal(values[name])
        for name in ("created_at", "updated_at"):
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)

    def _average(self, quantity: Decimal, price: Decimal, filled: Decimal) -> Decimal:
        if self.average_price is None:
            return price
        return (self.average_price * self.filled_quantity + price * quantity) / filled

    def _must_allow(self, status: OrderStatus) -> None:
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransition(
                f"order {self.client_order_id} is {self.status}; it cannot become {status} "
                f"(allowed: {', '.join(sorted(TRANSITIONS[self.status])) or 'nothing'})"
            )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
