"""Calls to an exchange: reads are repeated a few times, sending is not; both tell the shared limit what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from loguru import logger

from common.recovery import Circuit, CircuitBreaker
from worker.venue.exchange.client import CURRENT, Exchanged
from worker.venue.exchange.rate_bucket import Errand, RateBucket
from worker.venue.exchange.verdict import is_clock_skew, of_read_failure, rate_limit_of
from worker.venue.exchange_port import ExchangeError, ExchangeUnavailable
from worker.venue.waiting import Waiting

_TRIES = 3
_FIRST_PAUSE = 0.25
_OUTAGE_PAUSE = 5.0
"""Seconds between two tries of an exchange that is down."""
_LIMIT_SECONDS, _BAN_SECONDS = 5.0, 120.0
"""How long to keep away when the exchange did not say."""


class CircuitOpen(ExchangeUnavailable):
    """Not asked: the exchange has failed too often just now."""


class Calls:
    """Everything that is asked of one client. Belongs to its event loop."""

    def __init__(
        self,
        client: Any,
        bucket: RateBucket,
        waiting: Waiting,
        monotonic: Callable[[], float],
        on_outage: Callable[[str | None], None],
    ) -> None:
        """`on_outage` is told why the exchange is not asked any more, and None when it answers again."""
        self._client = client
        self._bucket = bucket
        self._waiting = waiting
        self._monotonic = monotonic
        self._on_outage = on_outage
        self._breaker = CircuitBreaker(pause=_OUTAGE_PAUSE)
        self._probing = False

    async def read(self, what: str, call: Callable[[], Awaitable[Any]], errand: Errand = "prices") -> Any:
        """The answer to a question that may be repeated. Raises the port's ExchangeError."""
        pause = _FIRST_PAUSE
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._guarded(what, call, errand)
            except CircuitOpen:
                raise
            except ExchangeUnavailable as error:
                if attempt == _TRIES or self._waiting.is_over:
                    raise
                logger.debug("{}; asking again in {:.2f} s", error, pause)
                await self._waiting.pause(pause)
                pause *= 2
        raise AssertionError("unreachable")

    async def _guarded(self, what: str, call: Callable[[], Awaitable[Any]], errand: Errand) -> Any:
        """Not asked at all while the exchange is down, but for one question now and then that tries it."""
        before, probe = self._breaker.state(self._monotonic()), False
        if before is not Circuit.CLOSED:
            if before is Circuit.OPEN or self._probing:
                wait = self._breaker.retry_at(self._monotonic()) - self._monotonic()
                raise CircuitOpen(f"{what}: not asked, the exchange is down; tried again in {wait:.0f} s")
            self._probing = probe = True
        try:
            answer = await self._once(what, call, errand)
        except ExchangeUnavailable as error:
            self._turn(self._breaker.failed(self._monotonic()), str(error))
            raise
        except ExchangeError:
            self._turn(self._breaker.succeeded(self._monotonic()), None)
            raise
        finally:
            if probe:
                self._probing = False
        self._turn(self._breaker.succeeded(self._monotonic()), None)
        return answer

    def _turn(self, after: CircuitBreaker, reason: str | None) -> None:
        was_down, self._breaker = self._breaker.opened_at is not None, after
        is_down = after.opened_at is not None
        if is_down != was_down:
            self._on_outage(reason if is_down else None)

    async def _once(self, what: str, call: Callable[[], Awaitable[Any]], errand: Errand) -> Any:
        with self.exchanged(errand) as exchanged:
            try:
                return await call()
            except asyncio.CancelledError:
                if self._waiting.is_over or not _is_cancelled():
                    raise ExchangeUnavailable(f"{what}: the connection was closed") from None
                raise
            except ExchangeError:
                raise
            except Exception as error:
                await self.learn(error, exchanged)
                raise of_read_failure(error, what, exchanged.retry_after) from error

    @contextmanager
    def exchanged(self, errand: Errand) -> Iterator[Exchanged]:
        """What one call says beside its answer."""
        noted = Exchanged(errand)
        token = CURRENT.set(noted)
        try:
            yield noted
        finally:
            CURRENT.reset(token)

    async def learn(self, error: BaseException, exchanged: Exchanged) -> None:
        """Keep every process of the host away when the exchange asks for it; set the clock right when it is off."""
        limit = rate_limit_of(error, exchanged.status)
        if limit is not None:
            asked = exchanged.retry_after
            self._bucket.ban(asked if asked is not None else _BAN_SECONDS if limit == "ban" else _LIMIT_SECONDS)
        elif is_clock_skew(error):
            await self.set_clock()

    async def set_clock(self) -> None:
        """Measure the difference of the clocks anew; without an answer the old one stays."""
        if not self._client.has.get("fetchTime"):
            return
        try:
            await self._client.load_time_difference()
        except Exception as error:  # noqa: BLE001 - the next call says what is wrong
            logger.debug("the exchange did not tell its time: {}", error)


def _is_cancelled() -> bool:
    """Whether the running task itself is being cancelled, and not merely a future of the client."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
