"""The apprise URLs behind e-mail addresses, chats and plain webhooks. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

_TO_APPRISE = {"smtp": "mailto", "smtps": "mailtos", "mailto": "mailto", "mailtos": "mailtos"}


def mail_url(account: str, recipient: str) -> str:
    """The account's URL (`smtp://user:password@host:port?from=…`, or apprise's mailto) with this recipient.

    Raises ValueError when it is no such URL; the message never shows it.
    """
    parts = urlsplit(account)
    scheme = _TO_APPRISE.get(parts.scheme.lower())
    if scheme is None or not parts.hostname:
        raise ValueError("BOTVISOR_SMTP_URL must be smtp://user:password@host:port?from=address (smtps:// for TLS)")
    query = dict(parse_qsl(parts.query))
    plain = parts.scheme.lower() == "smtp" and not parts.username
    query = ({"mode": "insecure"} if plain else {}) | query
    if parts.scheme.lower() in ("smtp", "smtps"):
        query.setdefault("smtp", parts.hostname)
    query["to"] = recipient
    return f"{scheme}://{parts.netloc}{parts.path}?{urlencode(query, quote_via=quote)}"


def chat_url(token: str, chat_id: str) -> str:
    """A Telegram chat, spoken to by the bot of this token."""
    return f"tgram://{quote(token, safe=':')}/{quote(chat_id, safe='-@')}/"


def webhook_url(url: str) -> str:
    """A plain http(s) URL as apprise's JSON target; its query goes along. Other URLs stay as they are."""
    parts = urlsplit(url)
    scheme = {"http": "json", "https": "jsons"}.get(parts.scheme.lower())
    if scheme is None:
        return url
    query = urlencode([(f"-{key}", value) for key, value in parse_qsl(parts.query, keep_blank_values=True)])
    return f"{scheme}://{parts.netloc}{parts.path}{'?' if query else ''}{query}"
