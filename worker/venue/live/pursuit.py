"""One order at the exchange, followed to its end: sent at most once, then asked about. Runs in one event loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from loguru import logger

from common.clock import Clock
from common.crash_points import reach
from common.wire.latency import Stage
from worker.venue.exchange_port import (
    Accepted,
    Doubtful,
    Exchange,
    ExchangeError,
    ExchangeRateLimitError,
    Execution,
    OrderReport,
    Submission,
)
from worker.venue.live.matching import Ambiguity, Match, match
from worker.venue.live.memory import Told
from worker.venue.live.resolution import Resolution
from worker.venue.live.terms import Terms
from worker.venue.live.tracker import Absent, NotSent, Observation, OrderTracker
from worker.venue.waiting import Waiting

_FIRST_LOOK, _LONGEST_LOOK = 0.2, 30.0
"""Seconds between two looks at an order of which nothing is heard; doubled each time."""
_LOOK_BACK = timedelta(seconds=60)
"""How long before an order was made its traces are looked for: clocks differ."""


class Pursuit:
    """Follows the order of `tracker`. `tell` hands over what is new about it."""

    def __init__(
        self,
        exchange: Exchange,
        tracker: OrderTracker,
        terms: Terms,
        clock: Clock,
        tell: Callable[[list[Told]], None],
        taken: Callable[[], Collection[str]],
    ) -> None:
        """`taken`: the exchange's ids of orders that are known to be others."""
        self._exchange = exchange
        self.tracker = tracker
        self._terms = terms
        self._clock = clock
        self._tell = tell
        self._taken = taken
        self._resolution = Resolution(exchange.acceptance_window.total_seconds())
        self._wake = asyncio.Event()
        self._waiting = Waiting()
        self._cancel_wanted = False
        self._missing_since: float | None = None
        self._pause = _FIRST_LOOK
        self._chance = random.Random()
        self._warned = False

    def want_cancel(self) -> None:
        """Take the order back as soon as the exchange is known to have it."""
        self._cancel_wanted = True
        self._wake.set()

    def heard(self, report: OrderReport) -> None:
        """The stream told of this order."""
        self._observe(report)
        self._pause = _FIRST_LOOK
        self._wake.set()

    async def send(self, may_send: Callable[[], bool], timed: Callable[[Stage], None]) -> None:
        """Send it, once; then follow it to its end. `may_send` is asked at the last moment.

        `timed` is called when a stage is reached.
        """
        tracker = self.tracker
        if not may_send():
            self._observe(NotSent("not sent: no supervisor has renewed this life's lease, so nothing may be bought"))
            return
        tracker.sent(self._clock.now())
        reach("order.sending")
        timed("sending")
        submission = asyncio.ensure_future(self._exchange.submit(tracker.order))
        submission.add_done_callback(lambda answered: None if _is_broken_off(answered) else timed("answered"))
        submission.add_done_callback(self._answered)
        await asyncio.wait({submission}, timeout=self._terms.doubt_after)
        if not submission.done():
            self._observe(Doubtful(reason=f"no answer within {self._terms.doubt_after:g} s"))
        await self._follow()
        if not submission.done():
            await asyncio.wait({submission})

    async def take_up(self) -> None:
        """Follow an order of an earlier life: it was sent before now, if it was sent at all."""
        left_by = self.tracker.memory.left_by
        self._resolution.sent(self._clock.monotonic() if left_by is None else left_by.monotonic)
        await self._follow()

    def _answered(self, submission: asyncio.Future[Submission]) -> None:
        # Until now it may have waited for its turn on our side: what the exchange denied so far proves nothing.
        self._resolution.sent(self._clock.monotonic())
        if submission.cancelled():
            self._observe(Doubtful(reason="sending it was broken off"))
            return
        error = submission.exception()
        if error is not None:
            self._observe(Doubtful(reason=f"{type(error).__name__}: {error}"))
            return
        verdict = submission.result()
        reach("order.answered")
        self._observe(verdict)
        if isinstance(verdict, Accepted):
            self._pause = _FIRST_LOOK
        self._wake.set()

    async def _follow(self) -> None:
        give_up_at = self._expiry()
        while not self.tracker.is_over:
            if self.tracker.in_doubt:
                await self._ask_once()
            else:
                if give_up_at is not None and self._clock.monotonic() >= give_up_at:
                    self._cancel_wanted = True
                    give_up_at = None
                await self._look_once(give_up_at)

    def _expiry(self) -> float | None:
        order, timeout = self.tracker.order, self._terms.limit_timeout
        if order.purpose != "entry" or order.order_type != "limit" or timeout is None:
            return None
        age = (self._clock.now() - order.created_at).total_seconds()
        return self._clock.monotonic() + max(0.0, timeout - max(0.0, age))

    async def _look_once(self, give_up_at: float | None) -> None:
        """Wait for news or the next look, then see how the order is."""
        pause = self._pause
        if give_up_at is not None:
            pause = min(pause, max(0.0, give_up_at - self._clock.monotonic()))
        if not self._cancel_wanted:
            await self._rest(pause)
        if self.tracker.is_over:
            return
        self._pause = min(self._pause * 2, _LONGEST_LOOK)
        taken_back = True
        if self._cancel_wanted:
            self._cancel_wanted = False
            taken_back = await self._exchange.cancel(self.tracker.found) == "cancelled"
            if taken_back:
                self._pause = _FIRST_LOOK
        try:
            await self._look()
        except ExchangeError as error:
            await self._spared(error)
        if not taken_back and not self.tracker.is_over:
            # "gone" or no answer, and yet it is not seen to have ended: the wish stands.
            await self._rest(pause)
            self._cancel_wanted = True

    async def _look(self) -> None:
        report = await self._exchange.order(self.tracker.found)
        if report is None:
            await self._look_for_missing()
            return
        self._missing_since = None
        self._observe(report)
        if self.tracker.lacking or report.filled > self.tracker.memory.filled:
            await self._fetch_executions()
        self._tell(self.tracker.overdue(self._clock.monotonic()))

    async def _fetch_executions(self) -> None:
        known = self.tracker.memory.exchange_order_id
        for execution in await self._exchange.executions(self._since(), known):
            if execution.exchange_order_id == known:
                self._observe(execution)

    async def _look_for_missing(self) -> None:
        """It was there and is not: filled and forgotten, or gone."""
        await self._fetch_executions()
        now = self._clock.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        if now - self._missing_since >= self._terms.vanished_after:
            self._observe(Absent("the exchange does not know the order any more"))
            self._tell(self.tracker.overdue(now))

    async def _ask_once(self) -> None:
        """One question about an order that may or may not exist."""
        await self._rest(self._resolution.pause(self._clock.monotonic(), self._chance.random()))
        if not self.tracker.in_doubt:
            return
        asked_at = self._clock.monotonic()
        try:
            report = await self._search()
        except ExchangeError as error:
            wait = error.retry_after if isinstance(error, ExchangeRateLimitError) else None
            self._resolution.unanswered(self._clock.monotonic(), wait)
            return
        if isinstance(report, Ambiguity):
            self._say_once(report.reason)
            self._resolution.undecided()
        elif report is None:
            self._resolution.denied(asked_at)
            if self._resolution.is_absent:
                self._observe(Absent("the exchange never had it"))
        else:
            self._observe(report)
            if report.filled:
                await self._try_executions()

    async def _try_executions(self) -> None:
        try:
            await self._fetch_executions()
        except ExchangeError as error:
            await self._spared(error)

    async def _search(self) -> OrderReport | Ambiguity | None:
        exchange = self._exchange
        if exchange.market.finds_by_client_id or self.tracker.memory.exchange_order_id is not None:
            return await exchange.order(self.tracker.found)
        self._say_once("this exchange cannot look orders up by our id; it is looked for among open orders and fills")
        return await self._matched(await exchange.open_orders(), await exchange.executions(self._since()))

    async def _matched(
        self, open_orders: Sequence[OrderReport], executions: Sequence[Execution]
    ) -> OrderReport | Ambiguity | None:
        """The one order that fits; what proves to carry an id is ours or another's.

        What carries none is believed only when every other bot has had its answer and has claimed what is its own.
        """
        exchange, order = self._exchange, self.tracker.order
        settled = self._resolution.is_settled(self._clock.monotonic())
        others = {*self._taken(), *exchange.claimed_by_others(order.client_order_id)}
        while (found := match(order, exchange.market, open_orders, executions, others, self._since())) is not None:
            candidates = found.candidates if isinstance(found, Ambiguity) else (found.exchange_order_id,)
            nameless: list[OrderReport] = []
            known = len(others)
            for candidate in candidates:
                report = await exchange.order(replace(order, venue_order_id=candidate))
                if report is not None and report.client_order_id == order.client_order_id:
                    return report
                if report is not None and report.client_order_id is not None:
                    others.add(candidate)
                elif report is not None:
                    nameless.append(report)
            if len(others) > known:
                continue
            if not settled:
                return None
            if isinstance(found, Ambiguity) or not nameless:
                return _ambiguous(found)
            if exchange.claim(found.exchange_order_id, order.client_order_id):
                return nameless[0]
            others.add(found.exchange_order_id)
        return None

    def _since(self) -> datetime:
        return (self.tracker.memory.sent_at or self.tracker.order.created_at) + self._exchange.clock_offset - _LOOK_BACK

    def _observe(self, seen: Observation) -> None:
        self._tell(self.tracker.observe(seen, self._clock.monotonic()))

    async def _spared(self, error: ExchangeError) -> None:
        """The exchange did not answer: ask again later."""
        logger.debug("order {}: {}", self.tracker.order.client_order_id, error)
        wait = error.retry_after if isinstance(error, ExchangeRateLimitError) else None
        self._tell(self.tracker.overdue(self._clock.monotonic()))
        if wait:
            await self._waiting.pause(wait)

    async def _rest(self, seconds: float) -> None:
        """Until woken, or for so long."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    def _say_once(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("order {}: {}", self.tracker.order.client_order_id, what)


def _is_broken_off(submission: asyncio.Future[Submission]) -> bool:
    return submission.cancelled() or submission.exception() is not None or isinstance(submission.result(), Doubtful)


def _ambiguous(found: Match | Ambiguity) -> Ambiguity:
    if isinstance(found, Ambiguity):
        return found
    return Ambiguity(f"executions of {found.exchange_order_id} fit it, of which the exchange does not tell an order")
