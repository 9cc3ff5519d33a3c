"""News of the service itself."""

from __future__ import annotations

from datetime import datetime

from supervisor.notify.notice import Kind, Notice, Priority


def service_started(host: str, at: datetime, *, crashed: bool) -> Notice:
    """The supervisor has taken the database; `crashed`: the one before it never released it."""
    topic = "started_after_crash" if crashed else "started"
    priority = Priority.HIGH if crashed else Priority.NORMAL
    return _notice(f"service/started/{at.isoformat()}", topic, priority, host, at)


def service_stopped(host: str, at: datetime) -> Notice:
    """The supervisor has released the database."""
    return _notice(f"service/stopped/{at.isoformat()}", "stopped", Priority.NORMAL, host, at)


def _notice(key: str, topic: str, priority: Priority, host: str, at: datetime) -> Notice:
    return Notice(key=key, bot_id=None, kind=Kind.SYSTEM, topic=topic, priority=priority, at=at, facts={"host": host})
