"""One websocket to a client: what is sent, and what goes wrong with it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from worker.exchange_sim.faults import STREAM, Fault, Faults

_MOST_WAITING = 20_000


class Connection:
    """Owned by the server's event loop. `send` never waits; a task of its own writes."""

    def __init__(self, socket: web.WebSocketResponse, kind: str, faults: Faults) -> None:
        """`kind`: stream.user or stream.market."""
        self.kind = kind
        self.muted = False
        """Half-open: whatever is sent, pongs too, is lost, and the client is not told."""
        self._socket = socket
        self._faults = faults
        self._waiting: asyncio.Queue[str] = asyncio.Queue(_MOST_WAITING)
        self._kept: list[str] = []
        self._writer = asyncio.create_task(self._write())

    def send(self, message: Any) -> None:
        """An answer; no fault touches it but being muted."""
        self._put(json.dumps(message))

    def publish(self, text: str, facts: dict[str, str]) -> None:
        """An event, which faults may strike."""
        fault = self._faults.draw(STREAM, self.kind, facts)
        if fault is not None:
            self._suffer(fault, text)
            return
        self._put(text)
        while self._kept:
            self._put(self._kept.pop(0))

    def drop(self) -> None:
        """Cut the connection."""
        transport = self._socket.get_extra_info("transport")
        if transport is not None:
            transport.abort()

    async def pong(self, payload: bytes) -> None:
        """Answer a ping, unless muted."""
        if not self.muted:
            await self._socket.pong(payload)

    def close(self) -> None:
        """Stop writing."""
        self._writer.cancel()

    def _suffer(self, fault: Fault, text: str) -> None:
        what = fault.rule.fault
        if what == "duplicate":
            self._put(text)
            self._put(text)
        elif what == "reorder":
            self._kept.append(text)
            asyncio.get_running_loop().call_later(fault.rule.seconds, self._put_late, text)
        elif what == "drop":
            self.drop()
        elif what == "mute":
            self.muted = True

    def _put_late(self, text: str) -> None:
        if text in self._kept:
            self._kept.remove(text)
            self._put(text)

    def _put(self, text: str) -> None:
        if self.muted:
            return
        try:
            self._waiting.put_nowait(text)
        except asyncio.QueueFull:
            self.drop()

    async def _write(self) -> None:
        try:
            while True:
                await self._socket.send_str(await self._waiting.get())
        except (ConnectionError, RuntimeError):
            self.drop()


class Messages:
    """The texts a client sends; its pings are answered on the way."""

    def __init__(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        self._socket, self._connection = socket, connection

    def __aiter__(self) -> Messages:
        return self

    async def __anext__(self) -> str:
        while True:
            message = await self._socket.receive()
            if message.type == WSMsgType.TEXT:
                return str(message.data)
            if message.type == WSMsgType.PING:
                await self._connection.pong(message.data)
            elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                raise StopAsyncIteration
