"""The thread that owns the exchange: one event loop, from connecting to disconnecting."""

from __future__ import annotations

import asyncio
import decimal
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from loguru import logger

from common.backoff import delay
from common.clock import Clock
from common.trading.money import CONTEXT
from worker.venue.exchange_port import (
    Exchange,
    ExchangeAuthenticationError,
    ExchangeError,
    ExchangeRateLimitError,
    ExchangeRefusal,
)
from worker.venue.waiting import Waiting

_CLOSE_SECONDS = 20.0
"""How long disconnecting may take, answers under way included."""
_LOOK = 0.2


class ExchangeThread:
    """Runs `work` on the exchange once it is connected. Made, started and closed by the trading thread."""

    def __init__(
        self,
        exchange: Exchange,
        work: Callable[[], Coroutine[Any, Any, None]],
        clock: Clock,
        ring: Callable[[], None],
        before_close: Callable[[], None],
    ) -> None:
        """`ring` is called when the thread has ended; `before_close`, in the loop, before it disconnects."""
        self._exchange = exchange
        self._works = [work]
        self._clock = clock
        self._waiting = Waiting()
        self._ring = ring
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="exchange")
        self._connected = threading.Event()
        self._main: asyncio.Task[None] | None = None
        self._before_close = before_close
        self._give_up_at = 0.0
        self.failure: BaseException | None = None
        """What ended it before it was closed."""

    def also(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run this beside; before `start` only."""
        self._works.append(work)

    def start(self, patience: float, still_here: Callable[[], None]) -> None:
        """Connect within `patience` seconds, trying again over failures that time may mend.

        Raises what `Exchange.open` raised last.
        """
        self._give_up_at = self._clock.monotonic() + patience
        self._thread.start()
        try:
            while self.failure is None and not self._connected.wait(_LOOK):
                still_here()
        except BaseException:
            self.close()
            raise
        if self.failure is not None:
            self._thread.join()
            raise self.failure

    def call(self, what: Callable[..., None], *arguments: Any) -> None:
        """Have `what` called in the loop soon. From any thread; after the end nothing happens."""
        try:
            self._loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:
            logger.debug("the exchange thread has ended; {} is not called", what)

    def close(self) -> None:
        """Disconnect and wait for the end, bounded."""
        if not self._thread.is_alive():
            if self._thread.ident is None:
                self._loop.close()
            return
        self.call(self._leave)
        self._thread.join(_CLOSE_SECONDS + 5.0)
        if self._thread.is_alive():
            logger.warning("the exchange did not let go within {:.0f} s", _CLOSE_SECONDS + 5.0)

    def _leave(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _run(self) -> None:
        decimal.setcontext(CONTEXT.copy())
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._unforeseen)
        try:
            self._main = self._loop.create_task(self._live())
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - the trading thread must know, whatever it was
            self._fail(error)
        finally:
            self._disconnect()
            self._ring()

    async def _live(self) -> None:
        await self._connect()
        self._connected.set()
        async with asyncio.TaskGroup() as group:
            for work in self._works:
                group.create_task(work())

    async def _connect(self) -> None:
        attempt = 0
        while True:
            try:
                await self._exchange.open()
            except (ExchangeAuthenticationError, ExchangeRefusal):
                raise
            except ExchangeError as error:
                attempt += 1
                asked = error.retry_after if isinstance(error, ExchangeRateLimitError) else None
                pause = asked or delay(attempt + 1, 0.5, base=0.5, cap=10.0)
                if self._clock.monotonic() + pause >= self._give_up_at:
                    raise
                logger.warning("the exchange cannot be reached yet ({}); again in {:.1f} s", error, pause)
                await self._waiting.pause(pause)
            else:
                return

    def _disconnect(self) -> None:
        try:
            self._loop.run_until_complete(self._say_goodbye())
        except Exception as error:  # noqa: BLE001 - nothing is lost by it: orders are looked for by the next life
            logger.warning("disconnecting from the exchange failed: {}: {}", type(error).__name__, error)
        finally:
            self._loop.close()

    async def _say_goodbye(self) -> None:
        self._before_close()
        try:
            await asyncio.wait_for(self._exchange.close(), _CLOSE_SECONDS)
        finally:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    def _unforeseen(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message"))
        if error is None or message.endswith("never retrieved"):
            # A client library drops futures of connections it lost; nobody waits for them.
            logger.debug("in the exchange thread: {} {}", message, error or "")
            return
        self._fail(error)
        self._leave()

    def _fail(self, error: BaseException) -> None:
        cause = _innermost(error)
        if self.failure is None:
            self.failure = cause
            logger.opt(exception=cause).debug("the exchange thread ends")
        self._ring()


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
