"""News of lives: how a bot that trades now came to it, and why one that is off now is off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from supervisor.notify.notice import Kind, Notice, Priority

_AT_ONCE = timedelta(seconds=5)
"""A life that begins so soon after one that ended in good order was meant to replace it."""
_IN_GOOD_ORDER = frozenset({"drained", "terminated", "finished"})


@dataclass(frozen=True, slots=True)
class Earlier:
    """The life before."""

    cause: str | None
    """None: its end was not recorded."""
    generation: str | None
    ended_at: datetime | None


def notice_of_start(
    bot_id: int, incarnation: int, generation: str | None, running_at: datetime, earlier: Earlier | None
) -> Notice:
    """The news that a life trades."""
    topic, why = _story(generation, running_at, earlier)
    return _status(bot_id, f"life/{incarnation}/running", topic, running_at, {"incarnation": incarnation, "why": why})


def _story(generation: str | None, running_at: datetime, earlier: Earlier | None) -> tuple[str, str | None]:
    if earlier is None:
        return "started", None
    if earlier.cause in _IN_GOOD_ORDER:
        soon = earlier.ended_at is not None and running_at - earlier.ended_at <= _AT_ONCE
        if not soon:
            return "started", None
        if earlier.generation != generation:
            return "config_applied", None
        return "restarted", "asked to"
    if earlier.cause == "hangup":
        return "restarted", "asked to"
    return "restarted", f"its last life ended: {earlier.cause or 'nobody knows how'}"


def notice_of_stop(bot_id: int, incarnation: int, status: str, marks: Mapping[str, Any], at: datetime) -> Notice:
    """The news that a bot is off; `incarnation` is its last life that traded."""
    if marks.get("finished"):
        topic, why = "finished", "its data has come to its end"
    elif marks.get("stopped_by") == "service":
        topic, why = "stopped", "the service stops"
    else:
        topic, why = "stopped", "disabled" if status == "disabled" else "by an operator"
    return _status(bot_id, f"life/{incarnation}/off", topic, at, {"incarnation": incarnation, "why": why})


def _status(bot_id: int, key: str, topic: str, at: datetime, facts: dict[str, Any]) -> Notice:
    return Notice(key=key, bot_id=bot_id, kind=Kind.STATUS, topic=topic, priority=Priority.NORMAL, at=at, facts=facts)
