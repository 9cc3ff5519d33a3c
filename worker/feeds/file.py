"""Replay of a file of recorded candles.

What a file may look like: rows in any order (they are sorted by time, ascending); of two rows with the same
time the later one in reading order wins; blank lines are skipped; a missing volume column reads as zeros,
with a warning. A row that cannot be read, a price that is not a positive number or a negative volume is an
error that names line and column: a guess would be traded on.
"""

from __future__ import annotations

import csv
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TextIO

from loguru import logger

from common.errors import ConfigurationError
from common.spec import DataSpec, FileSpec, missing_file_problem
from worker.feeds.bar import Bar
from worker.feeds.columns import Columns, find_columns
from worker.feeds.timestamps import EPOCH, Parser, parser_for

_MICROSECOND = timedelta(microseconds=1)
_PRICE_NAMES = ("open", "high", "low", "close")
_Row = tuple[int, tuple[float, ...]]


class FileReplay:
    """Recorded candles held as columns of machine numbers, 48 bytes a candle."""

    warm_up_limit: int | None = None

    def __init__(self, interval: timedelta, stamps: array[int], values: tuple[array[float], ...]) -> None:
        self._interval = interval
        self._stamps = stamps
        self._values = values

    @classmethod
    def load(cls, data: DataSpec) -> FileReplay:
        """Read the file that `data` names. Raises ConfigurationError."""
        if data.file is None:
            raise ConfigurationError("data.file_path is missing; a file source needs the path of a candle file")
        try:
            with open(data.file.path, newline="", encoding="utf-8-sig") as stream:
                stamps, values = _read(stream, data.file)
        except FileNotFoundError:
            raise ConfigurationError(missing_file_problem(data.file.path).message) from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigurationError(f"{data.file.path} cannot be read as a candle file: {error}") from None
        order = _order(stamps, data.file.reverse)
        if order is not None:
            stamps = array("q", (stamps[row] for row in order))
            values = tuple(array("d", (column[row] for row in order)) for column in values)
        first = 0 if data.fromdate is None else bisect_left(stamps, _micros(data.fromdate))
        last = len(stamps) if data.todate is None else bisect_right(stamps, _micros(data.todate))
        interval = timedelta(seconds=data.interval_seconds)
        return cls(interval, stamps[first:last], tuple(column[first:last] for column in values))

    @property
    def length(self) -> int:
        """Number of candles between fromdate and todate."""
        return len(self._stamps)

    def rows_until(self, moment: datetime) -> int:
        """How many candles have a timestamp at or before `moment` (aware UTC)."""
        return bisect_right(self._stamps, _micros(moment))

    def bars(self, start: int = 0) -> Iterator[Bar]:
        """The candles from number `start` on."""
        opens, highs, lows, closes, volumes = self._values
        interval, stamps = self._interval, self._stamps
        for row in range(start, len(stamps)):
            opened_at = EPOCH + timedelta(microseconds=stamps[row])
            yield Bar(
                row, opened_at, opened_at + interval, opens[row], highs[row], lows[row], closes[row], volumes[row]
            )


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // _MICROSECOND


def _order(stamps: array[int], reverse: bool) -> list[int] | None:
    """Rows in ascending order of time with one row per time, or None when they are so already."""
    if not reverse and all(stamps[row] < stamps[row + 1] for row in range(len(stamps) - 1)):
        return None
    rows = range(len(stamps) - 1, -1, -1) if reverse else range(len(stamps))
    newest = {stamps[row]: row for row in rows}
    if len(newest) < len(stamps):
        logger.warning("{} candles have a timestamp that comes again; the last one counts", len(stamps) - len(newest))
    return [newest[stamp] for stamp in sorted(newest)]


def _read(stream: TextIO, file: FileSpec) -> tuple[array[int], tuple[array[float], ...]]:
    reader = csv.reader(stream, delimiter=file.separator)
    header = next(reader, None)
    if header is None:
        raise ConfigurationError(f"{file.path} is empty; the first line must name the columns")
    columns = find_columns(header, file)
    if columns.volume is None:
        logger.warning("{} has no column {}; volume is taken as 0", file.path, file.volume_col)
    parse = parser_for(file.datetime_format, file.timezone)
    stamps: array[int] = array("q")
    values: tuple[array[float], ...] = tuple(array("d") for _ in range(5))
    for stamp, numbers in _rows(reader, columns, parse, file):
        stamps.append(stamp)
        for column, number in zip(values, numbers, strict=True):
            column.append(number)
    return stamps, values


def _rows(reader: Iterator[list[str]], columns: Columns, parse: Parser, file: FileSpec) -> Iterator[_Row]:
    at_time, at_volume = columns.time, columns.volume
    at_open, at_high, at_low, at_close = columns.prices
    line = 1
    for row in reader:
        line += 1
        if not row:
            continue
        try:
            numbers = (
                float(row[at_open]),
                float(row[at_high]),
                float(row[at_low]),
                float(row[at_close]),
                0.0 if at_volume is None else float(row[at_volume]),
            )
            stamp = parse(row[at_time])
            sane = min(numbers[:4]) > 0.0 and numbers[4] >= 0.0 and math.isfinite(sum(numbers))
        except (ValueError, IndexError, OverflowError):
            sane = False
        if not sane:
            raise _complaint(row, line, columns, parse, file)
        yield stamp, numbers


def _complaint(row: list[str], line: int, columns: Columns, parse: Parser, file: FileSpec) -> ConfigurationError:
    """What is wrong with `row`, found by looking again cell by cell."""
    where = f"{file.path}, line {line}"
    cells = [("time", columns.time), *zip(_PRICE_NAMES, columns.prices, strict=True)]
    if columns.volume is not None:
        cells.append(("volume", columns.volume))
    for kind, at in cells:
        if at >= len(row):
            return ConfigurationError(f"{where}: {len(row)} fields, but column {columns.names[at]} is number {at + 1}")
        rule = _broken_rule(kind, row[at], parse)
        if rule:
            return ConfigurationError(f"{where}, column {columns.names[at]}: {row[at]!r} {rule}")
    return ConfigurationError(f"{where}: cannot be read: {row!r}")


def _broken_rule(kind: str, text: str, parse: Parser) -> str:
    if kind == "time":
        try:
            parse(text)
        except (ValueError, OverflowError):
            return "is not a time; give epoch seconds or milliseconds, ISO text, or data.datetime_format"
        return ""
    try:
        number = float(text)
    except ValueError:
        return "is not a number"
    if not math.isfinite(number):
        return "is not a finite number"
    if kind == "volume":
        return "is negative" if number < 0 else ""
    return "is not a positive price" if number <= 0 else ""
