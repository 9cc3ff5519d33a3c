"""One order's life as observed: whatever the exchange says, in any order and any number of times, told once.

A report counts what is filled, executions name it. What a report counts beyond the executions told is *lacking*; an
order ends only when nothing lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal
from typing import Literal

from common.trading.order import Order
from worker.venue.exchange_port import Accepted, Doubtful, Execution, Market, OrderReport, Refused, Submission
from worker.venue.live.fees import Charge, charge_of, estimate
from worker.venue.live.memory import Memory, Told
from worker.venue.port import Ended, Executed, InDoubt, Placed, VenueEvent

Phase = Literal["sent", "doubtful", "placed", "over"]
Ending = Literal["rejected", "expired", "cancelled"]

PHASES: Mapping[Phase, frozenset[Phase]] = {
    "sent": frozenset({"doubtful", "placed", "over"}),
    "doubtful": frozenset({"placed", "over"}),
    "placed": frozenset({"over"}),
    "over": frozenset(),
}
"""From each phase those that may follow; what would lead back is old news and changes nothing."""

FEE_ESTIMATED = "fee_estimated"
"""Quality of an execution whose commission is the market's rate."""
FROM_REPORT = "from_report"
"""Quality of an execution that only a report counts: its price follows from averages."""

_PRICES = Context(prec=20)


@dataclass(frozen=True, slots=True)
class NotSent:
    """We did not send it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The exchange does not have it, for certain: never had it, or, if it was placed, not any more."""

    reason: str


Observation = Submission | OrderReport | Execution | NotSent | Absent


class OrderTracker:
    """Folds observations of `order` into events. `patience` in seconds; times are seconds of one monotonic clock."""

    def __init__(self, order: Order, market: Market, patience: float, memory: Memory | None = None) -> None:
        """With `memory` it goes on for an earlier life; an order of which nothing is heard is then in doubt."""
        self.order = order
        self.memory = memory or Memory()
        self.excess = Decimal(0)
        """Executed beyond what was ordered, or after the end: no event tells it."""
        self._market = market
        self._patience = patience
        self._best: OrderReport | None = None
        self._fullest: OrderReport | None = None
        self._gone: str | None = None
        self._lacking_since: float | None = None
        self._phase: Phase = "placed" if self.memory.placed else "doubtful" if self.memory.doubted else "sent"

    @property
    def in_doubt(self) -> bool:
        """Whether nothing proves yet that the exchange has the order, or has it not."""
        return self._phase in ("sent", "doubtful")

    @property
    def unanswered(self) -> bool:
        """Whether neither answer nor doubt has been told yet."""
        return self._phase == "sent"

    @property
    def is_over(self) -> bool:
        """Whether the last event has been told."""
        return self._phase == "over"

    @property
    def lacking(self) -> Decimal:
        """Quantity that a report counts and no execution told explains."""
        if self.is_over or self._fullest is None:
            return Decimal(0)
        return max(Decimal(0), min(self._fullest.filled, self.order.quantity) - self.memory.filled)

    @property
    def found(self) -> Order:
        """The order under the exchange's id where that is known."""
        known = self.memory.exchange_order_id
        return self.order if known is None else replace(self.order, venue_order_id=known)

    def sent(self, at: datetime) -> None:
        """It is about to be sent, at `at` by our wall clock."""
        self.memory = replace(self.memory, sent_at=at)

    def observe(self, seen: Observation, now: float) -> list[Told]:
        """Take in what was seen at `now`; the events that are new because of it, in their order."""
        return [Told(event, self.memory) for event in self._events(seen, now)]

    def overdue(self, now: float) -> list[Told]:
        """Take the lacking part from the report if it has lacked for longer than the patience."""
        since = self._lacking_since
        if since is None or now - since < self._patience:
            return []
        return [Told(event, self.memory) for event in self._assume(now)]

    def _events(self, seen: Observation, now: float) -> Iterator[VenueEvent]:
        if isinstance(seen, Execution):
            yield from self._take_execution(seen)
        elif self.is_over:
            return
        elif isinstance(seen, Accepted):
            yield from self._take_report(seen.report)
        elif isinstance(seen, OrderReport):
            yield from self._take_report(seen)
        elif isinstance(seen, Doubtful):
            yield from self._doubt(seen.reason)
        elif isinstance(seen, Absent):
            self._gone = seen.reason
        elif self.in_doubt:
            yield self._end("rejected", _refusal(seen) if isinstance(seen, Refused) else seen.reason)
        yield from self._settle(now)

    def _take_report(self, report: OrderReport) -> Iterator[VenueEvent]:
        if report.status == "filled" and not report.filled:
            report = replace(report, filled=report.quantity)
        if self._best is None or _rank(report) > _rank(self._best):
            self._best = report
        if self._fullest is None or _content(report) > _content(self._fullest):
            self._fullest = report
        if report.status != "rejected":
            yield from self._place(report.exchange_order_id)

    def _take_execution(self, execution: Execution) -> Iterator[VenueEvent]:
        memory = self.memory
        if execution.execution_id in memory.executions:
            return
        known = min(execution.quantity, memory.assumed)
        fresh = min(execution.quantity - known, self.order.quantity - memory.filled)
        if self.is_over:
            fresh = Decimal(0)
        self.excess += execution.quantity - known - fresh
        if fresh:
            yield from self._place(execution.exchange_order_id)
        ids = (*self.memory.executions, execution.execution_id)
        self.memory = replace(self.memory, executions=ids, assumed=memory.assumed - known)
        if fresh:
            yield self._told_execution(execution, fresh)

    def _told_execution(self, execution: Execution, quantity: Decimal) -> Executed:
        charge = charge_of(execution, self._market, self._rate)
        if quantity != execution.quantity:
            share = quantity / execution.quantity
            charge = replace(charge, commission=charge.commission * share, base_fee=charge.base_fee * share)
        return self._execute(
            quantity,
            execution.price,
            charge,
            lambda event: replace(
                event,
                execution_id=execution.execution_id,
                at=execution.at,
                quality=FEE_ESTIMATED if charge.estimated else None,
            ),
        )

    def _assume(self, now: float) -> Iterator[VenueEvent]:
        report, quantity = self._fullest, self.lacking
        price = self._lacking_price(quantity)
        if report is None or price is None:
            return
        number = f"{report.exchange_order_id}:{self.memory.filled + quantity:f}"
        charge = estimate(quantity, price, self._rate)
        yield from self._place(report.exchange_order_id)
        self.memory = replace(self.memory, assumed=self.memory.assumed + quantity)
        yield self._execute(
            quantity,
            price,
            charge,
            lambda event: replace(event, execution_id=number, at=report.at, quality=FROM_REPORT),
        )
        yield from self._settle(now)

    def _execute(
        self, quantity: Decimal, price: Decimal, charge: Charge, named: Callable[[Executed], Executed]
    ) -> Executed:
        memory = self.memory
        filled = memory.filled + quantity
        whole = filled >= self.order.quantity
        cut = self._cut(filled)
        self.memory = replace(memory, filled=filled, cost=memory.cost + quantity * price, over=whole or cut is not None)
        if self.memory.over:
            self._advance("over")
        return named(
            Executed(
                client_order_id=self.order.client_order_id,
                quantity=quantity,
                price=price,
                cut_to=cut,
                commission=charge.commission,
                base_fee=charge.base_fee,
            )
        )

    def _cut(self, filled: Decimal) -> Decimal | None:
        """The quantity the exchange made of the order, when it calls it filled and this completes it."""
        best = self._best
        complete = best is not None and best.status == "filled" and filled == best.filled
        return filled if complete and filled < self.order.quantity else None

    def _lacking_price(self, quantity: Decimal) -> Decimal | None:
        """Price at which the lacking part makes up the report's average; None where no price is known at all."""
        report, memory = self._fullest, self.memory
        if report is None or quantity <= 0:
            return None
        average = report.average_price or report.price or self.order.limit_price
        if average is None:
            return None
        price = _PRICES.divide(average * (memory.filled + quantity) - memory.cost, quantity)
        return price if price > 0 else average

    @property
    def _rate(self) -> Decimal:
        return self._market.maker_rate if self.order.order_type == "limit" else self._market.taker_rate

    def _doubt(self, reason: str) -> Iterator[VenueEvent]:
        if self._advance("doubtful"):
            self.memory = replace(self.memory, doubted=True)
            yield InDoubt(client_order_id=self.order.client_order_id, reason=reason)

    def _place(self, exchange_order_id: str) -> Iterator[VenueEvent]:
        if self._advance("placed"):
            self.memory = replace(self.memory, placed=True, exchange_order_id=exchange_order_id)
            yield Placed(client_order_id=self.order.client_order_id, venue_order_id=exchange_order_id)
        elif self.memory.exchange_order_id is None:
            self.memory = replace(self.memory, exchange_order_id=exchange_order_id)

    def _settle(self, now: float) -> Iterator[VenueEvent]:
        """End it when the exchange has, and nothing lacks."""
        if self.is_over:
            return
        if self.lacking:
            self._lacking_since = now if self._lacking_since is None else self._lacking_since
            return
        self._lacking_since = None
        best = self._best
        if best is not None and best.status != "open":
            # An order that the exchange calls filled and closed below our quantity is not worked any further.
            status: Ending = "cancelled" if best.status == "filled" else best.status
            yield self._end(status, best.reason or f"{best.status} at the exchange, {best.filled} filled")
        elif self._gone is not None:
            yield self._end("cancelled" if self.memory.placed else "rejected", self._gone)

    def _end(self, status: Ending, reason: str) -> Ended:
        self._advance("over")
        never_there = self._gone is not None and not self.memory.placed
        self.memory = replace(self.memory, over=True, never_there=never_there)
        if status == "rejected" and self.memory.filled:
            status = "cancelled"
        return Ended(client_order_id=self.order.client_order_id, status=status, reason=reason)

    def _advance(self, phase: Phase) -> bool:
        if phase not in PHASES[self._phase]:
            return False
        self._phase = phase
        return True


def _rank(report: OrderReport) -> tuple[bool, Decimal]:
    """What is final, and counts more, is newer."""
    return report.status != "open", report.filled


def _content(report: OrderReport) -> tuple[Decimal, bool]:
    """What counts more, and at a price, says more about fills."""
    return report.filled, report.average_price is not None


def _refusal(refused: Refused) -> str:
    return f"{refused.reason} ({refused.error_class})"
