"""Trading on a market that does not wait: orders are answered between bars, levels are met by prices.

A position is left in steps, each recorded before the next: whatever else rests in the market is taken back first, and
only when the venue has confirmed that is the rest of the position sold. So nothing is ever sold twice. Orders go out
after their intent is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from loguru import logger

from common.clock import Clock
from common.trading.money import decimal_of
from common.trading.order import Order
from common.wire.facts import IncidentReported
from common.wire.latency import Latencies
from worker.engine.protection import Guard, guard_of, still_fits
from worker.engine.session import Session
from worker.engine.write_off import write_off
from worker.feeds.bar import Bar
from worker.feeds.bar_grid import BarGrid
from worker.risk.instrument import Instrument
from worker.venue.port import Ended, Executed, Venue, VenueEvent

_SETTLE_SHARE = 0.6
"""Part of its grace that a life waits for the venue's answers before it leaves the rest to the next one."""
_SHORTEST_REST, _LONGEST_REST = 1.0, 60.0
"""Seconds between an exit or a stop that the venue refused and the next try; doubled each time."""
_WAIT = 0.5
_UNANSWERED = frozenset({"intended", "submitted", "unknown"})


class LiveMarket(Venue, Protocol):
    """A venue in a market that moves by itself."""

    @property
    def keeps_stops(self) -> bool:
        """Whether a stop order can rest there."""

    @property
    def last_price(self) -> Decimal | None:
        """What the instrument could be sold at now; None before the first quote."""

    @property
    def latencies(self) -> Latencies:
        """How long the orders of this life took."""

    def arm(self, low: Decimal | None, high: Decimal | None) -> None:
        """Wake the loop when the price falls to `low` or rises to `high`; replaces the levels before."""

    def hold(self, quantity: Decimal) -> None:
        """What the book holds now, for the examination of the account."""

    def findings(self) -> list[IncidentReported]:
        """What the examination of the account has found since the last call."""


class LiveSession(Session):
    """A session whose venue answers in its own time."""

    _venue: LiveMarket
    _instrument: Instrument
    _clock: Clock
    _wait: Callable[[float], None]
    _durable: bool
    _settle_seconds: float
    _grid: BarGrid

    def equip(
        self,
        instrument: Instrument,
        clock: Clock,
        wait: Callable[[float], None],
        *,
        durable: bool,
        settle_grace: float,
    ) -> None:
        """`wait` returns when the venue has news or after that many seconds; `durable`: real money is at stake.

        `settle_grace`: seconds from the stop of the bot until this life is ended.
        """
        self._instrument = instrument
        self._clock = clock
        self._wait = wait
        self._durable = durable
        self._settle_seconds = _SETTLE_SHARE * settle_grace
        self._grid = BarGrid(self._spec.data.bar_interval)
        self._held: list[str] = []
        self._next_try = 0.0
        self._rest = _SHORTEST_REST
        self._asked_back: set[str] = set()
        self._write_off_at: Decimal | None = None

    def write_off(self, price: Decimal) -> None:
        """See `Session.write_off`."""
        self._write_off_at = price

    def pump(self) -> None:
        """Take in what the venue has to say and do what follows from it; called in each round of the loop."""
        news = False
        for event in self._venue.news():
            news = True
            self._flow.take(event, self._desk.moment, self._bar_of(event))
            self._note(event)
        for finding in self._venue.findings():
            self._book.report(finding)
        if self._book.has_news:
            self._record(self._book.collect(self._desk.moment), durable=self._durable)
        self._advance()
        self._venue.hold(Decimal(0) if self._book.trade is None else self._book.trade.open_quantity)
        if news:
            self._show()

    def report(self) -> None:
        """Acceptances come as news."""

    def open_bar(self, bar: Bar) -> None:
        """As ever; of bars that nobody saw because the bot was away the highs count for a trailing stop."""
        super().open_bar(bar)
        trade, seen = self._book.trade, self._recorder.bar_index
        if not self._desk.may_evaluate and trade is not None and seen is not None and bar.index > seen:
            self._book.saw_high(decimal_of(bar.high))

    def stop(self, apply_policy: bool) -> bool:
        """This life ends; with `apply_policy` the bot was stopped for good. Waits, bounded, for what that takes."""
        self.pump()
        settled = not apply_policy or self._apply_policy()
        self._venue.arm(None, None)
        self._record(self._book.collect(self._desk.moment), deliver=True, durable=self._durable)
        return settled

    def _apply_policy(self) -> bool:
        policy = self._spec.trading.on_stop
        if policy != "keep":
            self._desk.drop_entries("the bot was stopped")
            self._take_back()
        if self._settle(closing=policy == "close_position", keeping=policy == "keep"):
            return True
        owing = self._is_owed(keeping=policy == "keep")
        self._report_unsettled(owing=owing)
        return not owing

    def _meet(self, bar: Bar) -> None:
        self.pump()
        self._book.saw_high(decimal_of(bar.high))

    def _show(self) -> None:
        super()._show()
        self._progress.order_latencies = self._venue.latencies
        unknown = [order for order in self._book.orders.values() if order.status == "unknown"]
        if unknown:
            first, held = unknown[0], self._progress.position or "flat"
            self._progress.position = f"{held}; outcome of {first.side} order {first.client_order_id} unknown"

    def _end_bar(self, bar: Bar) -> None:
        super()._end_bar(bar)
        self._advance()

    def _send_intents(self) -> None:
        for order in self._desk.take_intents():
            if order.purpose == "exit" and self._others(order):
                self._held.append(order.client_order_id)
            else:
                self._flow.send(order)

    def _advance(self) -> None:
        """Take the next step of whatever is under way; nothing when all is as it should be."""
        self._take_back()
        if self._write_off_at is not None:
            self._close_in_the_books(self._write_off_at)
            return
        self._send_held()
        trade = self._book.trade
        if trade is None or self._desk.leaving:
            self._recall_protection(leaving=trade is not None)
            self._venue.arm(None, None)
            return
        guard = guard_of(self._spec.risk, trade)
        protected = self._protect(guard, trade.open_quantity)
        self._watch(guard, protected)

    def _close_in_the_books(self, price: Decimal) -> None:
        """When nothing of the trade rests or is under way any more, book an exit that no venue has seen."""
        trade = self._book.trade
        if trade is None:
            self._write_off_at = None
            logger.warning("told to write the position off; nothing is held")
            return
        for client_order_id in self._held:  # not sent yet
            self._book.move(client_order_id, "cancelled", self._desk.moment, "the position is written off")
        self._held.clear()
        for order in list(self._book.orders.values()):
            if order.purpose != "exit":
                self._recall(order.client_order_id)
        if self._book.orders:
            return
        self._write_off_at = None
        exit_order = replace(self._desk.exit_order("written_off", "market"), quantity=trade.open_quantity)
        booked = write_off(exit_order, price, self._desk.moment)
        logger.warning("{}", booked.incident.message)
        self._book.report(booked.incident)
        self._book.intend(booked.order)
        self._book.pass_on(booked.order.client_order_id, "submitted", "accepted")
        self._flow.take(booked.executed, self._desk.moment, self._bar_of(booked.executed))
        self._record(self._book.collect(self._desk.moment), durable=self._durable)

    def _take_back(self) -> None:
        """Ask the venue once for each order that is to be cancelled."""
        for client_order_id in self._desk.dropped:
            self._recall(client_order_id)
        self._desk.dropped.clear()

    def _recall(self, client_order_id: str) -> None:
        if client_order_id in self._book.orders and client_order_id not in self._asked_back:
            self._asked_back.add(client_order_id)
            self._venue.cancel(client_order_id)

    def _recall_protection(self, *, leaving: bool) -> None:
        if leaving and not self._held:
            return
        for order in list(self._book.orders.values()):
            if order.purpose == "protective":
                self._recall(order.client_order_id)

    def _send_held(self) -> None:
        """Exits go out when nothing else of the position rests in the market, for what is then still held."""
        for client_order_id in list(self._held):
            order = self._book.orders[client_order_id]
            if self._others(order):
                self._desk.drop_entries("the position is being left")
                self._take_back()
                continue
            self._held.remove(client_order_id)
            trade = self._book.trade
            quantity = Decimal(0) if trade is None else self._instrument.amount(trade.open_quantity)
            if quantity <= 0:
                self._book.move(client_order_id, "cancelled", self._desk.moment, "the position is closed already")
            elif quantity < order.quantity:
                self._book.cut(client_order_id, quantity)
            self._record(self._book.collect(self._desk.moment), durable=self._durable)
            if quantity > 0:
                self._flow.send(self._book.orders[client_order_id])

    def _others(self, order: Order) -> bool:
        return any(other is not order and other.purpose != "exit" for other in self._book.orders.values())

    def _protect(self, guard: Guard, held: Decimal) -> bool:
        """See to the stop at the venue; whether one rests there at the right level."""
        resting = next((order for order in self._book.orders.values() if order.purpose == "protective"), None)
        if resting is not None:
            if resting.status in ("accepted", "partially_filled") and not still_fits(
                resting, guard, held, self._instrument
            ):
                self._recall(resting.client_order_id)
            return resting.status in ("accepted", "partially_filled")
        if guard.stop is None or not self._venue.keeps_stops or self._desk.pending or not self._may_try():
            return False
        if self._instrument.too_little(held, guard.stop):
            return False
        level = self._instrument.price(guard.stop)
        order = self._desk.exit_order(guard.stop_reason, "stop", level, purpose="protective")
        self._intend(order)
        return False

    def _watch(self, guard: Guard, protected: bool) -> None:
        """Levels that nothing at the venue keeps are watched here, and acted upon when the price is there."""
        stop = None if protected else guard.stop
        self._venue.arm(stop, guard.target)
        price = self._venue.last_price
        if price is None or not self._may_try():
            return
        if stop is not None and price <= stop:
            self._leave(guard.stop_reason)
        elif guard.target is not None and price >= guard.target:
            self._leave("take_profit")

    def _is_owed(self, *, keeping: bool) -> bool:
        """Whether the venue has still to tell what became of an order; when `keeping`, resting is answer enough."""
        if not keeping:
            return self._desk.pending
        orders = self._book.orders.values()
        return any(order.status in _UNANSWERED or order.order_type == "market" for order in orders)

    def _leave(self, reason: str) -> None:
        """Sell what is held, at the market, whatever rests there first taken back."""
        trade, price = self._book.trade, self._venue.last_price
        if trade is None:
            return
        if self._instrument.amount(trade.open_quantity) <= 0 or (
            price is not None and self._instrument.too_little(trade.open_quantity, price)
        ):
            self._rest_now()
            logger.warning("{} of {} is too little to be sold; it stays", trade.open_quantity, self._spec.symbol)
            return
        self._desk.drop_entries("the position is being left")
        self._intend(self._desk.exit_order(reason, "market"))
        self._recall_protection(leaving=True)

    def _intend(self, order: Order) -> None:
        self._desk.intend(order)
        self._record(self._book.collect(self._desk.moment), durable=self._durable)
        self._send_intents()
        self._take_back()

    def _note(self, event: VenueEvent) -> None:
        """After a refusal of what should have sold the position, the next try waits, longer each time."""
        if isinstance(event, Executed):
            self._rest, self._next_try = _SHORTEST_REST, 0.0
        if not isinstance(event, Ended):
            return
        self._asked_back.discard(event.client_order_id)
        if event.status == "rejected" and self._book.trade is not None:
            self._rest_now()

    def _rest_now(self) -> None:
        self._next_try = self._clock.monotonic() + self._rest
        self._rest = min(self._rest * 2, _LONGEST_REST)

    def _may_try(self) -> bool:
        return self._clock.monotonic() >= self._next_try

    def _settle(self, *, closing: bool, keeping: bool) -> bool:
        """Wait until no entry or exit is under way and, when `closing`, what can be sold is sold.

        When `keeping`, until every order is answered. False when the time allowed is over before.
        """
        give_up_at = self._clock.monotonic() + self._settle_seconds
        while True:
            if closing and self._can_be_sold() and not self._desk.leaving and self._may_try():
                self._leave("shutdown")
            if not self._is_owed(keeping=keeping) and not (closing and self._can_be_sold()):
                return True
            if self._clock.monotonic() >= give_up_at:
                return False
            self._wait(_WAIT)
            self._progress.last_round = self._clock.monotonic()
            self.pump()

    def _can_be_sold(self) -> bool:
        trade, price = self._book.trade, self._venue.last_price
        if trade is None or self._instrument.amount(trade.open_quantity) <= 0:
            return False
        return price is None or not self._instrument.too_little(trade.open_quantity, price)

    def _report_unsettled(self, *, owing: bool) -> None:
        """Once, however many lives find it so. `owing`: the venue has not answered, and is asked again."""
        trade, at = self._book.trade, self._desk.moment
        held = "" if trade is None else f"; {trade.open_quantity:f} of {self._spec.symbol} is still held"
        waits = ", ".join(self._book.orders) or "nothing"
        why = f"the venue has not answered for {waits}" if owing else "the venue refuses"
        remedy = "it is tried again until it does" if owing else "enable the bot, or close the position at the exchange"
        message = f"the stop policy was not carried out within {self._settle_seconds:.0f} s: {why}{held}; {remedy}"
        logger.warning("{}", message)
        what = next(iter(self._book.orders), None) or (at.isoformat() if trade is None else trade.key)
        self._book.report(
            IncidentReported(
                incident_key=f"unsettled/{what}",
                severity="error",
                error_class="UnsettledStop",
                message=message,
                at=at,
                category="exchange",
            )
        )

    def _bar_of(self, event: VenueEvent) -> int:
        """Number of the bar that is under way at the event's time."""
        at = event.at if isinstance(event, Executed) and event.at is not None else self._desk.moment
        return self._grid.number(at)
