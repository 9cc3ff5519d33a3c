"""One round trip: entered in one or more fills, left in one or more, closed when nothing is left.

gross = exit value − entry value, commission = both sides, net = gross − commission, percent = net / entry
value × 100. Values are sums of quantity × price, so that no rounding enters the money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from common.trading.order import Order
from common.wire.facts import PositionChanged, TradeChanged
from worker.book.labels import Labels

_HUNDRED = Decimal(100)
_ZERO = Decimal(0)
_AMOUNTS = (
    "size",
    "entry_value",
    "entry_commission",
    "left",
    "dust",
    "exit_value",
    "exit_commission",
    "highest",
)


@dataclass(slots=True, kw_only=True)
class Trade:
    """A long round trip. Times are bar timestamps as in the data (aware UTC)."""

    key: str
    """The entry order's client order id; of an adopted trade a name made of its row id."""
    entry_time: datetime
    entry_bar: int
    """Number of the bar of the (first) entry fill."""
    adopted_row_id: int | None = None
    size: Decimal = _ZERO
    """Everything entered so far."""
    entry_value: Decimal = _ZERO
    entry_commission: Decimal = _ZERO
    entry_created: datetime | None = None
    entry_closed: datetime | None = None
    left: Decimal = _ZERO
    """Everything already left again."""
    dust: Decimal = _ZERO
    """What is too little to be sold: written off when the rest was."""
    exit_value: Decimal = _ZERO
    exit_commission: Decimal = _ZERO
    exit_created: datetime | None = None
    exit_time: datetime | None = None
    exit_reason: str | None = None
    highest: Decimal = _ZERO
    """Highest price since entry, the entry price included, through the last bar taken in."""
    notes: dict[str, Any] = field(default_factory=dict)
    """Order ids, correlation ids and the entry reason, as JSON values."""

    @property
    def correlation_id(self) -> str | None:
        """Of the signal it began with; of an adopted trade that of its first exit, None before."""
        known: str | None = self.notes.get("correlation_id")
        return known

    @property
    def open_quantity(self) -> Decimal:
        """Quantity held now."""
        return self.size - self.left - self.dust

    @property
    def entry_price(self) -> Decimal:
        """Average price of the entry fills."""
        return self.entry_value / self.size

    @property
    def is_closed(self) -> bool:
        """Whether everything entered has been left, but for dust."""
        return self.left + self.dust == self.size and self.left > 0

    @property
    def gross_pnl(self) -> Decimal:
        """Exit value − entry value; of a closed trade."""
        return self.exit_value - self.entry_value

    @property
    def commission(self) -> Decimal:
        """Both sides so far."""
        return self.entry_commission + self.exit_commission

    @property
    def net_pnl(self) -> Decimal:
        """Gross − commission; of a closed trade."""
        return self.gross_pnl - self.commission

    def enter(self, order: Order, quantity: Decimal, price: Decimal, commission: Decimal, at: datetime) -> None:
        """One more fill of the entry."""
        self.size += quantity
        self.entry_value += quantity * price
        self.entry_commission += commission
        self.entry_created, self.entry_closed = order.created_at, at
        self.highest = max(self.highest, price)

    def leave(self, order: Order, quantity: Decimal, price: Decimal, commission: Decimal, at: datetime) -> None:
        """One more fill of an exit."""
        self.left += quantity
        self.exit_value += quantity * price
        self.exit_commission += commission
        if self.exit_created is None:
            self.exit_created = order.created_at
        self.exit_time, self.exit_reason = at, order.reason
        self.notes["exit_order"] = order.client_order_id
        self.notes["exit_correlation_id"] = order.correlation_id
        self.notes.setdefault("correlation_id", order.correlation_id)

    def write_off(self) -> None:
        """What is still held is too little to be sold; the trade ends without it."""
        self.dust = self.size - self.left
        if self.dust:
            self.notes["dust"] = str(self.dust)

    def fact(self, labels: Labels) -> TradeChanged:
        """The trade's row as it is now."""
        return TradeChanged(
            trade_key=self.key,
            adopted_row_id=self.adopted_row_id,
            trade_type=labels.trade_type,
            strategy_name=labels.strategy_name,
            entry_logic_name=labels.entry_logic_name,
            exit_logic_name=labels.exit_logic_name,
            symbol=labels.symbol,
            interval=labels.interval,
            direction="long",
            status="closed" if self.is_closed else "open",
            size=self.size,
            entry_time=self.entry_time,
            entry_price=self.entry_price,
            entry_value=self.entry_value,
            buy_order_created=self.entry_created,
            buy_order_closed=self.entry_closed,
            commission=self.commission if self.is_closed else self.entry_commission,
            details={**labels.details, **self.notes},
            **(self._result() if self.is_closed else {}),
        )

    def position_fact(self, labels: Labels) -> PositionChanged:
        """The position's row as it is now."""
        held = self.open_quantity
        average = self.entry_price
        return PositionChanged(
            position_key=self.key,
            trade_type=labels.trade_type,
            symbol=labels.symbol,
            direction="long",
            status="closed" if self.is_closed else "open",
            opened_at=self.entry_time,
            closed_at=self.exit_time if self.is_closed else None,
            qty_open=held,
            avg_price=None if self.is_closed else average,
            realized_pnl=self.gross_pnl if self.is_closed else self.exit_value - self.left * average,
            adopted_row_id=self.adopted_row_id,
            correlation_id=self.correlation_id,
        )

    def state(self) -> dict[str, Any]:
        """As JSON values; `from_state` takes it back."""
        state: dict[str, Any] = {}
        for spec in fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, Decimal):
                value = str(value)
            state[spec.name] = value.isoformat() if isinstance(value, datetime) else value
        state["notes"] = dict(self.notes)
        return state

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Trade:
        """The trade that `state()` described."""
        values = dict(state)
        values.setdefault("dust", "0")
        for name in _AMOUNTS:
            values[name] = Decimal(values[name])
        for name in ("entry_time", "entry_created", "entry_closed", "exit_created", "exit_time"):
            if values[name] is not None:
                values[name] = datetime.fromisoformat(values[name])
        values["notes"] = dict(values["notes"])
        return cls(**values)

    def _result(self) -> dict[str, Any]:
        return {
            "exit_time": self.exit_time,
            "exit_price": self.exit_value / self.left,
            "exit_value": self.exit_value,
            "sell_order_created": self.exit_created,
            "sell_order_closed": self.exit_time,
            "gross_pnl": self.gross_pnl,
            "net_pnl": self.net_pnl,
            "pnl_percentage": self.net_pnl / self.entry_value * _HUNDRED,
            "exit_reason": self.exit_reason,
        }
