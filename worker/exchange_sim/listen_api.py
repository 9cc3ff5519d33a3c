"""The user stream of perpetuals over websockets: named by a listen key in its address."""

from __future__ import annotations

from aiohttp import web

from worker.exchange_sim.account import Account
from worker.exchange_sim.connection import Connection, Messages
from worker.exchange_sim.desk import Desk
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.user_streams import UserStreams


class ListenApi:
    """Owned by the server's event loop."""

    def __init__(self, desk: Desk, users: UserStreams, connections: set[Connection]) -> None:
        self._desk, self._users, self._connections = desk, users, connections

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until it ends."""
        account = self._account(request.query.get("listenKey", ""))
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, "stream.user", self._desk.faults)
        self._connections.add(connection)
        try:
            if account is None:
                connection.send({"error": Refusal(-1125, "This listenKey does not exist.").body})
            else:
                self._users.subscribe(connection, account, wrapped=False)
            async for _ in Messages(socket, connection):
                connection.send({"result": None})
        finally:
            self._connections.discard(connection)
            self._users.unsubscribe(connection)
            connection.close()
        return socket

    def _account(self, key: str) -> Account | None:
        return next((one for one in self._desk.house.accounts.values() if one.listen_key == key), None)
