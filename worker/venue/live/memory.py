"""What of an order has been told: all that the next life needs to go on without telling anything twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from common.trading.order import Order
from worker.venue.live.instant import Instant
from worker.venue.port import VenueEvent

_SENT_WITHOUT_ANSWER = frozenset({"intended", "submitted", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One order as the trading loop knows it. Quantities in units of the instrument, `cost` in quote currency."""

    sent_at: datetime | None = None
    """When it was sent, by our wall clock, aware UTC; None: not by this life, or not yet."""
    left_by: Instant | None = None
    """By when its request had left us for certain, as the life that sent it was over; None: not known yet."""
    doubted: bool = False
    placed: bool = False
    exchange_order_id: str | None = None
    executions: tuple[str, ...] = ()
    """Ids of the executions that `filled` counts."""
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    """Σ quantity × price of `filled`."""
    assumed: Decimal = Decimal(0)
    """Part of `filled` whose executions have not been seen: they are not counted again when they turn up."""
    over: bool = False
    never_there: bool = False
    """It ended because the exchange never had it."""

    @classmethod
    def of(cls, order: Order) -> Memory:
        """What a book without further notes says of its order: fills are known by their sum, not by their ids."""
        average = order.average_price or Decimal(0)
        return cls(
            doubted=order.status == "unknown",
            placed=order.status not in _SENT_WITHOUT_ANSWER,
            exchange_order_id=order.venue_order_id,
            filled=order.filled_quantity,
            cost=average * order.filled_quantity,
            assumed=order.filled_quantity,
        )

    def taken_up(self, now: Instant) -> Memory:
        """The same in a life that begins at `now`; of several such lives the first one counts.

        Otherwise what is killed again and again would never have waited long enough for the exchange's "no".
        """
        known = self.left_by is not None and self.left_by.is_before(now)
        return self if known else replace(self, left_by=now)

    def state(self) -> dict[str, Any]:
        """As JSON values; `from_state` takes it back."""
        return {
            "sent_at": None if self.sent_at is None else self.sent_at.isoformat(),
            "left_by": None if self.left_by is None else self.left_by.state(),
            "doubted": self.doubted,
            "placed": self.placed,
            "exchange_order_id": self.exchange_order_id,
            "executions": list(self.executions),
            "filled": str(self.filled),
            "cost": str(self.cost),
            "assumed": str(self.assumed),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Memory:
        """The memory that `state()` described."""
        sent_at, left_by = state["sent_at"], state.get("left_by")
        return cls(
            sent_at=None if sent_at is None else datetime.fromisoformat(sent_at),
            left_by=None if left_by is None else Instant.from_state(left_by),
            doubted=state["doubted"],
            placed=state["placed"],
            exchange_order_id=state["exchange_order_id"],
            executions=tuple(state["executions"]),
            filled=Decimal(state["filled"]),
            cost=Decimal(state["cost"]),
            assumed=Decimal(state["assumed"]),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """One event for the trading loop, and what is known to have been told once it is applied."""

    event: VenueEvent
    memory: Memory
