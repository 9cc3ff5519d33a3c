"""The HTTP pages: /metrics, /livez, /readyz, /healthz. Read only, without a password, for loopback or a trusted net."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST

from common.clock import Clock
from supervisor.telemetry.prometheus import PrometheusMeter
from supervisor.telemetry.pulse import Condition

_TIMEOUT = 5.0


class TelemetryEndpoint:
    """One listening thread, and a short-lived one for each request; they read what the meter was told last."""

    def __init__(self, host: str, port: int, meter: PrometheusMeter, clock: Clock) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        self._server = _Server((host, port), meter, clock)
        self._thread = threading.Thread(target=self._server.serve_forever, name="telemetry", daemon=True)
        self._thread.start()
        logger.info("Metrics and health at http://{}:{}/", host, self.port)

    @property
    def port(self) -> int:
        """The port listened at, also when 0 was asked for."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_TIMEOUT)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], meter: PrometheusMeter, clock: Clock) -> None:
        self.meter = meter
        self.clock = clock
        super().__init__(address, _Page)


class _Page(BaseHTTPRequestHandler):
    server: _Server
    server_version = "botvisor"
    sys_version = ""
    timeout = _TIMEOUT

    def do_GET(self) -> None:
        """Answer one request."""
        pulse, now = self.server.meter.pulse, self.server.clock.monotonic()
        match self.path.split("?", 1)[0].rstrip("/"):
            case "/metrics":
                self._send(HTTPStatus.OK, CONTENT_TYPE_LATEST, self.server.meter.page())
            case "/livez":
                self._verdict(pulse.is_alive(now), {"alive": pulse.is_alive(now)})
            case "/readyz":
                parts = {"database": pulse.database_up, "started": pulse.started, "stopping": pulse.stopping}
                self._verdict(pulse.is_ready(now), {"ready": pulse.is_ready(now), **parts})
            case "/healthz" | "":
                condition = pulse.condition(now)
                document = {"status": condition, "components": pulse.components(now)}
                self._verdict(condition is not Condition.UNHEALTHY, document)
            case _:
                self._json(HTTPStatus.NOT_FOUND, {"error": "pages: /metrics /healthz /livez /readyz"})

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not worth a line."""

    def _verdict(self, good: bool, document: Mapping[str, object]) -> None:
        self._json(HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE, document)

    def _json(self, status: HTTPStatus, document: Mapping[str, object]) -> None:
        self._send(status, "application/json", json.dumps(document, default=str).encode() + b"\n")

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
