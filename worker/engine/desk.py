"""The desk: turns a strategy's signals into checked, sized and recorded orders, or into recorded refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from common.errors import BotvisorError
from common.spec import BotSpec
from common.trading.money import decimal_of
from common.trading.order import Order, OrderType, Purpose, Side
from common.trading.signal import Signal
from common.wire.facts import EntryDenied
from worker.book.book import Book
from worker.engine import stages
from worker.engine.failures import FailureCount
from worker.feeds.bar import Bar
from worker.risk.decision import decide_entry
from worker.risk.denial import Denial
from worker.risk.instrument import Instrument
from worker.risk.limits import EntrySituation
from worker.risk.signal_check import SoundSignal, Surroundings, check_signal, side_text
from worker.risk.signal_memory import SignalMemory
from worker.strategies.contract import OpenPosition


class TradingDesk:
    """One bot's desk. Orders made here are sent only after their intent is recorded."""

    def __init__(
        self,
        spec: BotSpec,
        book: Book,
        mint: Callable[[], str],
        signal_ids: Iterable[str] = (),
        *,
        instrument: Instrument | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """`signal_ids`: of signals that earlier lives followed. `instrument`, `now` (wall time): of a live market."""
        self._spec = spec
        self._book = book
        self._mint = mint
        self._memory = SignalMemory(signal_ids)
        self._instrument = instrument
        self._now = now
        self.blocked: Callable[[], str | None] = lambda: None
        """Why nothing may be bought at this moment beside the limits."""
        self._bar: Bar | None = None
        self._intents: list[Order] = []
        self._view: OpenPosition | None = None
        self._viewed: tuple[str, Decimal] | None = None
        self.paused = False
        self.may_evaluate = False
        self.deciding = False
        """Whether `on_bar` is running: the only time a strategy may ask for anything."""
        self._failures = FailureCount()
        self.dropped: list[str] = []
        """Client order ids of entries that the venue must forget."""

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
    def moment(self) -> datetime:
        """When what happens now happens: the clock's time in a live market, else the timestamp of the bar."""
        return self.bar.opened_at if self._now is None else self._now()

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
        """Whether an order waits for its fill; one that only protects the position does not count."""
        return any(order.purpose != "protective" for order in self._book.orders.values())

    def turn_to(self, bar: Bar, may_evaluate: bool) -> None:
        """A new bar begins."""
        self._bar = bar
        self.may_evaluate = may_evaluate

    def mark(self) -> None:
        """The engine marks each close itself, before the strategy decides."""

    def signal(self, signal: Signal) -> bool:
        """Check it, ask the limits, decide; False when it was refused, which is recorded."""
        self._must_be_deciding("signal")
        if not isinstance(signal, Signal):
            raise BotvisorError(f"desk.signal was given {signal!r}; it takes a worker.strategies.contract.Signal")
        key = self._mint()
        correlation = self._correlation(key, signal)
        stages.signal_made(correlation, signal, self.bar.opened_at)
        self._memory.turn_to(self.bar.index)
        sound = check_signal(signal, self._surroundings(), self._memory)
        if isinstance(sound, Denial):
            return self._refuse(key, correlation, signal, sound)
        self._memory.add(sound.side, sound.signal_id)
        stages.signal_validated(correlation, sound)
        if sound.side == "sell":
            self._exit(key, correlation, sound)
            return True
        return self._enter(key, signal, sound)

    def enter(self, reason: str, *, confidence: float = 1.0, risk_multiplier: float = 1.0) -> bool:
        """Signal a purchase at this close; False when it was refused, which is recorded."""
        self._must_be_deciding("enter")
        return self.signal(self._at_close("buy", reason, confidence, risk_multiplier))

    def leave(self, reason: str) -> None:
        """Signal the sale of the whole position at this close."""
        self._must_be_deciding("leave")
        if self._book.trade is not None and not self.leaving:
            self.signal(self._at_close("sell", reason or "signal"))

    @property
    def leaving(self) -> bool:
        """Whether an exit is under way."""
        return any(order.purpose == "exit" for order in self._book.orders.values())

    def exit_order(
        self,
        reason: str,
        order_type: OrderType,
        level: Decimal | None = None,
        key: str | None = None,
        purpose: Purpose = "exit",
    ) -> Order:
        """An order that closes what is held now, decided on the current bar; `key` is its id if it has one already."""
        trade = self._book.trade
        if trade is None:
            raise BotvisorError(f"nothing is held; an exit ({reason}) needs a position")
        key, at, held = key or self._mint(), self.moment, trade.open_quantity
        return Order(
            client_order_id=key,
            symbol=self._spec.symbol,
            side="sell",
            order_type=order_type,
            purpose=purpose,
            quantity=held if self._instrument is None else self._instrument.amount(held),
            created_at=at,
            updated_at=at,
            reason=reason,
            correlation_id=trade.correlation_id or key,
            parent_id=trade.notes.get("entry_order"),
            limit_price=level if order_type == "take_profit" else None,
            stop_price=level if order_type == "stop" else None,
        )

    def drop_entries(self, why: str) -> None:
        """Cancel entries that are not filled (any further); a live market has yet to confirm it."""
        for order in list(self._book.orders.values()):
            if order.purpose == "entry":
                if self._now is None:
                    self._book.move(order.client_order_id, "cancelled", self.bar.opened_at, why)
                self.dropped.append(order.client_order_id)

    def report_failure(self, where: str, error: Exception) -> None:
        """A rule failed on this bar: the first time and now and then an operator shall read of it."""
        report = self._failures.report(where, error, self.bar)
        if report is not None:
            self._book.report(report)

    def take_intents(self) -> list[Order]:
        """Orders to be sent now that their intent is recorded."""
        intents, self._intents = self._intents, []
        return intents

    @property
    def signal_ids(self) -> list[str]:
        """Ids of signals that must not be followed again, for the next life."""
        return self._memory.ids()

    def _enter(self, key: str, signal: Signal, sound: SoundSignal) -> bool:
        spec, at, now = self._spec, self.moment, self._situation()
        outcome = decide_entry(spec, sound, now, self._book.cash, decimal_of(self.bar.close), self._instrument)
        if isinstance(outcome, Denial):
            return self._refuse(key, key, signal, outcome)
        stages.limits_passed(key, now)
        order = Order(
            client_order_id=key,
            symbol=spec.symbol,
            side="buy",
            order_type="market" if outcome.limit_price is None else "limit",
            purpose="entry",
            quantity=outcome.quantity,
            created_at=at,
            updated_at=at,
            reason=sound.reason,
            correlation_id=key,
            limit_price=outcome.limit_price,
        )
        stages.entry_decided(key, outcome, at, sound.reason)
        self.intend(order)
        return True

    def _exit(self, key: str, correlation: str, sound: SoundSignal) -> None:
        stages.limits_passed(correlation, None)
        self.drop_entries("the position is being left")
        order = self.exit_order(sound.reason, "market", key=key)
        stages.exit_decided(correlation, order.quantity, self.bar.opened_at, sound.reason)
        self.intend(order)

    def _refuse(self, key: str, correlation: str, signal: Signal, denial: Denial) -> bool:
        side = side_text(signal.side)
        stages.refused(correlation, "exit" if side == "sell" else "entry", denial, self.bar.opened_at)
        self._book.deny(
            EntryDenied(
                denial_key=key,
                symbol=self._spec.symbol,
                side=side,
                rule=denial.rule,
                message=denial.message,
                limit=denial.limit,
                value=denial.value,
                decided_at=self.moment,
                correlation_id=correlation,
            )
        )
        return False

    def _correlation(self, key: str, signal: Signal) -> str:
        """A sale belongs to the trade it ends: one id leads from the entry's signal to the result."""
        trade = self._book.trade
        sells = trade is not None and side_text(signal.side) == "sell"
        return (trade.correlation_id if sells and trade is not None else None) or key

    def _at_close(self, side: Side, reason: str, confidence: float = 1.0, risk_multiplier: float = 1.0) -> Signal:
        bar = self.bar
        return Signal(
            side=side,
            symbol=self._spec.symbol,
            price=bar.close,
            time=bar.opened_at,
            reason=reason,
            confidence=confidence,
            risk_multiplier=risk_multiplier,
        )

    def _surroundings(self) -> Surroundings:
        bar, trade = self.bar, self._book.trade
        return Surroundings(
            symbol=self._spec.symbol,
            opened_at=bar.opened_at,
            closed_at=bar.closed_at,
            close=decimal_of(bar.close),
            held=Decimal(0) if trade is None else trade.open_quantity,
            leaving=self.leaving,
        )

    def _situation(self) -> EntrySituation:
        book, at = self._book, self.moment
        return EntrySituation(
            paused=self.paused,
            busy=book.trade is not None or bool(book.orders),
            entries_today=book.day.entries_on(at),
            net_today=book.day.net_on(at),
            equity=book.curve.equity,
            peak=book.curve.peak,
            blocked=self.blocked(),
        )

    def intend(self, order: Order) -> None:
        """Write `order` down; it is sent once that is recorded."""
        self._book.intend(order)
        self._intents.append(order)

    def _must_be_deciding(self, what: str) -> None:
        if not self.deciding:
            raise BotvisorError(f"desk.{what} was called outside on_bar; a bar is decided at its close, in on_bar")
