"""Rules of a strategy that fail: counted, and reported now and then."""

from __future__ import annotations

from collections import Counter

from common.error_class import ErrorClass, classify
from common.wire.facts import IncidentReported
from worker.feeds.bar import Bar

_FAILURES_A_REPORT = 100
"""A rule that fails on every bar is reported each so many times."""


class FailureCount:
    """Failures of one life by rule."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    def report(self, where: str, error: Exception, bar: Bar) -> IncidentReported | None:
        """Count a failure of `where` on `bar`; what an operator shall read of it, if anything."""
        self._failures[where] += 1
        count = self._failures[where]
        if count != 1 and count % _FAILURES_A_REPORT:
            return None
        kind = type(error).__name__
        times = "" if count == 1 else f"; {count} times in this life"
        return IncidentReported(
            incident_key=f"rule/{where}/{bar.opened_at.isoformat()}",
            severity="error",
            error_class=kind,
            message=f"{where} failed at bar {bar.index} and counts as no: {kind}: {error}{times}",
            details={"count": count},
            at=bar.opened_at,
            category=str(classify(error, ErrorClass.STRATEGY)),
        )
