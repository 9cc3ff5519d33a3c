"""News of one kind: heard over the socket, asked for where there is none or while it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger

from worker.venue.exchange.calls import Calls
from worker.venue.waiting import Waiting

_FIRST_PAUSE = 0.2
_PATIENCE = 4
"""Failures in a row after which a stream is left alone for a while."""
LISTEN_AGAIN_AFTER = 30.0
"""Seconds for which it is left alone; meanwhile the same is asked for. An attempt to connect can take long itself."""


class Stream:
    """One subscription. Its failures are no failures of the caller: then the same is asked for instead."""

    def __init__(
        self,
        name: str,
        calls: Calls,
        waiting: Waiting,
        watch: Callable[[], Awaitable[Any]] | None,
        ask: Callable[[], Awaitable[Any]],
        *,
        poll: float,
        silence: float | None,
        reopen: Callable[[], Awaitable[None]],
    ) -> None:
        """`watch`: None where the exchange has no such stream, then `ask` is called each `poll` seconds.

        A stream that says nothing for `silence` seconds counts as broken (None: it may be silent for ever); `reopen`
        drops its connection.
        """
        self._name = name
        self._calls = calls
        self._waiting = waiting
        self._watch = watch
        self._ask = ask
        self._poll = poll
        self._silence = silence
        self._reopen = reopen
        self._failures = 0
        self._listen_at = 0.0

    async def next(self) -> Any:
        """The next news. Raises the port's ExchangeError when neither way leads to the exchange."""
        if self._watch is None or asyncio.get_running_loop().time() < self._listen_at:
            await self._waiting.pause(self._poll)
            return await self._calls.read(self._name, self._ask)
        try:
            news = await asyncio.wait_for(self._watch(), self._silence)
        except TimeoutError:
            logger.debug("{}: silent for {} s; asking, and connecting anew", self._name, self._silence)
            await self._reopen()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling() or self._waiting.is_over:
                raise
            await self._rest("the connection was closed")
        except Exception as error:  # noqa: BLE001 - the client's streams raise anything
            if type(error).__name__ == "NotSupported":
                logger.debug("{}: no stream ({}); asking every {} s", self._name, error, self._poll)
                self._watch = None
            else:
                await self._rest(f"{type(error).__name__}: {error}")
        else:
            if self._failures >= _PATIENCE:
                logger.info("{}: the stream is back", self._name)
            self._failures = 0
            return news
        return await self._calls.read(self._name, self._ask)

    async def _rest(self, reason: str) -> None:
        self._failures += 1
        if self._failures < _PATIENCE:
            logger.debug("{}: the stream failed ({}); asking, and connecting anew", self._name, reason)
        elif self._failures == _PATIENCE:
            logger.info("{}: there is no stream ({}); asking every {} s instead", self._name, reason, self._poll)
        if self._failures >= _PATIENCE:
            self._listen_at = asyncio.get_running_loop().time() + LISTEN_AGAIN_AFTER
        await self._waiting.pause(min(_FIRST_PAUSE * 2 ** min(self._failures - 1, 10), self._poll))
