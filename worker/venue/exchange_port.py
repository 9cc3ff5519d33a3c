"""The port to an exchange: one account, one instrument, seen from one event loop.

What stands behind it is a real exchange through its client library, or an account in memory with live prices.
Everything is absolute and repeatable: reports carry the whole state of an order, executions their own id, so hearing
a thing twice or in another order changes nothing. All methods belong to the loop that called `open`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from common.errors import BotvisorError
from common.spec.model import MarginMode
from common.trading.order import Order, Side

InstrumentKind = Literal["spot", "linear"]
ReportStatus = Literal["open", "filled", "cancelled", "rejected", "expired"]


class ExchangeError(BotvisorError):
    """The exchange was asked something and did not answer it; reads may be repeated."""


class ExchangeUnavailable(ExchangeError):
    """Not reached in time, overloaded, or in maintenance."""


class ExchangeRateLimitError(ExchangeError):
    """It asks for fewer calls; `retry_after` in seconds when it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ExchangeAuthenticationError(ExchangeError):
    """The credentials are wrong or lack a right; repeating does not help."""


class ExchangeRefusal(ExchangeError):
    """It understood and refused; repeating does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One instrument and the rules of its exchange. Amounts in units of `base`, prices and costs in `quote`."""

    symbol: str
    """As the exchange's client library spells it (BTC/USDT, BTC/USDT:USDT)."""
    base: str
    quote: str
    kind: InstrumentKind
    amount_step: Decimal
    """Smallest difference of two quantities."""
    price_step: Decimal
    """Smallest difference of two prices."""
    min_amount: Decimal = Decimal(0)
    max_amount: Decimal | None = None
    min_cost: Decimal = Decimal(0)
    """Least quantity × price of an order."""
    maker_rate: Decimal = Decimal("0.001")
    taker_rate: Decimal = Decimal("0.001")
    """Fees as fractions of the notional."""
    contract_size: Decimal = Decimal(1)
    """Units of `base` in one unit of the exchange's quantities; quantities here are of `base` everywhere."""
    keeps_stops: bool = False
    """Whether a stop order can rest at the exchange."""
    finds_by_client_id: bool = False
    """Whether an order that was never acknowledged can be looked up by our own id, or by a list that carries it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginTerms:
    """How a perpetual is to be held."""

    leverage: Decimal = Decimal(1)
    """What a position's worth is divided by for the money set aside for it."""
    margin_mode: MarginMode | None = None
    """`cross`: all money of the account answers for it, `isolated`: its margin alone; None: as the account has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One candle as the exchange tells it, finished or still moving."""

    opened_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The market's present price. Bid and ask are the last price where the exchange names none."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    at: datetime
    """The exchange's time, aware UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the account holds, by currency."""

    free: Mapping[str, Decimal]
    total: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """The state of one order at the exchange."""

    exchange_order_id: str
    client_order_id: str | None
    """As we minted it (prefixes of the exchange taken off); None when the exchange does not tell."""
    status: ReportStatus
    side: Side
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None
    at: datetime
    """Of its last change, else of its creation; the exchange's clock."""
    price: Decimal | None = None
    stop_price: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill at the exchange."""

    execution_id: str
    """Unique for the account and instrument."""
    exchange_order_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str | None
    """None: no fee was told."""
    at: datetime
    client_order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The exchange has the order."""

    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The exchange certainly does not have the order."""

    reason: str
    error_class: str
    """Name of an `ErrorClass`."""
    retry_after: float | None = None
    """Seconds during which nothing should be asked, when the refusal was about the number of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """The exchange may or may not have the order; only asking it can tell."""

    reason: str


Submission = Accepted | Refused | Doubtful
Cancellation = Literal["cancelled", "gone", "doubtful"]
"""`gone`: the exchange has no such open order (filled, cancelled before, never seen); `doubtful`: no usable answer."""


class Exchange(Protocol):
    """One account at one exchange, bound to one instrument."""

    async def open(self) -> None:
        """Connect: markets, clock difference, credentials (when there are any) are checked.

        Raises ExchangeAuthenticationError, ConfigurationError (unknown exchange, symbol, interval) or an ExchangeError
        that time may mend.
        """

    async def close(self) -> None:
        """Let orders under way be answered (bounded), then disconnect."""

    @property
    def market(self) -> Market:
        """The instrument; known after `open`."""

    @property
    def clock_offset(self) -> timedelta:
        """Exchange's clock minus ours."""

    @property
    def acceptance_window(self) -> timedelta:
        """How long after it was sent a signed request may still be accepted, clock difference and a margin included."""

    async def candles(self, interval: str, since: datetime, limit: int) -> Sequence[Candle]:
        """Candles that open at or after `since`, oldest first, at most `limit`; the last may be unfinished."""

    async def next_candles(self, interval: str) -> Sequence[Candle]:
        """Wait for news of candles over the stream, or ask again after a fitting pause where there is none."""

    async def quote(self) -> Quote:
        """The present price, asked for."""

    async def next_quote(self) -> Quote:
        """Wait for a change of the price over the stream, or ask again after a fitting pause."""

    async def balance(self) -> Balance:
        """What the account holds."""

    async def holding(self) -> Decimal:
        """What the account holds of the instrument, in units of its base, free or not; a short position is negative.

        Raises ExchangeError.
        """

    async def agree(self) -> str | None:
        """Have the account hold the instrument as the bot is to: for a perpetual one-way, margin mode and leverage.

        What stands against it; None: nothing does. Raises ExchangeError.
        """

    async def submit(self, order: Order) -> Submission:
        """Send `order` once, never twice, whatever happens. Never raises but for cancellation of the task."""

    async def cancel(self, order: Order) -> Cancellation:
        """Take `order` back. Never raises but for cancellation of the task."""

    async def order(self, order: Order) -> OrderReport | None:
        """The order by the exchange's id when `order` knows it, else by ours; None: the exchange says there is none.

        Raises ExchangeError when the exchange did not answer.
        """

    async def open_orders(self) -> Sequence[OrderReport]:
        """Every open order of the account in this instrument, also of others. Raises ExchangeError."""

    async def executions(self, since: datetime, exchange_order_id: str | None = None) -> Sequence[Execution]:
        """Fills of the account in this instrument since then, oldest first; of one order when named.

        Raises ExchangeError.
        """

    def claim(self, exchange_order_id: str, client_order_id: str) -> bool:
        """Say that an order is ours; False when another bot of this host has said so of its own.

        Kept only where an order cannot be found by our id.
        """

    def claimed_by_others(self, client_order_id: str) -> Collection[str]:
        """The exchange's ids of orders that others than this one have claimed."""

    async def next_order_news(self) -> Sequence[OrderReport]:
        """Wait for changes of own orders over the stream, or ask after a fitting pause.

        News may be missed and may come twice.
        """
