"""Where a message goes: a name that may be stored and shown, and apart from it the URL, which may not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urlsplit

_CHANNEL_OF_SCHEME = {
    "json": "webhook",
    "jsons": "webhook",
    "http": "webhook",
    "https": "webhook",
    "mailto": "email",
    "mailtos": "email",
    "tgram": "telegram",
}


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One target. Equal addresses are one target: it hears each piece of news once."""

    ref: str
    """`email:…`, `telegram:…`, or `url:` and a digest."""
    channel: str
    """`email`, `telegram`, `webhook`, or the URL's scheme; limits go by it."""


def email_address(recipient: str) -> Address:
    """An e-mail address."""
    return Address(f"email:{recipient.strip().lower()}"[:160], "email")


def chat_address(chat_id: str) -> Address:
    """A Telegram chat."""
    return Address(f"telegram:{chat_id.strip()}"[:160], "telegram")


def url_address(url: str) -> Address:
    """An apprise URL, or a plain http(s) URL that JSON is posted to."""
    scheme = url.partition("://")[0].lower()
    digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:16]
    return Address(f"url:{digest}", _CHANNEL_OF_SCHEME.get(scheme, scheme)[:50])


def shown(url: str) -> str:
    """As much of a URL as tells it from others, and no secret: scheme, host, port."""
    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{scheme}://…"
    if _CHANNEL_OF_SCHEME.get(scheme.lower()) not in ("webhook", "email"):
        return f"{scheme}://…"  # elsewhere tokens stand where the host should
    return f"{scheme}://{host}{'' if port is None else f':{port}'}/…"
