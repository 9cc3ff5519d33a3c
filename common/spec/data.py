"""Reading `data`: where candles come from, their interval, and how fast they arrive."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from common.spec.data_source import SOURCE, market_of
from common.spec.dates import IsoDate
from common.spec.exchanges import EXCHANGES
from common.spec.fields import Field, Flag, PassThrough, Real, Text, Unfit, Whole
from common.spec.generation import canonical
from common.spec.interval_text import IntervalText
from common.spec.intervals import USUAL, Interval, interval_seconds
from common.spec.model import BrokerSpec, DataSource, DataSpec, FileSpec
from common.spec.section import Section
from common.spec.symbol_text import SymbolText


@dataclass(frozen=True, slots=True, kw_only=True)
class Separator(Text):
    """One character between columns."""

    def parse(self, value: object) -> str:
        if value == "\\t" or (isinstance(value, str) and value.lower() == "tab"):
            return "\t"
        if not isinstance(value, str) or len(value) != 1 or value in '\r\n"\x00' or not value.isascii():
            raise Unfit(self.rule())
        return value

    def rule(self) -> str:
        return "must be one character, or tab"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneName(Text):
    """Name of a time zone; whether it exists is found out where the file is read."""

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+\-/]{0,63}", value):
            raise Unfit(self.rule())
        return value

    def rule(self) -> str:
        return "must be an IANA time zone such as UTC or Europe/Berlin"


SYMBOL = SymbolText(name="symbol", longest=20, blank_is_absent=True, default_note="the bot's symbol")
INTERVAL = IntervalText(
    name="interval",
    default="1h",
    note="another than " + ", ".join(USUAL) + " is worth a warning; of an exchange it must be one that it offers",
)
EXCHANGE_INTERVAL = replace(INTERVAL, any_grid=True)
SOURCE_INTERVAL = IntervalText(
    name="source_interval",
    blank_is_absent=True,
    default_note="data.interval",
    note="interval of a file's rows, when they are finer and are to be joined into bars of data.interval",
)
LOOKBACK = Whole(
    name="lookback_bars", low=1, high=1_000_000, default=500, unit="bars", note="above 5000 is worth a warning"
)
HISTORY = Flag(
    name="history",
    note="the first lookback_bars bars only warm indicators up",
    default_note="file false, simulated and exchange true",
)
SEED = Whole(name="seed", low=0, below=2**63, default=0, note="seed of the simulated market")
SPEED = Real(
    name="speed",
    low=0,
    unit="market seconds per real second",
    default_note="file 0, simulated 1",
    note="0 = as fast as possible; beats simulate_realtime",
)
REALTIME = Flag(name="simulate_realtime", default=False, note="one bar of a file per realtime_interval")
REALTIME_INTERVAL = Real(name="realtime_interval", above=0, high=31_622_400, unit="seconds per bar", default=60.0)
FROM = IsoDate(name="fromdate", blank_is_absent=True, note="inclusive; without an offset it is UTC")
TO = IsoDate(
    name="todate", blank_is_absent=True, end_of_day=True, note="inclusive; a bare date means the end of that day"
)
PATH = Text(name="file_path", blank_is_absent=True, note="required for the source file")
DATETIME_COL = Text(
    name="datetime_col",
    default="datetime",
    note="else one of timestamp, open_time, close_time, date, time, in any letter case",
)
COLUMNS = tuple(Text(name=f"{name}_col", default=name) for name in ("open", "high", "low", "close", "volume"))
SEPARATOR = Separator(name="separator", default=",")
DATETIME_FORMAT = Text(
    name="datetime_format", blank_is_absent=True, note="strptime format", default_note="ISO text or epoch numbers"
)
TIMEZONE = ZoneName(
    name="timezone",
    blank_is_absent=True,
    default_note="UTC",
    note="IANA name, for timestamps in the file that carry none",
)
REVERSE = Flag(name="reverse", default=False, note="the file is written newest first")
_REPLAY_FIELDS: tuple[Field[Any], ...] = (SEED, SPEED, REALTIME, REALTIME_INTERVAL, FROM, TO, PATH)
FILE_FIELDS: tuple[Field[Any], ...] = (
    PATH,
    DATETIME_COL,
    *COLUMNS,
    SEPARATOR,
    DATETIME_FORMAT,
    TIMEZONE,
    REVERSE,
)
_EXCHANGE_NOTE = "kept; belongs to exchange sources"
FIELDS: tuple[Field[Any], ...] = (
    SOURCE,
    SYMBOL,
    INTERVAL,
    SOURCE_INTERVAL,
    LOOKBACK,
    HISTORY,
    SEED,
    SPEED,
    REALTIME,
    REALTIME_INTERVAL,
    FROM,
    TO,
    *FILE_FIELDS,
    *(
        PassThrough(name=name, note=_EXCHANGE_NOTE)
        for name in ("retry_interval", "polling_interval", "testnet", "host", "port", "client_id")
    ),
)


def read_data(data: Section, broker: BrokerSpec | None, symbol: str) -> DataSpec | None:
    """The data section; None when the source cannot be told (then an error is noted)."""
    source, exchange = market_of(data, broker, file_named=data.given(PATH))
    if source == "simulated" and data.given(PATH):
        data.warning(PATH.name, "is not read: data_source is not file", "set data.data_source to file")
    feed_symbol = (data.get(SYMBOL) or symbol).strip()
    interval, lookback = _interval(data, exchange), data.value(LOOKBACK)
    if lookback > 5000:
        data.warning(LOOKBACK.name, "is more than 5000 bars", "the bot needs as many before it may trade")
    file = _read_file(data, required=source == "file")
    speed, bar_seconds = _pace(data, source)
    start, end = _range(data)
    history, seed = data.get(HISTORY), data.value(SEED)
    if source == "exchange":
        _warn_of_replay(data)
        start = end = None
    source_interval = _source_interval(data, source, interval)
    data.warn_unknown(FIELDS)
    if source is None:
        return None
    spec = DataSpec(
        source=source,
        exchange=exchange,
        symbol=feed_symbol,
        interval=interval.text,
        interval_seconds=interval.seconds,
        source_interval=source_interval,
        lookback_bars=lookback,
        history=source == "exchange" or (source == "simulated" if history is None else history),
        seed=seed,
        speed=speed,
        bar_seconds=bar_seconds,
        file=file if source == "file" else None,
        fromdate=start,
        todate=end,
    )
    return spec.model_copy(update={"market_identity": market_identity(spec)})


def market_identity(data: DataSpec) -> str:
    """16 hexadecimal digits naming everything that decides what bar n of this market is.

    The end date, the speed and the warm-up are not part of it: changing them leaves the bars as they are.
    """
    makes: dict[str, object] = {
        "source": data.source,
        "symbol": data.symbol,
        "interval_seconds": data.interval_seconds,
        "fromdate": data.fromdate.isoformat() if data.fromdate else None,
        "seed": data.seed if data.source == "simulated" else None,
        "file": data.file.model_dump() if data.file else None,
    }
    if data.exchange is not None:
        makes["exchange"] = data.exchange
    if data.bar_interval.by_calendar:
        makes["interval"] = data.interval
    if data.source_interval is not None:
        makes["source_interval"] = data.source_interval
    return hashlib.sha256(canonical(makes)).hexdigest()[:16]


def _interval(data: Section, exchange: str | None) -> Interval:
    if exchange is None:
        return Interval.of(data.value(INTERVAL))
    interval = Interval.of(data.value(EXCHANGE_INTERVAL))
    offered = sorted(EXCHANGES[exchange], key=interval_seconds)
    if offered and interval.seconds not in map(interval_seconds, offered):
        data.error(INTERVAL.name, f"must be one that {exchange} offers: {', '.join(offered)}")
    return interval


def _warn_of_replay(data: Section) -> None:
    """An exchange's market goes on by itself: what starts, ends or paces a recorded one says nothing here."""
    for field in _REPLAY_FIELDS:
        if data.given(field) and data.raw(field.name) is not False:
            data.warning(field.name, "has no effect: an exchange's market begins now and goes at its own pace")
    if data.raw(HISTORY.name) is False:
        data.warning(HISTORY.name, "has no effect: the past of an exchange's market only warms indicators up")


def _source_interval(data: Section, source: DataSource | None, interval: Interval) -> str | None:
    """The interval of the rows when they are to be joined; None when each row is a bar."""
    given = data.get(SOURCE_INTERVAL)
    if given is None:
        return None
    rows = Interval.of(given)
    if source is not None and source != "file":
        data.warning(SOURCE_INTERVAL.name, "has no effect: only the rows of a file are joined")
        return None
    if rows == interval:
        return None
    broken = interval.why_not_of(rows)
    if broken:
        data.error(SOURCE_INTERVAL.name, f"{broken} (data.interval)", "give the interval of the file's rows")
    return given


def _read_file(data: Section, *, required: bool) -> FileSpec | None:
    path = data.get(PATH)
    if required and not data.given(PATH):
        data.lacks(PATH.name, "a data_source of file needs the path of its file", "give a CSV file of candles")
    opened, high, low, close, volume = (data.value(column) for column in COLUMNS)
    return FileSpec(
        path=path or "",
        datetime_col=data.value(DATETIME_COL),
        open_col=opened,
        high_col=high,
        low_col=low,
        close_col=close,
        volume_col=volume,
        separator=data.value(SEPARATOR),
        datetime_format=data.get(DATETIME_FORMAT),
        timezone=data.get(TIMEZONE),
        reverse=data.value(REVERSE),
    )


def _pace(data: Section, source: DataSource | None) -> tuple[float | None, float | None]:
    """(market seconds per real second, real seconds per bar): exactly one is given."""
    speed, realtime, bar_seconds = data.get(SPEED), data.value(REALTIME), data.value(REALTIME_INTERVAL)
    if source != "exchange" and speed is not None:
        if realtime:
            data.warning(REALTIME.name, "has no effect: data.speed is given")
        return speed, None
    if source == "exchange":
        return None, None
    if source == "simulated":
        if realtime:
            data.warning(REALTIME.name, "has no effect on the simulated market", "use data.speed")
        return 1.0, None
    return (None, bar_seconds) if realtime else (0.0, None)


def _range(data: Section) -> tuple[datetime | None, datetime | None]:
    start, end = data.get(FROM), data.get(TO)
    if start is not None and end is not None and end < start:
        data.error(TO.name, f"must not be before fromdate {start.isoformat()}")
    return start, end
