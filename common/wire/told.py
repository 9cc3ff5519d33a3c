"""Sentences that a worker reports: what an exchange or its client library said may hold what nobody shall read."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from common.redaction import scrub

Told = Annotated[str, AfterValidator(scrub)]
"""Text without the secrets that the process knows when it makes the sentence."""
