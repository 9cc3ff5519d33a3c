"""Replay of a file of recorded candles.

Rows may come in any order (they are sorted by time, ascending); of two rows with the same time the later one in
reading order wins. What is missing stays missing: no bar is invented. Rows finer than the bot's interval can be
joined into its bars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from loguru import logger

from common.errors import ConfigurationError
from common.spec import DataSpec
from common.spec.intervals import EPOCH, Interval
from worker.feeds.bar import Bar
from worker.feeds.candle_file import read_candles
from worker.feeds.candle_table import CandleTable, moment
from worker.feeds.joining import joined

_SAMPLE = 500
"""Candles from whose distances the interval of the rows is estimated."""


class FileReplay:
    """Bars of a file: its candles, or longer ones joined from them."""

    warm_up_limit: int | None = None
    live_from: int | None = None

    def __init__(self, interval: Interval, table: CandleTable) -> None:
        """`table` is in order."""
        self._interval = interval
        self._table = table

    @classmethod
    def load(cls, data: DataSpec) -> FileReplay:
        """Read the file that `data` names. Raises ConfigurationError."""
        if data.file is None:
            raise ConfigurationError("data.file_path is missing; a file source needs the path of a candle file")
        read = read_candles(data.file)
        table = read.ordered(reverse=data.file.reverse)
        if len(table) < len(read):
            again = len(read) - len(table)
            logger.warning("{} candles have a timestamp that comes again; the last one counts", again)
        interval = data.bar_interval
        rows = interval if data.source_interval is None else Interval.of(data.source_interval)
        _tell_finer(table, rows, data.file.path)
        if rows != interval:
            table = joined(table, rows, interval)
        taken = table.between(data.fromdate, data.todate)
        if not len(taken):
            raise ConfigurationError(_nothing_left(data.file.path, table, data))
        return cls(interval, taken)

    @property
    def length(self) -> int:
        """Number of bars between fromdate and todate."""
        return len(self._table)

    def rows_until(self, moment: datetime) -> int:
        """How many bars have a timestamp at or before `moment` (aware UTC)."""
        return self._table.rows_until(moment)

    def bars(self, start: int = 0) -> Iterator[Bar]:
        """The bars from number `start` on."""
        table, length, closing = self._table, self._interval.length, self._interval.closing
        stamps, opens, highs, lows = table.stamps, table.opens, table.highs, table.lows
        closes, volumes = table.closes, table.volumes
        for row in range(start, len(stamps)):
            opened_at = EPOCH + timedelta(microseconds=stamps[row])
            closed_at = closing(opened_at) if length is None else opened_at + length
            yield Bar(row, opened_at, closed_at, opens[row], highs[row], lows[row], closes[row], volumes[row])


def _tell_finer(table: CandleTable, interval: Interval, path: str) -> None:
    """Rows clearly closer together than they should be: each would be taken for a bar of the longer interval."""
    stamps = table.stamps[:_SAMPLE]
    distances = Counter(after - before for before, after in zip(stamps, islice(stamps, 1, None), strict=False))
    if not distances:
        return
    ((usual, _),) = distances.most_common(1)
    if usual < interval.seconds * 750_000:
        logger.warning(
            "the candles of {} are {:g} s apart, {} are expected; each is taken for a whole bar "
            "(data.source_interval joins finer rows)",
            path,
            usual / 1e6,
            interval.seconds,
        )


def _nothing_left(path: str, table: CandleTable, data: DataSpec) -> str:
    if not len(table):
        return f"{path} does not hold one whole bar of {data.interval}; choose a shorter data.interval"
    first, last = moment(table.stamps[0]).isoformat(), moment(table.stamps[-1]).isoformat()
    wanted = " and ".join(
        f"{name} {limit.isoformat()}"
        for name, limit in (("fromdate", data.fromdate), ("todate", data.todate))
        if limit is not None
    )
    return f"{path} has candles from {first} to {last}, none of them fits data.{wanted}; correct the dates or the file"
