"""The local control socket: one JSON line in, one JSON line out, for `botctl`.

Belongs to the control loop, which never waits for a client: it reads what is there, makes the answer, and
hands the connection to a short-lived thread that sends it and closes. Desired state is not changed here but
in the database.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor.control.place import ControlListener, connect

_LARGEST_REQUEST = 65_536

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class ControlSocket:
    """The listening socket and its present clients."""

    def __init__(self, place: ControlListener, answer: Answer) -> None:
        self._answer = answer
        self._place = place
        self._listener = place.socket
        self._clients: dict[int, tuple[socket.socket, bytearray]] = {}

    def fileno(self) -> int:
        return self._listener.fileno()

    def accept(self) -> list[int]:
        """Take waiting clients in; returns their descriptors, to be polled."""
        taken: list[int] = []
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return taken
            client.setblocking(False)
            self._clients[client.fileno()] = (client, bytearray())
            taken.append(client.fileno())

    def clients(self) -> set[int]:
        """Descriptors of the present clients."""
        return set(self._clients)

    def serve(self, descriptor: int) -> bool:
        """Read from a client; answer its one request. False when the client must not be polled any more."""
        client, pending = self._clients[descriptor]
        try:
            chunk = client.recv(_LARGEST_REQUEST)
        except BlockingIOError:
            return True
        except OSError:
            chunk = b""
        pending += chunk
        if b"\n" in chunk:
            self._clients.pop(descriptor)
            self._reply(client, bytes(pending).split(b"\n", 1)[0])
            return False
        if not chunk or len(pending) > _LARGEST_REQUEST:
            self._clients.pop(descriptor)
            client.close()
            return False
        return True

    def close(self) -> None:
        """Stop listening and remove the file that told where."""
        for client, _ in self._clients.values():
            client.close()
        self._clients.clear()
        self._place.close()

    def _trusts(self, token: object) -> bool:
        known = self._place.token
        return known is None or (isinstance(token, str) and hmac.compare_digest(token.encode(), known.encode()))

    def _reply(self, client: socket.socket, line: bytes) -> None:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("a request is a JSON object")
            token = request.pop("token", None)
            response = self._answer(request) if self._trusts(token) else {"error": "this request knows no secret"}
        except (ValueError, RecursionError) as error:
            response = {"error": f"request not understood: {error}"}
        payload = json.dumps(response, default=str).encode() + b"\n"
        try:
            threading.Thread(target=_send_and_close, args=(client, payload), name="control-reply", daemon=True).start()
        except RuntimeError:  # no thread to be had: what the socket takes at once must do
            with client, contextlib.suppress(OSError):
                client.sendall(payload)


def _send_and_close(client: socket.socket, payload: bytes) -> None:
    with client:
        client.settimeout(2.0)
        with contextlib.suppress(OSError):
            client.sendall(payload)


def ask(run_dir: Path, request: dict[str, Any], timeout: float = 2.0) -> dict[str, Any] | None:
    """Ask the running supervisor; None when none answers in `timeout` seconds."""
    connected = connect(run_dir, timeout)
    if connected is None:
        return None
    client, token = connected
    sent = request if token is None else request | {"token": token}
    received = bytearray()
    with client:
        try:
            client.sendall(json.dumps(sent).encode() + b"\n")
            while not received.endswith(b"\n"):
                chunk = client.recv(1 << 16)
                if not chunk:
                    return None
                received += chunk
        except OSError:
            return None
    answer = json.loads(received)
    return answer if isinstance(answer, dict) else None
