"""Bar intervals as texts: 5m, 1h, 1d, 1W, 1M."""

from __future__ import annotations

import re

USUAL = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")
"""Intervals every earlier version took without a word."""

RULE = "must be a whole number followed by s, m, h or d (5m, 1h, 1d), or 1W or 1M, of at most 366 days"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FORM = re.compile(r"([0-9]{1,8})([smhd])", re.ASCII)
_LONGEST = 366 * 86400


def interval_seconds(text: str) -> int:
    """Seconds of one bar. 1W (also 1w) is 7 days; 1M counts as 30 days, whatever the calendar says.

    Raises ValueError, whose text is the rule, for anything else, zero included.
    """
    if text in ("1W", "1w"):
        return 7 * 86400
    if text == "1M":
        return 30 * 86400
    form = _FORM.fullmatch(text)
    seconds = int(form[1]) * _SECONDS[form[2]] if form else 0
    if not 0 < seconds <= _LONGEST:
        raise ValueError(RULE)
    return seconds
