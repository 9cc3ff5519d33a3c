"""Facts: what happened in a bot's trading, as the worker reports it and the ledger records it.

A fact carries absolute values, never increments, and names its thing by a natural key, so that recording
it twice changes nothing. Times are aware UTC market times: the bar's timestamp for recorded or simulated
data. Money and quantities are Decimal, unrounded; the ledger rounds when it writes.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from common.wire.told import Told


class Fact(BaseModel):
    """Root of all facts."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class OrderChanged(Fact):
    """The present state of one order (key: client_order_id)."""

    kind: Literal["order"] = "order"
    client_order_id: str
    parent_id: str | None = None
    """Client order id of the entry that a protective or exit order belongs to."""
    venue_order_id: str | None = None
    symbol: str
    side: Literal["buy", "sell"]
    order_type: Literal["market", "limit", "stop", "take_profit"]
    purpose: Literal["entry", "exit", "protective"]
    status: Literal[
        "intended", "submitted", "accepted", "partially_filled", "filled", "cancelled", "rejected", "expired", "unknown"
    ]
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    commission: Decimal = Decimal(0)
    reason: Told | None = None
    """Why the order was made (entry or exit reason); for rejected and expired orders why it ended."""
    created_at: datetime
    updated_at: datetime
    correlation_id: str


class FillReported(Fact):
    """One execution (key: fill_id, unique per venue and account)."""

    kind: Literal["fill"] = "fill"
    fill_id: str
    client_order_id: str
    symbol: str
    side: Literal["buy", "sell"]
    quantity: Decimal
    price: Decimal
    commission: Decimal
    executed_at: datetime
    quality: str | None = None


class TradeChanged(Fact):
    """The present state of one round trip (key: trade_key); becomes a row of `trading_trades`."""

    kind: Literal["trade"] = "trade"
    trade_key: str
    adopted_row_id: int | None = None
    """Row id when the trade was found open in the database and not opened by us."""
    trade_type: Literal["paper", "live"]
    strategy_name: str
    entry_logic_name: str
    exit_logic_name: str
    symbol: str
    interval: str
    direction: Literal["long", "short"]
    status: Literal["open", "closed"]
    size: Decimal
    entry_time: datetime
    entry_price: Decimal
    entry_value: Decimal
    buy_order_created: datetime | None = None
    buy_order_closed: datetime | None = None
    exit_time: datetime | None = None
    exit_price: Decimal | None = None
    exit_value: Decimal | None = None
    sell_order_created: datetime | None = None
    sell_order_closed: datetime | None = None
    commission: Decimal
    """Entry side while open, both sides once closed."""
    gross_pnl: Decimal | None = None
    net_pnl: Decimal | None = None
    pnl_percentage: Decimal | None = None
    exit_reason: str | None = None
    details: dict[str, JsonValue] = Field(default_factory=dict)
    """Goes into extra_metadata: mixin parameters, order ids, correlation id."""


class PositionChanged(Fact):
    """The present state of one position (key: position_key = the trade's key)."""

    kind: Literal["position"] = "position"
    position_key: str
    trade_type: Literal["paper", "live"]
    symbol: str
    direction: Literal["long", "short"]
    status: Literal["open", "closed"]
    opened_at: datetime
    closed_at: datetime | None = None
    qty_open: Decimal
    avg_price: Decimal | None
    realized_pnl: Decimal
    adopted_row_id: int | None = None
    """Row id of its trade when that was found open in the database and not opened by us."""
    correlation_id: str | None = None
    """Of the signal it was opened by; goes into extra_metadata."""


class AccountChanged(Fact):
    """The bot's money: start balance + sum of net P&L, and that sum."""

    kind: Literal["account"] = "account"
    balance: Decimal
    total_pnl: Decimal


class MetricsComputed(Fact):
    """Performance so far; becomes a row of `trading_performance_metrics`."""

    kind: Literal["metrics"] = "metrics"
    trade_type: Literal["paper", "live"]
    symbol: str
    interval: str
    entry_logic_name: str
    exit_logic_name: str
    metrics: dict[str, JsonValue]
    calculated_at: datetime


class EntryDenied(Fact):
    """A signal that was refused, by its check or by a limit, before anything was sent (key: denial_key)."""

    kind: Literal["denial"] = "denial"
    denial_key: str
    symbol: str
    side: Annotated[str, Field(max_length=10)]
    """buy or sell, or what else the signal said."""
    rule: str
    message: Told
    limit: str | None = None
    value: str | None = None
    decided_at: datetime
    correlation_id: str


class IncidentReported(Fact):
    """Something an operator should read (key: incident_key)."""

    kind: Literal["incident"] = "incident"
    incident_key: str
    severity: Literal["info", "warning", "error", "critical"]
    error_class: str
    message: Told
    details: dict[str, Any] = Field(default_factory=dict)
    at: datetime
    category: str | None = None
    """Name of an `ErrorClass`; None for what is no error."""


class FeedFinished(Fact):
    """A finite feed came to its end; the bot has finished."""

    kind: Literal["finished"] = "finished"
    last_bar_at: datetime | None


AnyFact = Annotated[
    OrderChanged
    | FillReported
    | TradeChanged
    | PositionChanged
    | AccountChanged
    | MetricsComputed
    | EntryDenied
    | IncidentReported
    | FeedFinished,
    Field(discriminator="kind"),
]


class Checkpoint(Fact):
    """The worker's state after a bar: enough for the next life to go on as if nothing had happened.

    `revision` grows by one with each checkpoint of a bot, across lives and journals, so that the newer of
    two is always known. `state` is the worker's own; the supervisor only stores it.
    """

    revision: int
    bar_at: datetime | None
    """Market time of the last bar whose decisions are recorded; None before the first."""
    state: dict[str, JsonValue]


class Entry(Fact):
    """One journal entry: the facts of a moment and the state after them, recorded together or not at all.

    (journal_id, seq) is its idempotency key; seq counts up without gaps within a journal.
    """

    journal_id: str
    seq: int
    incarnation: int
    facts: tuple[AnyFact, ...] = ()
    checkpoint: Checkpoint | None = None
