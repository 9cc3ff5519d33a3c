"""The venue of a live market: the trading thread's side of the exchange thread.

Commands go over as callbacks of its loop, what happened comes back in a queue with a ring. Which events the trading
loop has taken in is kept here, by the trading thread alone, so that a checkpoint never knows more than the book.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from common.clock import Clock
from common.trading.order import Order
from common.wire.facts import IncidentReported
from common.wire.latency import Latencies
from worker.feeds.bar import Bar
from worker.link.segments import boot_id
from worker.venue.exchange_port import Exchange, Market
from worker.venue.live.audit import Finding
from worker.venue.live.exchange_thread import ExchangeThread
from worker.venue.live.executor import Executor, Levels
from worker.venue.live.instant import Instant
from worker.venue.live.memory import Memory, Told
from worker.venue.live.terms import Terms
from worker.venue.port import VenueEvent


class LiveVenue:
    """Orders of one bot at one exchange. Belongs to the trading thread; `start` comes first, `close` last."""

    answers_at_once = False

    def __init__(
        self,
        exchange: Exchange,
        account: str,
        prefix: str,
        terms: Terms,
        clock: Clock,
        ring: Callable[[], None],
        may_buy: Callable[[], bool],
    ) -> None:
        """`account`: exchange, mode and instrument in words; `prefix`: of this bot's client order ids.

        `ring` wakes the trading loop, from any thread; `may_buy` is asked, in the exchange thread, before each entry.
        """
        self.account: str | None = account
        self._exchange = exchange
        self._clock = clock
        self._ring = ring
        self._told: deque[Told] = deque()
        self._incidents: deque[IncidentReported] = deque()
        self._memories: dict[str, Memory] = {}
        self._levels = Levels(None, None)
        self._outage: str | None = None
        self._has_book = False
        self._executor = Executor(exchange, terms, clock, prefix, self._take, self._found, ring, may_buy)
        self.thread = ExchangeThread(exchange, self._executor.run, clock, ring, self._executor.stop_following)

    def start(self, patience: float, still_here: Callable[[], None]) -> None:
        """Connect; `still_here` is called while it takes its time.

        Raises what `Exchange.open` raised last when it has not succeeded within `patience` seconds.
        """
        self.thread.start(patience, still_here)

    def close(self) -> None:
        """Send nothing more, let what was sent be answered, disconnect."""
        self.thread.close()

    @property
    def market(self) -> Market:
        """The instrument; known after `start`."""
        return self._exchange.market

    @property
    def keeps_stops(self) -> bool:
        """Whether a stop order can rest there."""
        return self._exchange.market.keeps_stops

    @property
    def last_price(self) -> Decimal | None:
        """What the instrument could be sold at now; None before the first quote."""
        return self._executor.price

    @property
    def latencies(self) -> Latencies:
        """How long the orders of this life took."""
        return self._executor.latencies

    def blocked(self) -> str | None:
        """Why nothing may be bought at this moment; None: nothing is in the way."""
        return self._outage or self._executor.obstacle

    def hold(self, quantity: Decimal) -> None:
        """What the book holds now, for the examination of the account, which the first call begins."""
        self._executor.held = quantity
        if not self._has_book:
            self._has_book = True
            self.thread.call(self._executor.knows_all)

    def arm(self, low: Decimal | None, high: Decimal | None) -> None:
        """Wake the loop when the price falls to `low` or rises to `high`; replaces the levels before."""
        if (low, high) == (self._levels.low, self._levels.high):
            return
        self._levels = Levels(low, high)
        self.thread.call(self._executor.arm, self._levels)

    def submit(self, order: Order) -> None:
        """Send an order whose intent is recorded."""
        self.thread.call(self._executor.submit, order, self._clock.monotonic())

    def cancel(self, client_order_id: str) -> None:
        """Take an order back; what became of it is told by `news`."""
        self.thread.call(self._executor.cancel, client_order_id)

    def news(self) -> Iterator[VenueEvent]:
        """What happened since the last call. Raises what ended the exchange thread, if it has ended."""
        while self._told:
            told = self._told.popleft()
            yield told.event
            # Only now the caller has applied it: what is remembered as told must never be ahead of the book.
            key = told.event.client_order_id
            if told.memory.over:
                self._memories.pop(key, None)
            else:
                self._memories[key] = told.memory
        if self.thread.failure is not None:
            raise self.thread.failure

    def findings(self) -> list[IncidentReported]:
        """What the examination of the account has found since the last call."""
        found = []
        while self._incidents:
            found.append(self._incidents.popleft())
        return found

    def report(self, incident: IncidentReported) -> None:
        """Add what another part has found; from any thread."""
        self._incidents.append(incident)
        self._ring()

    def outage(self, reason: str | None) -> None:
        """The exchange does not answer, or (None) answers again; from any thread."""
        down, at = reason is not None, self._clock.now()
        self._outage = f"{self.account} does not answer: {reason}" if down else None
        self.report(
            IncidentReported(
                incident_key=f"exchange-{'down' if down else 'back'}/{at.isoformat()}",
                severity="error" if down else "info",
                error_class="ExchangeOutage",
                message=self._outage or f"{self.account} answers again",
                at=at,
                category="exchange",
            )
        )

    def match(self, bar: Bar) -> Iterator[VenueEvent]:
        """Bars do nothing to orders here."""
        return iter(())

    def trigger(self, order: Order, price: Decimal) -> Iterator[VenueEvent]:
        """As `submit`: the market decides the price."""
        self.submit(order)
        return iter(())

    def state(self) -> dict[str, Any]:
        """What has been told of each open order, and of which account."""
        orders = {key: memory.state() for key, memory in self._memories.items()}
        return {"account": self.account, "orders": orders}

    def restore(self, state: dict[str, Any], orders: dict[str, Order]) -> None:
        """Take up what an earlier life left; an order without an answer may or may not have been sent."""
        known, now = state.get("orders", {}), Instant(boot_id(), self._clock.monotonic())
        for key, order in orders.items():
            memory = (Memory.from_state(known[key]) if key in known else Memory.of(order)).taken_up(now)
            self._memories[key] = memory
            self.thread.call(self._executor.take_up, order, memory)

    def _take(self, told: list[Told]) -> None:
        self._told.extend(told)
        self._ring()

    def _found(self, new: list[Finding], over: list[Finding], at: datetime) -> None:
        self._incidents.extend(_incident(finding, at) for finding in new)
        self._incidents.extend(_all_clear(finding, at) for finding in over)
        self._ring()


def _incident(finding: Finding, at: datetime) -> IncidentReported:
    return IncidentReported(
        incident_key=f"{finding.key}/{at.isoformat()}",
        severity=finding.severity,
        error_class="AccountMismatch",
        message=finding.message,
        details=dict(finding.details),
        at=at,
        category="exchange",
    )


def _all_clear(finding: Finding, at: datetime) -> IncidentReported:
    return IncidentReported(
        incident_key=f"{finding.key}/over/{at.isoformat()}",
        severity="info",
        error_class="AccountMismatch",
        message=f"no longer so: {finding.message}",
        at=at,
    )
