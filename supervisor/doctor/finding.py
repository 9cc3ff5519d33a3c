"""The answer to one question about an installation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How good or bad it is."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    """It works, and will not for long or not well."""
    BAD = "bad"
    """The service cannot run like this, or does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""
    """What to do about it; empty when it is fine."""


def fine(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name=name, verdict=Verdict.FINE, found=found)


def doubtful(name: str, found: str, remedy: str) -> Finding:
    """Not well."""
    return Finding(name=name, verdict=Verdict.DOUBTFUL, found=found, remedy=remedy)


def bad(name: str, found: str, remedy: str) -> Finding:
    """It cannot stay like this."""
    return Finding(name=name, verdict=Verdict.BAD, found=found, remedy=remedy)
