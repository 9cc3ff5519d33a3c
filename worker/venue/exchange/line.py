"""The open line to an exchange: its client, what it is asked through, and the instrument the line is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loguru import logger

from common.clock import Clock
from worker.venue.exchange.calls import Calls
from worker.venue.exchange.stream import Stream
from worker.venue.exchange_port import Market
from worker.venue.waiting import Waiting

_POLL = 2.0
"""Seconds between two questions for what the exchange has no stream of."""


@dataclass(slots=True)
class Line:
    """Belongs to one event loop; made when the exchange was reached, of no use once it is left."""

    name: str
    """Of the exchange."""
    client: Any
    calls: Calls
    waiting: Waiting
    clock: Clock
    market: Market
    described: Mapping[str, Any]
    """The market in the client's words."""

    @property
    def timeout(self) -> float:
        """Seconds one request may take."""
        return timeout_of(self.client)

    async def read(self, what: str, method: str, *arguments: Any) -> Any:
        """The answer of one of the client's reading methods. Raises the port's ExchangeError."""
        return await self.calls.read(f"{self.name}: {what}", lambda: getattr(self.client, method)(*arguments))

    async def inquire(self, what: str, method: str, *arguments: Any) -> Any:
        """The same about orders: it does not queue behind prices."""
        return await self.calls.read(
            f"{self.name}: {what}", lambda: getattr(self.client, method)(*arguments), "inquiry"
        )

    def stream(
        self,
        name: str,
        watch: str,
        ask: str,
        arguments: tuple[Any, ...],
        *,
        silence: float | None,
        ask_with: tuple[Any, ...] | None = None,
        ask_more: Mapping[str, Any] | None = None,
    ) -> Stream:
        """News by the client's method `watch` where it has it, else by `ask`."""
        client, asking, more = self.client, ask_with or arguments, dict(ask_more or {})
        watching = getattr(client, watch) if client.has.get(camel(watch)) and hasattr(client, watch) else None
        return Stream(
            name,
            self.calls,
            self.waiting,
            None if watching is None else lambda: watching(*arguments),
            lambda: getattr(client, ask)(*asking, **more),
            poll=_POLL,
            silence=silence,
            reopen=self._reopen,
        )

    async def _reopen(self) -> None:
        """Drop every connection of the streams; each is made anew when it is watched next."""
        for url, connection in list(getattr(self.client, "clients", {}).items()):
            self.client.clients.pop(url, None)
            try:
                await connection.close()
            except Exception as error:  # noqa: BLE001 - it is being thrown away
                logger.debug("closing a stream: {}", error)


def timeout_of(client: Any) -> float:
    """Seconds that `client` gives one request."""
    return float(client.timeout) / 1000


def camel(method: str) -> str:
    """The name under which the client says whether it has `method`."""
    first, *rest = method.replace("ohlcv", "OHLCV").split("_")
    return first + "".join(part if part.isupper() else part.capitalize() for part in rest)
