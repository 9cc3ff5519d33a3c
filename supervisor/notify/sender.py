"""The only place that knows apprise: one message to one target, now, on the calling thread.

apprise is imported with the first message; it is large, and a service that tells nobody anything does without it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Protocol

from common import logs
from supervisor.notify.parcel import Parcel, Receipt
from supervisor.notify.redaction import redacted
from supervisor.notify.urls import webhook_url

_LOGGER = "apprise"
_NO_REASON = "the service did not take it and gave no reason"
_OWN_KEYS = frozenset({"version", "title", "message", "type", "attachments"})
_LEVELS = {"LOW": "info", "NORMAL": "info", "HIGH": "warning", "CRITICAL": "failure"}


class Sender(Protocol):
    """Who can send a parcel; blocks until it is known what became of it. Never raises."""

    def send(self, parcel: Parcel) -> Receipt:
        """Send it."""


class AppriseSender:
    """Sends by apprise. Safe to use from several threads: each message gets a plugin object of its own."""

    def __init__(self, telegram_api: str = "https://api.telegram.org") -> None:
        self._telegram_api = telegram_api.rstrip("/")

    def send(self, parcel: Parcel) -> Receipt:
        """Send it, long texts in parts. What apprise logs on this thread becomes the reason of a failure."""
        began = time.monotonic()
        with _Listening() as heard:
            try:
                delivered, error = self._try(parcel), None
            except Exception as failure:  # noqa: BLE001 - some hundred plugins of apprise may raise anything
                delivered, error = False, f"{type(failure).__name__}: {failure}"
        if not delivered:
            error = error or "; ".join(dict.fromkeys(heard.lines)) or _NO_REASON
        return Receipt(delivered, None if error is None else redacted(error)[:500], time.monotonic() - began)

    def problem(self, url: str) -> str | None:
        """Why apprise cannot use the URL; None when it can. Nothing is sent."""
        with _Listening() as heard:
            try:
                usable = self._plugin(url, 1.0) is not None
            except Exception as failure:  # noqa: BLE001 - see above
                return redacted(f"{type(failure).__name__}: {failure}")
        return None if usable else redacted("; ".join(heard.lines) or "apprise does not know such a URL")

    def _try(self, parcel: Parcel) -> bool:
        import apprise

        plugin = self._plugin(parcel.url, parcel.timeout)
        if plugin is None:
            raise ValueError("apprise does not know such a URL; see https://appriseit.com for their forms")
        webhook = _is_webhook(plugin)
        if webhook:
            extras = {key: value for key, value in parcel.payload.items() if key not in _OWN_KEYS}
            plugin.payload_extras = {"attachments": "", **extras, **plugin.payload_extras}
        message = parcel.message
        brief = webhook or _is_telegram(plugin)  # a program has the figures, a phone has little room
        return bool(
            plugin.notify(
                title=message.title,
                body=message.body if brief else message.long,
                notify_type=apprise.NotifyType(_LEVELS[message.priority]),
                body_format=apprise.NotifyFormat.TEXT,
                overflow=apprise.OverflowMode.SPLIT,
            )
        )

    def _plugin(self, url: str, timeout: float) -> Any:
        import apprise

        asset = apprise.AppriseAsset(app_id="botvisor", app_desc="botvisor", app_url="", async_mode=False)
        plugin: Any = apprise.Apprise.instantiate(webhook_url(url), asset=asset, suppress_exceptions=True)
        if plugin is None:
            return None
        plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout
        if _is_telegram(plugin):
            plugin.notify_url = f"{self._telegram_api}/bot"
        return plugin


def _is_telegram(plugin: Any) -> bool:
    return type(plugin).__name__ == "NotifyTelegram"


def _is_webhook(plugin: Any) -> bool:
    return type(plugin).__name__ == "NotifyJSON"


class _Listening:
    """Hears what apprise logs on this thread."""

    def __enter__(self) -> _Listening:
        self.lines: list[str] = []
        _ears.lines = self.lines
        _listen()
        return self

    def __exit__(self, *_: object) -> None:
        _ears.lines = None


_ears = threading.local()


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        lines = getattr(_ears, "lines", None)
        if lines is not None and record.levelno >= logging.WARNING:
            lines.append(logs.scrub(record.getMessage()))


_HANDLER = _Handler(logging.WARNING)


def _listen() -> None:
    """Take apprise's log lines, and keep them from the terminal."""
    logger = logging.getLogger(_LOGGER)
    if _HANDLER not in logger.handlers:
        logger.addHandler(_HANDLER)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
