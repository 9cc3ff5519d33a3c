"""Servers on loopback that notifications are sent to: a webhook and Telegram's Bot API in one, and a mail server."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from waiting import PATIENCE


class _Server:
    """A server on a port of its own, on a thread of its own."""

    port: int

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._live())
        self._loop.close()

    async def _live(self) -> None:
        self._over = asyncio.Event()
        await self._serve()

    async def _serve(self) -> None:
        raise NotImplementedError

    async def _until_over(self, port: int) -> None:
        self.port = port
        self._ready.set()
        await self._over.wait()


class WebSink(_Server):
    """Keeps what is posted, by path.

    `/hang…` never answers, `/refuse…` always answers 500, `/twice…` answers 500 two times before it takes anything;
    `/bot<token>/sendMessage` answers as Telegram does. Everything else takes what it gets.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.asked: Counter[str] = Counter()
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def at(self, path: str) -> list[dict[str, Any]]:
        """What was taken at this path, in order."""
        return [body for where, body in list(self.taken) if where == path]

    def messages(self, path: str) -> list[str]:
        return [str(body.get("message") or body.get("text")) for body in self.at(path)]

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        await self._until_over(runner.addresses[0][1])
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.path
        body = await request.json() if request.can_read_body else {}
        self.asked[path] += 1
        if path.startswith("/hang"):
            await self._over.wait()
        if path.startswith("/refuse") or (path.startswith("/twice") and self.asked[path] <= 2):
            return web.Response(status=500)
        self.taken.append((path, body))
        return web.json_response({"ok": True, "result": {"message_id": len(self.taken), "chat": {"id": 1}}})


class MailSink(_Server):
    """Keeps mails."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        super().__init__()

    async def _serve(self) -> None:
        server = await self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        await self._until_over(server.sockets[0].getsockname()[1])
        server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=default))
        return "250 taken"
