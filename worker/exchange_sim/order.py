"""Orders and their fills, as the exchange keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from worker.exchange_sim.account import Account

STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", *STOPS)
PRICED = ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_OPEN = ("NEW", "PARTIALLY_FILLED")


@dataclass(frozen=True, slots=True)
class SimFill:
    """One execution."""

    trade_id: int
    at: int
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    maker: bool
    profit: Decimal = Decimal(0)
    """In quote currency, of what it closed of a perpetual position."""

    @property
    def cost(self) -> Decimal:
        """In quote currency, without commission."""
        return self.price * self.quantity


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """One order. Amounts in base currency, prices in quote currency, times in ms since the epoch."""

    order_id: int
    account: Account
    symbol: str
    """Market id."""
    client_id: str
    side: str
    kind: str
    """The exchange's order type."""
    time_in_force: str
    quantity: Decimal
    price: Decimal
    """0 without a limit."""
    stop_price: Decimal
    """0 without a trigger."""
    quote_quantity: Decimal
    """Quote currency to spend, of market orders placed so; else 0."""
    created: int
    updated: int
    working: bool
    """False while a stop waits for its trigger."""
    status: str = "NEW"
    locked_asset: str = ""
    locked: Decimal = Decimal(0)
    fills: list[SimFill] = field(default_factory=list)
    portion: Decimal | None = None
    """A fault: most that is filled at a time."""
    expire_rest: bool = False
    """A fault: what is not filled at once expires."""
    silent: bool = False
    """A fault: the user stream never tells of it."""
    forgotten: bool = False
    """A fault: the exchange answers as if it had never been."""
    vanishes_at: int | None = None
    """A fault: when it is gone from the book, and nobody is told."""
    vanishes_without_trace: bool = False
    reduce_only: bool = False
    """Of perpetuals: it may close a position and never open one."""
    cancel_client_id: str | None = None

    @property
    def executed(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), Decimal(0))

    @property
    def cost(self) -> Decimal:
        """In quote currency, without commission."""
        return sum((fill.cost for fill in self.fills), Decimal(0))

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def is_open(self) -> bool:
        return self.status in _OPEN

    @property
    def is_buy(self) -> bool:
        return self.side == "BUY"

    @property
    def has_limit(self) -> bool:
        return self.kind in PRICED
