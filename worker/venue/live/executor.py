"""All orders of one bot at the exchange, its prices and the examination of its account. Runs in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from decimal import Decimal
from typing import Any

from loguru import logger

from common.clock import Clock
from common.trading.order import Order
from common.wire.latency import Latencies, Latency, Stage
from worker.venue.exchange_port import Exchange, ExchangeAuthenticationError, ExchangeError, ExchangeRateLimitError
from worker.venue.live.audit import (
    Finding,
    FindingLog,
    disagreement,
    late_order,
    overfilled,
    strange_orders,
    uncovered_position,
)
from worker.venue.live.memory import Memory, Told
from worker.venue.live.pursuit import Pursuit
from worker.venue.live.terms import Terms
from worker.venue.live.tracker import OrderTracker
from worker.venue.waiting import Waiting

_RETRY_FIRST, _RETRY_MOST = 0.5, 30.0
_DISTRUSTED_FOR = 900.0
"""Seconds during which an order that the exchange denied is asked for again now and then."""
_NOT_EXAMINED = "the account has not been examined yet"
_CONFIRM_AFTER = 3.0
"""Seconds until a missing holding is looked at again: fills may be on their way."""


class Levels:
    """Prices at which the trading loop wants to be woken. Replaced as a whole, from any thread."""

    def __init__(self, low: Decimal | None, high: Decimal | None) -> None:
        self.low = low
        self.high = high

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return self.low is not None or self.high is not None


class Executor:
    """The exchange thread's part. Every method but `__init__` runs in its loop."""

    def __init__(
        self,
        exchange: Exchange,
        terms: Terms,
        clock: Clock,
        prefix: str,
        tell: Callable[[list[Told]], None],
        found: Callable[[list[Finding], list[Finding], datetime], None],
        ring: Callable[[], None],
        may_buy: Callable[[], bool],
    ) -> None:
        """`prefix`: what this bot's client order ids begin with; `found` takes new findings and those that are over."""
        self._exchange = exchange
        self._terms = terms
        self._clock = clock
        self._waiting = Waiting()
        self._prefix = prefix
        self._tell = tell
        self._found = found
        self._ring = ring
        self._may_buy = may_buy
        self._pursuits: dict[str, Pursuit] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = FindingLog()
        self._levels = Levels(None, None)
        self._armed = asyncio.Event()
        self._known: set[str] = set()
        self._never_there: dict[str, tuple[Order, float]] = {}
        self._taken_ids: set[str] = set()
        self._knows_all = asyncio.Event()
        self._stopped = False
        self._agreed = self._examined = False
        self.price: Decimal | None = None
        """What the instrument could be sold at, of the last quote; read by the trading thread."""
        self.latencies: Latencies = {}
        """How long this life's orders took; replaced as a whole, read by the trading thread."""
        self.held = Decimal(0)
        """What the book holds; written by the trading thread."""
        self.obstacle: str | None = _NOT_EXAMINED
        """Why nothing may be bought; read by the trading thread."""

    def submit(self, order: Order, decided_at: float) -> None:
        """Send a new order and follow it; never the same one again, and none once this life ends.

        `decided_at`: monotonic time at which the trading thread handed it over.
        """
        if self._stopped or order.client_order_id in self._known:
            logger.warning("order {} is not sent: it was sent before, or this life ends", order.client_order_id)
            return
        pursuit = self._pursuit(order, None)
        may_send = self._may_buy if order.purpose == "entry" else _always
        self._spawn(pursuit.send(may_send, lambda stage: self._timed(stage, decided_at)), order)

    def take_up(self, order: Order, memory: Memory) -> None:
        """Follow an order of an earlier life."""
        if self._stopped:
            return
        self._spawn(self._pursuit(order, memory).take_up(), order)

    def knows_all(self) -> None:
        """Every order of earlier lives has been taken up: what else carries our name is strange from now on."""
        self._knows_all.set()

    def cancel(self, client_order_id: str) -> None:
        """Take an order back; one that is over or unknown is none to take back."""
        pursuit = self._pursuits.get(client_order_id)
        if pursuit is not None:
            pursuit.want_cancel()

    def arm(self, levels: Levels) -> None:
        """Watch the price for these levels."""
        self._levels = levels
        if levels.any:
            self._armed.set()
        else:
            self._armed.clear()
            self.price = None

    async def run(self) -> None:
        """Listen, watch and examine until cancelled; what goes wrong for good is raised."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._patiently(self._listen))
            group.create_task(self._patiently(self._watch))
            group.create_task(self._patiently(self._examine))

    def stop_following(self) -> None:
        """Ask about no order any more; what is being sent is answered first (`Exchange.close`)."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()

    def _pursuit(self, order: Order, memory: Memory | None) -> Pursuit:
        tracker = OrderTracker(order, self._exchange.market, self._terms.executions_patience, memory)
        pursuit = Pursuit(self._exchange, tracker, self._terms, self._clock, self._told, self._taken)
        self._pursuits[order.client_order_id] = pursuit
        self._known.add(order.client_order_id)
        if tracker.memory.exchange_order_id is not None:
            self._taken_ids.add(tracker.memory.exchange_order_id)
        return pursuit

    def _timed(self, stage: Stage, decided_at: float) -> None:
        took = max(0.0, self._clock.monotonic() - decided_at)
        self.latencies = {**self.latencies, stage: self.latencies.get(stage, Latency()).with_one_more(took)}

    def _told(self, told: list[Told]) -> None:
        for each in told:
            exchange_id = each.memory.exchange_order_id
            if exchange_id is not None and exchange_id not in self._taken_ids:
                self._taken_ids.add(exchange_id)
                self._exchange.claim(exchange_id, each.event.client_order_id)
        if told:
            self._tell(told)

    def _taken(self) -> set[str]:
        return self._taken_ids

    def _spawn(self, following: Coroutine[Any, Any, None], order: Order) -> None:
        task = asyncio.get_running_loop().create_task(following, name=f"order {order.client_order_id}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, order.client_order_id))

    def _ended(self, task: asyncio.Task[None], client_order_id: str) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        pursuit = self._pursuits.pop(client_order_id, None)
        if pursuit is not None and pursuit.tracker.excess:
            self._found([overfilled(pursuit.tracker.order, pursuit.tracker.excess)], [], self._clock.now())
        if pursuit is not None and pursuit.tracker.memory.never_there:
            # Told as never sent: should it turn up after all, the examination of the account must name it.
            self._never_there[client_order_id] = (pursuit.tracker.order, self._clock.monotonic())
        error = task.exception()
        if error is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"exception": error, "message": "an order was lost sight of"}
            )

    async def _patiently(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Go on with `work` over the exchange's failures, with growing pauses."""
        pause = _RETRY_FIRST
        while True:
            started = self._clock.monotonic()
            try:
                await work()
            except ExchangeAuthenticationError:
                raise
            except ExchangeError as error:
                if self._clock.monotonic() - started > _RETRY_MOST:
                    pause = _RETRY_FIRST
                asked = error.retry_after if isinstance(error, ExchangeRateLimitError) else None
                logger.debug("{}: {}; again in {:.1f} s", getattr(work, "__name__", work), error, asked or pause)
                await self._waiting.pause(asked or pause)
                pause = min(pause * 2, _RETRY_MOST)

    async def _listen(self) -> None:
        while True:
            for report in await self._exchange.next_order_news():
                pursuit = self._find(report.client_order_id, report.exchange_order_id)
                if pursuit is not None:
                    pursuit.heard(report)

    def _find(self, client_order_id: str | None, exchange_order_id: str) -> Pursuit | None:
        if client_order_id is not None:
            return self._pursuits.get(client_order_id)
        for pursuit in self._pursuits.values():
            if pursuit.tracker.memory.exchange_order_id == exchange_order_id:
                return pursuit
        return None

    async def _watch(self) -> None:
        while True:
            await self._armed.wait()
            quote = await self._exchange.next_quote()
            levels = self._levels
            if not levels.any:
                continue
            before, self.price = self.price, quote.bid
            low, high = levels.low, levels.high
            reached = (low is not None and quote.bid <= low) or (high is not None and quote.bid >= high)
            if reached or before is None:
                self._ring()

    async def _examine(self) -> None:
        await self._knows_all.wait()
        while True:
            new, over = self._log.take(await self._findings())
            self.obstacle = self._log.obstacle
            if new or over:
                self._found(new, over, self._clock.now())
            await self._waiting.pause(self._terms.audit_interval)

    async def _findings(self) -> list[Finding]:
        try:
            found = await self._strange()
            found += await self._uncovered()
            found += await self._turned_up()
            found += await self._disagreement()
        except ExchangeError as error:
            if not self._examined:
                self.obstacle = f"{_NOT_EXAMINED}: {error}"
            raise
        self._examined = True
        return found

    async def _disagreement(self) -> list[Finding]:
        """Asked until the account agrees; then this life may rely on it."""
        if self._agreed:
            return []
        objection = await self._exchange.agree()
        self._agreed = objection is None
        return [] if objection is None else [disagreement(objection)]

    async def _strange(self) -> list[Finding]:
        reports = await self._exchange.open_orders()
        return strange_orders(self._prefix, self._known - self._never_there.keys(), reports)

    async def _turned_up(self) -> list[Finding]:
        """Orders that were denied until they counted as never there, and are there."""
        if not self._exchange.market.finds_by_client_id:
            return []
        since = self._clock.monotonic() - _DISTRUSTED_FOR
        denied = [order for order, at in self._never_there.values() if at >= since]
        reports = [(order, await self._exchange.order(order)) for order in denied]
        return [late_order(order, report) for order, report in reports if report is not None]

    async def _uncovered(self) -> list[Finding]:
        """Only believed when nothing is under way and a second look agrees."""
        first = await self._look_at_holding()
        if not first:
            return []
        await self._waiting.pause(_CONFIRM_AFTER)
        return await self._look_at_holding()

    async def _look_at_holding(self) -> list[Finding]:
        if self._under_way or not self.held:
            return []
        held = self.held
        there = await self._exchange.holding()
        if self._under_way or self.held != held:
            return []
        return uncovered_position(self._exchange.market, there, held)

    @property
    def _under_way(self) -> bool:
        return any(pursuit.tracker.order.purpose != "protective" for pursuit in self._pursuits.values())


def _always() -> bool:
    return True
