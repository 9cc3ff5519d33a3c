"""Which incidents are news, and for whom."""

from __future__ import annotations

from common.error_class import ErrorClass
from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.store.commands import RecordIncident

_ERRORS = frozenset({"error", "critical"})
_ERRORS_THOUGH_WARNINGS = frozenset({"worker", "limit"})
"""Incidents of bots that end or prevent trading, although the service copes with them."""
_TYPE_OF_CLASS = {
    "configuration": "CONFIG_ERROR",
    "quarantine": "RESTART_LIMIT",
    "limit": "START_ERROR",
    "database": "DATABASE_ERROR",
    "failover": "FAILOVER",
    "resources": "RESOURCES",
}
_TYPE_OF_CATEGORY = {
    ErrorClass.CONFIGURATION: "CONFIG_ERROR",
    ErrorClass.EXCHANGE: "BROKER_ERROR",
    ErrorClass.AUTHENTICATION: "BROKER_ERROR",
    ErrorClass.RATE_LIMIT: "BROKER_ERROR",
    ErrorClass.DATABASE: "DATABASE_ERROR",
}


def notice_of(incident: RecordIncident, bot_name: str | None = None) -> Notice | None:
    """The news in an incident; None when it is none. What completes an incident was told when it began."""
    if incident.completes:
        return None
    kind = _kind(incident)
    if kind is None:
        return None
    critical = incident.severity == "critical"
    priority = Priority.CRITICAL if incident.severity in _ERRORS else Priority.HIGH
    return Notice(
        key=f"incident/{incident.key}"[:255],
        bot_id=incident.bot_id,
        bot_name=bot_name,
        kind=kind,
        topic=incident.error_class[:64],
        priority=Priority.NORMAL if kind is Kind.SYSTEM and not critical else priority,
        at=incident.at,
        facts={
            "severity": incident.severity,
            "error_type": error_type(incident),
            "error_class": incident.error_class,
            "category": None if incident.category is None else str(incident.category),
            "message": incident.message,
            "incarnation": incident.incarnation,
        },
        repeats=critical,
    )


def _kind(incident: RecordIncident) -> Kind | None:
    if incident.severity in _ERRORS:
        return Kind.ERROR
    if incident.bot_id is None:
        if incident.error_class == "failover":
            return Kind.SYSTEM
        return Kind.ALERT if incident.severity == "warning" else None
    return Kind.ERROR if incident.severity == "warning" and incident.error_class in _ERRORS_THOUGH_WARNINGS else None


def error_type(incident: RecordIncident) -> str:
    """The word for what failed that stands before the message."""
    named = _TYPE_OF_CLASS.get(incident.error_class)
    if named is not None:
        return named
    if "feed" in incident.error_class.lower():
        return "DATA_FEED_ERROR"
    return _TYPE_OF_CATEGORY.get(incident.category, "RUNTIME_ERROR") if incident.category else "RUNTIME_ERROR"
