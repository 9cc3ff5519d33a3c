"""News as a program reads it: the JSON of a webhook, and what the message history keeps. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from supervisor.notify.notice import Kind, Notice
from supervisor.notify.phrasing import Message, group_of, phrase, phrase_together
from supervisor.notify.redaction import cleaned, redacted


def words_of(notices: Sequence[Notice], reminder: int) -> Message:
    """The message about them, without secrets; `reminder` counts how often the one was told before."""
    message = phrase(notices[0], reminder=reminder) if reminder else phrase_together(notices)
    details = tuple(redacted(line) for line in message.details)
    return Message(redacted(message.title), redacted(message.body), details, message.priority)


def payload_of(notices: Sequence[Notice]) -> dict[str, Any]:
    """The figures of one; of several, a list of them under `events`."""
    if len(notices) == 1:
        return _figures(notices[0])
    return {"event": group_of(notices[0].kind), "count": len(notices), "events": [_figures(one) for one in notices]}


def content_of(notice: Notice) -> dict[str, Any]:
    """Title, text and figures of one, for the history."""
    message = words_of([notice], 0)
    return {"title": message.title, "message": message.body, "details": list(message.details)} | _figures(notice)


def _figures(notice: Notice) -> dict[str, Any]:
    figures: dict[str, Any] = {
        **notice.facts,
        "event": str(notice.kind),
        "topic": notice.topic,
        "priority": str(notice.priority),
        "bot_id": notice.bot_id,
        "bot_name": notice.bot_name,
        "timestamp": notice.at.isoformat(),
    }
    if notice.kind in (Kind.ENTRY, Kind.EXIT):
        buys = (notice.kind is Kind.ENTRY) == (notice.facts.get("direction") != "short")
        figures["order_type"] = "BUY" if buys else "SELL"
    return cleaned(figures)
