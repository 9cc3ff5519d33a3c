"""A notice: one piece of news, as it lies in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue


class Kind(StrEnum):
    """What a notice is about; people choose by it what they hear. The words of the message history."""

    ENTRY = "trade_entry"
    EXIT = "trade_exit"
    ERROR = "error"
    STATUS = "status"
    """A bot was started, restarted or stopped."""
    ALERT = "alert"
    """A risk limit was reached; of the service: it is short of something."""
    MILESTONE = "milestone"
    REPORT = "report"
    """A summary of a period."""
    SYSTEM = "system"
    """The service itself was started or stopped, or changed its mode."""


class Priority(StrEnum):
    """How much it hurries; the words of the message history."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 goes first."""
        return (Priority.CRITICAL, Priority.HIGH, Priority.NORMAL, Priority.LOW).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One piece of news."""

    key: str
    """The same key is the same news: it is told once."""
    bot_id: int | None
    """None: about the service."""
    bot_name: str | None = None
    kind: Kind
    topic: str
    """What exactly happened, such as `opened`, `restarted`, `quarantine`."""
    priority: Priority
    at: datetime
    """Wall time, aware UTC."""
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the words are made of; money as text."""
    repeats: bool = False
    """Told again and again until somebody acknowledges it."""
