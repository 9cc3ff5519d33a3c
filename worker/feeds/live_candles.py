"""Candles of an exchange while they happen: the past once, then each bar as it closes. Runs in the exchange's loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from loguru import logger

from common.clock import Clock
from common.wire.facts import IncidentReported
from worker.feeds.bar import Bar
from worker.feeds.bar_grid import BarGrid
from worker.feeds.bar_inbox import BarInbox
from worker.feeds.candle_folder import CandleFolder
from worker.feeds.exchange_time import ExchangeTime
from worker.feeds.feed_health import FeedHealth, Finding
from worker.feeds.live_source import MOST_HISTORY
from worker.venue.exchange_port import Candle, Exchange, ExchangeError, ExchangeRateLimitError, ExchangeRefusal
from worker.venue.waiting import Waiting

_PAGE = 1000
_PAGES_AT_MOST = 200
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_LONGEST_WAIT = 30.0


class LiveCandles:
    """One market's bars. `run` belongs to the exchange thread; `history` is read by others once `loaded` is set."""

    def __init__(
        self,
        exchange: Exchange,
        grid: BarGrid,
        wanted: int,
        clock: Clock,
        inbox: BarInbox,
        report: Callable[[IncidentReported], None],
    ) -> None:
        """`wanted`: bars of the past to ask for; `inbox` gets those that close from now on; `report` may be called from
        any thread."""
        self._exchange = exchange
        self._grid = grid
        self._interval = grid.interval.text
        self._wanted = wanted
        self._clock = clock
        self._inbox = inbox
        self._report = report
        self._time = ExchangeTime(clock, lambda: exchange.clock_offset)
        self._waiting = Waiting()
        self._pause = _FIRST_PAUSE
        self._ask_again_at = 0.0
        self._seen: Candle | None = None
        self._listen_after = 0.0
        self.history: Sequence[Bar] = ()
        """Closed bars of the past, oldest first."""
        self.loaded = threading.Event()

    def now(self) -> datetime:
        """The exchange's time."""
        return self._time.now()

    def reach_back(self, moment: datetime) -> None:
        """Have the past begin no later than with the bar of `moment`, MOST_HISTORY bars at most; before `run` only."""
        missed = self._grid.number(self._clock.now()) - self._grid.number(moment) + 1
        self._wanted = max(self._wanted, min(missed, MOST_HISTORY))

    async def run(self) -> None:
        """Load the past, then follow the market until cancelled. Raises ExchangeRefusal for a question it refuses."""
        self._folder = CandleFolder(self._grid, max(0, self._grid.number(self.now()) - self._wanted))
        await self._patiently(self._load)
        self.history = self._folder.closed()
        self._seen = self._folder.newest
        logger.debug("{} bars of {} loaded", len(self.history), self._interval)
        self.loaded.set()
        self._health = FeedHealth(self._grid.interval.seconds, self._clock.monotonic())
        await self._follow()

    async def _load(self) -> None:
        for _ in range(_PAGES_AT_MOST):
            since, asked_at = self._folder.asks_from, self.now()
            told = await self._exchange.candles(self._interval, self._grid.opened_at(since), _PAGE)
            self._folder.answered(told, since, asked_at)
            if self._folder.asks_from == since or self._folder.asks_from >= self._grid.number(asked_at):
                return

    async def _patiently(self, work: Callable[[], object]) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await work()  # type: ignore[misc]
                return
            except ExchangeRefusal:
                raise
            except ExchangeError as error:
                logger.warning("the candles cannot be had yet: {}", error)
                await self._waiting.pause(max(pause, _asked_to_wait(error)))
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _follow(self) -> None:
        listening: asyncio.Task[Sequence[Candle]] | None = None
        try:
            while True:
                if listening is None:
                    listening = asyncio.ensure_future(self._listen())
                await asyncio.wait({listening}, timeout=self._until_next_look())
                if listening.done():
                    self._hear(listening)
                    listening = None
                self._hand_over()  # what the stream has closed does not wait for an answer
                if self._has_to_ask():
                    await self._ask()
                    self._hand_over()
                self._look()
        finally:
            if listening is not None:
                listening.cancel()

    def _hand_over(self) -> None:
        bars = self._folder.closed()
        if bars:
            self._inbox.put(bars)

    async def _listen(self) -> Sequence[Candle]:
        await self._waiting.pause(self._listen_after)
        return await self._exchange.next_candles(self._interval)

    def _hear(self, listening: asyncio.Task[Sequence[Candle]]) -> None:
        try:
            candles = listening.result()
        except ExchangeError as error:
            self._folder.interrupted()
            self._failed(error)
            self._listen_after = max(self._pause, _asked_to_wait(error))
            return
        self._listen_after = 0.0
        self._folder.heard(candles, self.now())
        self._alive(candles)

    async def _ask(self) -> None:
        since, asked_at = self._folder.asks_from, self.now()
        try:
            told = await self._exchange.candles(self._interval, self._grid.opened_at(since), _PAGE)
        except ExchangeError as error:
            self._failed(error)
            return
        self._folder.answered(told, since, asked_at)
        self._alive(told)
        # Nothing new: asked again ever more rarely, for some exchanges tell no bar in which nobody traded.
        self._pause = _FIRST_PAUSE if self._folder.asks_from > since else min(self._pause * 2, _LONGEST_PAUSE)
        self._ask_again_at = self._clock.monotonic() + self._pause

    def _alive(self, candles: Sequence[Candle]) -> None:
        newest = candles[-1] if candles else None
        moved = newest is not None and newest != self._seen
        self._seen = newest or self._seen
        self._health.heard(self._clock.monotonic(), moved=moved)

    def _failed(self, error: ExchangeError) -> None:
        self._health.failed(str(error))
        logger.debug("candles: {}", error)
        self._ask_again_at = self._clock.monotonic() + max(self._pause, _asked_to_wait(error))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _has_to_ask(self) -> bool:
        wanted = self._folder.in_doubt or self.now() >= self._folder.due
        return wanted and self._clock.monotonic() >= self._ask_again_at

    def _until_next_look(self) -> float:
        now = self._clock.monotonic()
        due = now if self._folder.in_doubt else now + (self._folder.due - self.now()).total_seconds()
        next_look = min(max(due, self._ask_again_at), self._health.look_again_at(), now + _LONGEST_WAIT)
        return max(0.01, next_look - now)

    def _look(self) -> None:
        finding = self._health.look(self._clock.monotonic())
        if finding is not None:
            self._report(self._incident(finding))

    def _incident(self, finding: Finding) -> IncidentReported:
        at, well = self._clock.now(), finding.condition == "well"
        message = {
            "well": f"the candles are back after {finding.seconds:.0f} s",
            "deaf": f"no word of the candles for {finding.seconds:.0f} s; open positions are watched by what is known",
            "frozen": f"the exchange answers and has no new candle for {finding.seconds:.0f} s",
        }[finding.condition]
        return IncidentReported(
            incident_key=f"feed-{'back' if well else 'stale'}/{at.isoformat()}",
            severity="info" if well else "warning",
            error_class="FeedStale",
            message=message if finding.reason is None else f"{message}; last: {finding.reason}",
            details={"seconds": round(finding.seconds, 1), "condition": finding.condition},
            at=at,
            category="network",
        )


def _asked_to_wait(error: ExchangeError) -> float:
    return (error.retry_after or 0.0) if isinstance(error, ExchangeRateLimitError) else 0.0
