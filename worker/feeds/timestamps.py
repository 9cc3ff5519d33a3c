"""Reading the time column of a candle file.

Numbers are epoch seconds, or milliseconds when above 946 684 800 000 (the year 2000 in milliseconds); numbers too
large for milliseconds of any calendar year are micro- or nanoseconds. Anything else is text in the given strptime
format, or ISO 8601 when none is given. Text without a zone is in the file's zone, UTC by default; an hour that the
zone's clocks show twice or never is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.errors import ConfigurationError
from common.spec.intervals import EPOCH

MILLISECONDS_ABOVE = 946_684_800_000
_LAST = (datetime(9000, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
_LAST_MILLISECOND = _LAST // 1000
_FIRST = (datetime(1000, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
_MICROSECOND = timedelta(microseconds=1)
_UTC_WORD = " UTC"

Parser = Callable[[str], int]
"""Text of a cell → microseconds since the epoch; raises ValueError."""


class Unreadable(ValueError):
    """A time that is refused for a reason of its own; the message is the rule it breaks."""


def parser_for(datetime_format: str | None, timezone: str | None) -> Parser:
    """The reading of a time column. Raises ConfigurationError for a time zone nobody knows."""
    zone = _zone(timezone)
    if datetime_format is None:
        return lambda text: _number_or_iso(text, zone)
    pattern = datetime_format
    return lambda text: _since_epoch(datetime.strptime(text, pattern), zone)  # noqa: DTZ007 - the zone is added below


def _number_or_iso(text: str, zone: tzinfo) -> int:
    if text[4:5] == "-" and text[:4].isdigit():
        return _iso(text, zone)
    try:
        whole = int(text)
    except ValueError:
        pass
    else:
        if MILLISECONDS_ABOVE < whole < _LAST_MILLISECOND:  # what most files hold
            return whole * 1000
        return _in_calendar(whole * 1_000_000 if whole <= MILLISECONDS_ABOVE else _of_large(whole))
    try:
        number = float(text)
    except ValueError:
        return _iso(text, zone)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a time")
    return _in_calendar(round(number * 1_000_000) if number <= MILLISECONDS_ABOVE else _of_large(number))


def _of_large(number: float) -> int:
    """Milliseconds, or where those would leave the calendar micro- or nanoseconds, as microseconds."""
    if number < _LAST_MILLISECOND:
        return round(number * 1000)
    return round(number) if number < _LAST else int(number) // 1000


def _in_calendar(stamp: int) -> int:
    if not _FIRST <= stamp < _LAST:
        raise Unreadable("is beyond the years 1000 to 9000; give epoch seconds or milliseconds")
    return stamp


def _iso(text: str, zone: tzinfo) -> int:
    bare = text.strip()
    if bare.endswith(_UTC_WORD):
        return _since_epoch(datetime.fromisoformat(bare.removesuffix(_UTC_WORD)), UTC)
    return _since_epoch(datetime.fromisoformat(bare), zone)


def _since_epoch(moment: datetime, zone: tzinfo) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
        if zone is not UTC:
            _refuse_unclear(moment)
    return _in_calendar((moment - EPOCH) // _MICROSECOND)


def _refuse_unclear(local: datetime) -> None:
    """Raises Unreadable for a local time that daylight saving lets happen twice or never."""
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    if before is None or after is None or before == after:
        return
    times = "twice (clocks are put back)" if before > after else "never (clocks are put forward)"
    raise Unreadable(f"happens {times} in {local.tzinfo}; give UTC or times with their offset")


def _zone(name: str | None) -> tzinfo:
    if name is None or name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"data.timezone {name!r} is not a known time zone; use an IANA name such as Europe/Zurich"
        ) from None
