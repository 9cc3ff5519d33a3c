"""The REST API over HTTP."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from aiohttp import web

from worker.exchange_sim.desk import Call, Desk, Reply
from worker.exchange_sim.operations import CONTRACT_REST, REST
from worker.exchange_sim.refusal import Refusal

_SIGNATURE = re.compile(r"(^|&)signature=[^&]*")


class RestApi:
    """Owned by the server's event loop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._operations = CONTRACT_REST if desk.house.setup.perpetual else REST

    def routes(self) -> list[web.RouteDef]:
        """One for each operation."""
        return [web.route(method, path, self.handle) for method, path in self._operations]

    async def handle(self, request: web.Request) -> web.Response:
        """One request. It is carried out whole even when the client has gone meanwhile."""
        query = request.raw_path.partition("?")[2]
        body = await request.text()
        sent = "&".join(part for part in (query, body) if part)
        reply = await self._desk.answer(
            Call(
                operation=self._operations[request.method, request.path],
                params=dict(parse_qsl(sent, keep_blank_values=True)),
                signed_text=_SIGNATURE.sub("", query) + _SIGNATURE.sub("", body),
                api_key=request.headers.get("X-MBX-APIKEY"),
                address=request.remote or "",
                over="rest",
            )
        )
        return _response(request, reply)


def _response(request: web.Request, reply: Reply) -> web.Response:
    if reply.hang_up and request.transport is not None:
        request.transport.abort()
    headers = {"Content-Type": "application/json;charset=UTF-8", **reply.headers}
    return web.Response(status=reply.status, text=reply.text, headers=headers)


async def unknown_path(request: web.Request) -> web.Response:
    """What this exchange does not have is said, not guessed."""
    refusal = Refusal(-1000, f"The stand-in exchange has no {request.method} {request.path}.", 404)
    return web.json_response(refusal.body, status=refusal.status)
