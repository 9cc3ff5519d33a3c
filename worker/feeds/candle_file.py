"""Reading a file of candles. A row is trusted or refused by line and column, never guessed."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Iterator
from typing import TextIO

from loguru import logger

from common.errors import ConfigurationError
from common.spec import FileSpec, missing_file_problem
from worker.feeds.candle_table import CandleTable
from worker.feeds.columns import Columns, find_columns
from worker.feeds.timestamps import Parser, Unreadable, parser_for

_PRICE_NAMES = ("open", "high", "low", "close")
_NOT_A_TIME = "is not a time; give epoch seconds or milliseconds, ISO text, or data.datetime_format"


def read_candles(file: FileSpec) -> CandleTable:
    """The rows of a CSV file, plain or packed by gzip (.gz), in the order of the file. Raises ConfigurationError."""
    try:
        with _opened(file.path) as stream:
            return _read(stream, file)
    except FileNotFoundError:
        raise ConfigurationError(missing_file_problem(file.path).message) from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{file.path} cannot be read as a candle file: {error}") from None


def _opened(path: str) -> TextIO:
    if path.endswith(".gz"):
        return gzip.open(path, "rt", newline="", encoding="utf-8-sig")
    return open(path, newline="", encoding="utf-8-sig")


def _read(stream: TextIO, file: FileSpec) -> CandleTable:
    reader = csv.reader(stream, delimiter=file.separator)
    header = next(reader, None)
    if header is None:
        raise ConfigurationError(f"{file.path} is empty; the first line must name the columns")
    columns = find_columns(header, file)
    if columns.volume is None:
        logger.warning("{} has no column {}; volume is taken as 0", file.path, file.volume_col)
    table = _Rows(reader, columns, parser_for(file.datetime_format, file.timezone), file).table()
    if not len(table):
        raise ConfigurationError(f"{file.path} has a header and no candle below it; a bot needs at least one")
    return table


class _Rows:
    """The rows below the header."""

    def __init__(self, reader: Iterator[list[str]], columns: Columns, parse: Parser, file: FileSpec) -> None:
        self._reader = reader
        self._columns = columns
        self._parse = parse
        self._path = file.path
        self._outside = 0
        self._first_outside = 0

    def table(self) -> CandleTable:
        """All of them. Raises ConfigurationError for the first that cannot be traded on."""
        table, parse, infinite = CandleTable(), self._parse, math.inf
        at_time, at_volume = self._columns.time, self._columns.volume
        at_open, at_high, at_low, at_close = self._columns.prices
        stamps, opens, highs = table.stamps.append, table.opens.append, table.highs.append
        lows, closes, volumes = table.lows.append, table.closes.append, table.volumes.append
        volume = 0.0
        for row in self._reader:
            if not row:
                continue
            try:
                stamp = parse(row[at_time])
                open_, high, low, close = (
                    float(row[at_open]),
                    float(row[at_high]),
                    float(row[at_low]),
                    float(row[at_close]),
                )
                if at_volume is not None:
                    volume = float(row[at_volume])
            except (ValueError, IndexError, OverflowError):
                raise self._complaint(row) from None
            if not (0.0 < low <= open_ <= high < infinite and low <= close <= high and 0.0 <= volume < infinite):
                self._look_closer(row)
            stamps(stamp)
            opens(open_)
            highs(high)
            lows(low)
            closes(close)
            volumes(volume)
        self._tell_outside()
        return table

    @property
    def _line(self) -> int:
        line: int = self._reader.line_num  # type: ignore[attr-defined]  # csv readers count lines
        return line

    def _look_closer(self, row: list[str]) -> None:
        """Refuse the row, or take it although its open or close lies outside its range."""
        rules = self._broken_rules(row)
        if any(rules):
            raise self._complaint(row)
        _, high, low, _ = (float(row[at]) for at in self._columns.prices)
        if high < low:
            raise ConfigurationError(
                f"{self._path}, line {self._line}: the high {high:g} is below the low {low:g}; "
                "correct the row, or name the columns with data.high_col and data.low_col"
            )
        self._outside += 1
        self._first_outside = self._first_outside or self._line

    def _tell_outside(self) -> None:
        if self._outside:
            logger.warning(
                "{}: open or close of {} candles lie outside their low and high, first in line {}; used as they are",
                self._path,
                self._outside,
                self._first_outside,
            )

    def _cells(self) -> list[tuple[str, int]]:
        cells = [("time", self._columns.time), *zip(_PRICE_NAMES, self._columns.prices, strict=True)]
        return cells if self._columns.volume is None else [*cells, ("volume", self._columns.volume)]

    def _broken_rules(self, row: list[str]) -> Iterator[str]:
        return (_broken_rule(kind, row[at], self._parse) for kind, at in self._cells())

    def _complaint(self, row: list[str]) -> ConfigurationError:
        """What is wrong with `row`, found by looking again cell by cell."""
        where, names = f"{self._path}, line {self._line}", self._columns.names
        for kind, at in self._cells():
            if at >= len(row):
                return ConfigurationError(f"{where}: {len(row)} fields, but column {names[at]} is number {at + 1}")
            rule = _broken_rule(kind, row[at], self._parse)
            if rule:
                return ConfigurationError(f"{where}, column {names[at]}: {row[at]!r} {rule}")
        return ConfigurationError(f"{where}: cannot be read: {row!r}")


def _broken_rule(kind: str, text: str, parse: Parser) -> str:
    if kind == "time":
        try:
            parse(text)
        except Unreadable as unreadable:
            return str(unreadable)
        except (ValueError, OverflowError):
            return _NOT_A_TIME
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
