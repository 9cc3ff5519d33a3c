"""The rows of a recorded market, read from a CSV file as the reference understands it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

TIME_NAMES = ("datetime", "timestamp", "open_time", "close_time", "date", "time")


@dataclass(frozen=True)
class Row:
    """One closed candle; `at` is the file's own time (the candle's open), aware UTC."""

    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    def money(self, field: str) -> Decimal:
        """A price as the exact decimal that its binary64 shows."""
        return Decimal(repr(getattr(self, field)))


def read_rows(path: Path, data: dict[str, Any]) -> list[Row]:
    with path.open(newline="") as file:
        rows = list(_rows(csv.DictReader(file, delimiter=data.get("separator", ",")), data))
    rows.sort(key=lambda row: row.at)
    earliest, latest = _bound(data.get("fromdate"), end=False), _bound(data.get("todate"), end=True)
    return [row for row in rows if (earliest is None or row.at >= earliest) and (latest is None or row.at <= latest)]


def _rows(reader: csv.DictReader[str], data: dict[str, Any]) -> Iterator[Row]:
    names = {name.lower(): name for name in reader.fieldnames or ()}
    wanted = [str(data.get("datetime_col", "datetime")).lower(), *TIME_NAMES]
    time_column = names[next(name for name in wanted if name in names)]
    prices = [names[str(data.get(f"{kind}_col", kind)).lower()] for kind in ("open", "high", "low", "close", "volume")]
    for cells in reader:
        yield Row(_time(cells[time_column], data.get("datetime_format")), *(float(cells[name]) for name in prices))


def _time(text: str, pattern: str | None) -> datetime:
    if pattern:
        return datetime.strptime(text, pattern).replace(tzinfo=UTC)
    try:
        number = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    milliseconds = number if number > 946_684_800_000 else number * 1000
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _bound(text: str | None, *, end: bool) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if end and len(text) <= 10:
        return moment + timedelta(days=1) - timedelta(microseconds=1)
    return moment
