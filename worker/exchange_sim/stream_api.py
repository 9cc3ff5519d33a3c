"""The market streams over websockets."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from worker.exchange_sim.connection import Connection, Messages
from worker.exchange_sim.faults import Faults
from worker.exchange_sim.market_streams import MarketStreams
from worker.exchange_sim.refusal import Refusal


class StreamApi:
    """Owned by the server's event loop."""

    def __init__(self, streams: MarketStreams, faults: Faults, connections: set[Connection]) -> None:
        self._streams, self._faults, self._connections = streams, faults, connections

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until it ends. Stream names may stand in its path or in `?streams=`."""
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, "stream.market", self._faults)
        self._connections.add(connection)
        asked = request.query.get("streams", "")
        named = asked or request.match_info.get("tail", "")
        try:
            self._streams.subscribe(connection, (part for part in named.split("/") if "@" in part), wrapped=bool(asked))
            async for text in Messages(socket, connection):
                connection.send(self._answer(connection, text, wrapped=bool(asked)))
        except Refusal as refusal:
            connection.send({"error": refusal.body})
        finally:
            self._connections.discard(connection)
            self._streams.unsubscribe(connection)
            connection.close()
        return socket

    def _answer(self, connection: Connection, text: str, *, wrapped: bool) -> dict[str, Any]:
        number = None
        try:
            message = json.loads(text)
            number, method = message.get("id"), message.get("method")
            names = [str(name) for name in message.get("params") or ()]
            if method == "SUBSCRIBE":
                self._streams.subscribe(connection, names, wrapped=wrapped)
            elif method == "UNSUBSCRIBE":
                self._streams.unsubscribe(connection, names)
            elif method == "LIST_SUBSCRIPTIONS":
                return {"result": self._streams.of(connection), "id": number}
            else:
                raise Refusal(2, f"Invalid request: unknown method {method!r}")
        except Refusal as refusal:
            return {"id": number, "error": refusal.body}
        except (ValueError, AttributeError, TypeError):
            return {"id": number, "error": Refusal(3, "Invalid JSON").body}
        return {"result": None, "id": number}
