"""Messages that nobody we know would send: counted, and told at most once per second."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from loguru import logger

REPORT_INTERVAL = 1.0
"""Least seconds between two reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicious:
    """What came in since the last report and was ignored."""

    count: int
    reasons: tuple[tuple[str, int], ...]
    """Each reason and how often, most frequent first."""
    sample: str
    """The last one in words, with the first bytes of what it said; never a secret."""


class Suspicions:
    """Collects what is ignored until it is time to tell."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._sample = ""
        self._next_report = float("-inf")

    def note(self, reason: str, detail: str) -> None:
        """Count one; `reason` is one of few, `detail` says more."""
        self._counts[reason] += 1
        self._sample = f"{reason}: {detail}"

    def due(self, now: float) -> Suspicious | None:
        """The report when there is something to tell and it is time; `now` is monotonic seconds."""
        if not self._counts or now < self._next_report:
            return None
        report = Suspicious(count=self._counts.total(), reasons=tuple(self._counts.most_common()), sample=self._sample)
        self._counts.clear()
        self._next_report = now + REPORT_INTERVAL
        return report


def tell_in_log(report: Suspicious) -> None:
    """Write a report about ignored messages to the log."""
    reasons = ", ".join(f"{reason} x{count}" for reason, count in report.reasons)
    logger.warning(
        "{} messages on the workers' socket were ignored ({}); the last: {}", report.count, reasons, report.sample
    )
