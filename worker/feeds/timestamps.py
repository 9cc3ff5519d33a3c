"""Reading the time column of a candle file.

Numbers are epoch seconds, or milliseconds when above 946 684 800 000 (the year 2000 in milliseconds);
anything else is text in the given strptime format, or ISO 8601 when none is given. Text without a zone is
in the file's zone, UTC by default.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.errors import ConfigurationError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_ABOVE = 946_684_800_000
_MICROSECOND = timedelta(microseconds=1)

Parser = Callable[[str], int]
"""Text of a cell → microseconds since the epoch; raises ValueError."""


def parser_for(datetime_format: str | None, timezone: str | None) -> Parser:
    """The reading of a time column. Raises ConfigurationError for a time zone nobody knows."""
    zone = _zone(timezone)
    if datetime_format is None:
        return lambda text: _number_or_iso(text, zone)
    pattern = datetime_format
    return lambda text: _since_epoch(datetime.strptime(text, pattern), zone)  # noqa: DTZ007 - the zone is added below


def _number_or_iso(text: str, zone: tzinfo) -> int:
    try:
        whole = int(text)
    except ValueError:
        pass
    else:
        return whole * 1000 if whole > MILLISECONDS_ABOVE else whole * 1_000_000
    try:
        number = float(text)
    except ValueError:
        return _since_epoch(datetime.fromisoformat(text.strip()), zone)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a time")
    return round(number * 1000 if number > MILLISECONDS_ABOVE else number * 1_000_000)


def _since_epoch(moment: datetime, zone: tzinfo) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return (aware - EPOCH) // _MICROSECOND


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"data.timezone {name!r} is not a known time zone; use an IANA name such as Europe/Zurich"
        ) from None
