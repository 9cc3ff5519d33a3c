"""What becomes of a message after an attempt to send it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

_FIRST_DELAY = 2.0
_LONGEST_DELAY = 300.0
_ENOUGH = 8
"""Attempts after which a message that its target refuses, while it takes others, is given up."""


def next_try(attempts: int, created_at: datetime, now: datetime, give_up: timedelta, *, down: bool) -> datetime | None:
    """When a message that failed is due again, after 2, 4, 8 … 300 s; None when it is given up.

    `attempts` counts those before this one; `down`: the target takes nothing at all, which is no fault of the message.
    """
    if now - created_at >= give_up or (attempts + 1 >= _ENOUGH and not down):
        return None
    return now + timedelta(seconds=min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(attempts, 20)))
