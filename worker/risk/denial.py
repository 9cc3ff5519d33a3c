"""Why a signal is not followed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A refusal: the rule, in words, and the figures."""

    rule: str
    message: str
    limit: str | None = None
    value: str | None = None
