"""The websocket API: the same operations as over HTTP, and the user stream."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from worker.exchange_sim.connection import Connection, Messages
from worker.exchange_sim.desk import Call, Desk
from worker.exchange_sim.operations import WEBSOCKET
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.signing import customer, verify
from worker.exchange_sim.user_streams import UserStreams


class WebsocketApi:
    """Owned by the server's event loop."""

    def __init__(self, desk: Desk, users: UserStreams, connections: set[Connection]) -> None:
        self._desk, self._users, self._connections = desk, users, connections

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until it ends."""
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, "stream.user", self._desk.faults)
        self._connections.add(connection)
        running: set[asyncio.Task[None]] = set()
        try:
            async for text in Messages(socket, connection):
                task = asyncio.create_task(self._serve(connection, text, request.remote or ""))
                running.add(task)
                task.add_done_callback(running.discard)
        finally:
            self._connections.discard(connection)
            self._users.unsubscribe(connection)
            connection.close()
        return socket

    async def _serve(self, connection: Connection, text: str, address: str) -> None:
        try:
            message = json.loads(text)
            number, method = message.get("id"), str(message.get("method"))
            params = {name: _text(value) for name, value in (message.get("params") or {}).items()}
        except (ValueError, AttributeError):
            connection.send({"id": None, "status": 400, "error": Refusal(-1135, "Invalid JSON Request").body})
            return
        if method.startswith("userDataStream."):
            connection.send({"id": number, **self._user_stream(connection, method, params)})
            return
        operation = WEBSOCKET.get(method)
        if operation is None:
            connection.send({"id": number, "status": 400, "error": Refusal(-1000, f"Unknown method {method}.").body})
            return
        call = Call(
            operation=operation,
            params=params,
            signed_text=_signed_text(params),
            api_key=params.get("apiKey"),
            address=address,
            over="websocket",
        )
        reply = await self._desk.answer(call)
        if reply.hang_up:
            connection.drop()
            return
        try:
            answer = json.loads(reply.text)
        except ValueError:
            answer = {}
        told = {"result": answer} if reply.status == 200 else {"error": answer or {"code": -1000, "msg": reply.text}}
        connection.send({"id": number, "status": reply.status, **told})

    def _user_stream(self, connection: Connection, method: str, params: dict[str, str]) -> dict[str, Any]:
        if method == "userDataStream.unsubscribe":
            self._users.unsubscribe(connection)
            return {"status": 200, "result": {}}
        if method != "userDataStream.subscribe.signature":
            return {"status": 400, "error": Refusal(-1000, f"Unknown method {method}.").body}
        try:
            account = customer(self._desk.house.accounts, params.get("apiKey"))
            verify(account, _signed_text(params), params, self._desk.house.clock.now_ms())
        except Refusal as refusal:
            return {"status": refusal.status, "error": refusal.body}
        return {"status": 200, "result": {"subscriptionId": self._users.subscribe(connection, account)}}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _signed_text(params: dict[str, str]) -> str:
    """Names in alphabetical order."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
