"""The desk: turns what a strategy asks for into sized, checked and recorded orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from loguru import logger

from common.error_class import ErrorClass, classify
from common.errors import BotvisorError
from common.identity import mint_client_order_id
from common.spec import BotSpec
from common.trading.money import decimal_of
from common.trading.order import Order, OrderType
from common.wire.facts import EntryDenied, IncidentReported
from common.wire.ticket import Ticket
from worker.book.book import Book
from worker.feeds.bar import Bar
from worker.risk.limits import Denial, EntrySituation, check_entry, check_quantity
from worker.risk.sizing import entry_fraction, entry_quantity
from worker.strategies.contract import OpenPosition

_FAILURES_A_REPORT = 100
"""A rule that fails on every bar is reported each so many times."""


def minting(ticket: Ticket) -> Callable[[], str]:
    """A source of this life's client order ids: 1, 2, 3 ... after the incarnation."""
    bot_id, count = ticket.row.bot_id, 0

    def mint() -> str:
        nonlocal count
        count += 1
        return mint_client_order_id(ticket.install_tag, bot_id, ticket.incarnation, count)

    return mint


class TradingDesk:
    """One bot's desk. Orders made here are sent only after their intent is recorded."""

    def __init__(self, spec: BotSpec, book: Book, mint: Callable[[], str]) -> None:
        self._spec = spec
        self._book = book
        self._mint = mint
        self._bar: Bar | None = None
        self._intents: list[Order] = []
        self._view: OpenPosition | None = None
        self._viewed: tuple[str, Decimal] | None = None
        self.paused = False
        self.may_evaluate = False
        self.deciding = False
        """Whether `on_bar` is running: the only time a strategy may ask for anything."""
        self._failures: Counter[str] = Counter()
        self.dropped: list[str] = []
        """Client order ids of entries that `leave` cancelled and the venue must forget."""

    @property
    def bar(self) -> Bar:
        """The current bar. Raises BotvisorError before the first."""
        if self._bar is None:
            raise BotvisorError("the desk has seen no bar yet; ask it from on_bar on")
        return self._bar

    @property
    def bar_number(self) -> int:
        """Row index of the current bar in the data, from 0."""
        return self.bar.index

    @property
    def bar_time(self) -> datetime:
        """Timestamp of the current bar as in the data, aware UTC."""
        return self.bar.opened_at

    @property
    def position(self) -> OpenPosition | None:
        """The open position as a strategy sees it."""
        trade = self._book.trade
        if trade is None:
            return None
        key = trade.key, trade.open_quantity
        if self._view is None or self._viewed != key:
            self._viewed = key
            self._view = OpenPosition(
                direction="long",
                size=trade.open_quantity,
                entry_price=trade.entry_price,
                entry_time=trade.entry_time,
                entry_bar=trade.entry_bar,
            )
        return self._view

    @property
    def pending(self) -> bool:
        """Whether an order waits for its fill."""
        return bool(self._book.orders)

    def turn_to(self, bar: Bar, may_evaluate: bool) -> None:
        """A new bar begins."""
        self._bar = bar
        self.may_evaluate = may_evaluate

    def mark(self) -> None:
        """The engine marks each close itself, before the strategy decides."""

    def enter(self, reason: str, *, confidence: float = 1.0, risk_multiplier: float = 1.0) -> bool:
        """Ask for a long entry; False when it was refused, which is recorded."""
        self._must_be_deciding("enter")
        correlation = self._mint()
        close = decimal_of(self.bar.close)
        outcome = self._sized(close, confidence, risk_multiplier)
        log = logger.bind(correlation_id=correlation)
        if isinstance(outcome, Denial):
            log.info("entry refused by {} at {}: {}", outcome.rule, self.bar.opened_at, outcome.message)
            self._book.deny(self._denied(outcome, correlation))
            return False
        limited = self._spec.trading.order_type == "limit"
        order = Order(
            client_order_id=correlation,
            symbol=self._spec.symbol,
            side="buy",
            order_type="limit" if limited else "market",
            purpose="entry",
            quantity=outcome,
            created_at=self.bar.opened_at,
            updated_at=self.bar.opened_at,
            reason=reason,
            correlation_id=correlation,
            limit_price=close if limited else None,
        )
        log.debug("entry of {} at {}: {}", outcome, self.bar.opened_at, reason)
        self._intend(order)
        return True

    def leave(self, reason: str) -> None:
        """Ask to close the whole position at the market."""
        self._must_be_deciding("leave")
        if self._book.trade is None or self.leaving:
            return
        self.drop_entries("the position is being left")
        order = self.exit_order(reason, "market")
        logger.bind(correlation_id=order.correlation_id).debug("exit at {}: {}", self.bar.opened_at, reason)
        self._intend(order)

    @property
    def leaving(self) -> bool:
        """Whether an exit is under way."""
        return any(order.purpose == "exit" for order in self._book.orders.values())

    def exit_order(self, reason: str, order_type: OrderType, level: Decimal | None = None) -> Order:
        """An order that closes what is held now, decided on the current bar."""
        trade = self._book.trade
        if trade is None:
            raise BotvisorError(f"nothing is held; an exit ({reason}) needs a position")
        correlation = self._mint()
        return Order(
            client_order_id=correlation,
            symbol=self._spec.symbol,
            side="sell",
            order_type=order_type,
            purpose="exit",
            quantity=trade.open_quantity,
            created_at=self.bar.opened_at,
            updated_at=self.bar.opened_at,
            reason=reason,
            correlation_id=correlation,
            parent_id=trade.notes.get("entry_order"),
            limit_price=level if order_type == "take_profit" else None,
            stop_price=level if order_type == "stop" else None,
        )

    def drop_entries(self, why: str) -> None:
        """Cancel entries that are not filled (any further)."""
        for order in list(self._book.orders.values()):
            if order.purpose == "entry":
                self._book.move(order.client_order_id, "cancelled", self.bar.opened_at, why)
                self.dropped.append(order.client_order_id)

    def report_failure(self, where: str, error: Exception) -> None:
        """A rule failed on this bar: the first time and each _FAILURES_A_REPORT'th an operator shall read of it."""
        self._failures[where] += 1
        count = self._failures[where]
        if count != 1 and count % _FAILURES_A_REPORT:
            return
        kind = type(error).__name__
        times = "" if count == 1 else f"; {count} times in this life"
        self._book.report(
            IncidentReported(
                incident_key=f"rule/{where}/{self.bar.opened_at.isoformat()}",
                severity="error",
                error_class=kind,
                message=f"{where} failed at bar {self.bar.index} and counts as no: {kind}: {error}{times}",
                details={"count": count},
                at=self.bar.opened_at,
                category=str(classify(error, ErrorClass.STRATEGY)),
            )
        )

    def take_intents(self) -> list[Order]:
        """Orders to be sent now that their intent is recorded."""
        intents, self._intents = self._intents, []
        return intents

    def _sized(self, close: Decimal, confidence: float, risk_multiplier: float) -> Decimal | Denial:
        """The quantity to order, or why there is none."""
        spec, book = self._spec, self._book
        denial = check_entry(spec.risk, spec.trading, self._situation())
        if denial is not None:
            return denial
        try:
            fraction = entry_fraction(spec.strategy, confidence, risk_multiplier)
        except ValueError as error:
            message = f"confidence {confidence!r} × multiplier {risk_multiplier!r} is no size: {error}"
            return Denial(rule="signal", message=message)
        quantity = entry_quantity(spec.strategy, spec.risk, book.cash, close, fraction)
        return check_quantity(spec.strategy, quantity, close) or quantity

    def _situation(self) -> EntrySituation:
        book, at = self._book, self.bar.opened_at
        return EntrySituation(
            paused=self.paused,
            busy=book.trade is not None or bool(book.orders),
            entries_today=book.day.entries_on(at),
            net_today=book.day.net_on(at),
            equity=book.curve.equity,
            peak=book.curve.peak,
        )

    def _denied(self, denial: Denial, correlation: str) -> EntryDenied:
        return EntryDenied(
            denial_key=correlation,
            symbol=self._spec.symbol,
            side="buy",
            rule=denial.rule,
            message=denial.message,
            limit=denial.limit,
            value=denial.value,
            decided_at=self.bar.opened_at,
            correlation_id=correlation,
        )

    def _intend(self, order: Order) -> None:
        self._book.intend(order)
        self._intents.append(order)

    def _must_be_deciding(self, what: str) -> None:
        if not self.deciding:
            raise BotvisorError(f"desk.{what} was called outside on_bar; a bar is decided at its close, in on_bar")
