"""Joining the rows of a file into longer bars, and what any order of rows or any entry point leaves the same."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger

from common.errors import ConfigurationError
from common.spec import DataSpec, FileSpec
from worker.feeds.file import FileReplay

HEADER = "timestamp,open,high,low,close,volume"
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def replay(folder, rows, *, interval="1h", source="1m", **window):
    """`rows` are (moment, open, high, low, close, volume)."""
    path = Path(folder) / "rows.csv"
    lines = [",".join([str(int(row[0].timestamp() * 1000)), *map(repr, row[1:])]) for row in rows]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    spec = DataSpec(
        source="file", symbol="X", interval=interval, source_interval=source, file=FileSpec(path=str(path)), **window
    )
    return FileReplay.load(spec)


def candles(start, count, step=MINUTE, seed=1):
    chance = random.Random(seed)
    for number in range(count):
        open_, close = chance.uniform(90, 110), chance.uniform(90, 110)
        high, low = max(open_, close) + chance.random(), min(open_, close) - chance.random()
        yield start + number * step, open_, high, low, close, chance.random()


def values(bar):
    return bar.open, bar.high, bar.low, bar.close, bar.volume


@pytest.fixture
def log():
    lines = []
    sink = logger.add(lines.append, format="{level} {message}", level="WARNING")
    yield lines
    logger.remove(sink)


def test_a_bar_is_first_open_highest_lowest_last_close_and_the_sum_of_volumes(tmp_path, log):
    rows = list(candles(NEW_YEAR, 120))
    first, second = replay(tmp_path, rows).bars()
    assert (first.index, first.opened_at, first.closed_at) == (0, NEW_YEAR, NEW_YEAR + timedelta(hours=1))
    hour = rows[60:]
    assert values(second) == (
        hour[0][1],
        max(row[2] for row in hour),
        min(row[3] for row in hour),
        hour[-1][4],
        math.fsum(row[5] for row in hour),
    )
    assert log == []


def test_volumes_are_summed_without_the_error_of_adding_one_by_one(tmp_path):
    rows = [(NEW_YEAR + n * MINUTE, 1.0, 1.0, 1.0, 1.0, 0.1) for n in range(10)]
    (bar,) = replay(tmp_path, rows, interval="10m").bars()
    assert bar.volume == 1.0 != reduce(add, [0.1] * 10)


@pytest.mark.parametrize(
    ("interval", "source", "start", "days", "openings"),
    [
        ("1d", "12h", datetime(2024, 2, 28, tzinfo=UTC), 3, [(2024, 2, 28), (2024, 2, 29), (2024, 3, 1)]),
        ("1W", "1d", datetime(2024, 12, 30, tzinfo=UTC), 14, [(2024, 12, 30), (2025, 1, 6)]),
        ("1M", "1d", datetime(2023, 12, 1, tzinfo=UTC), 91, [(2023, 12, 1), (2024, 1, 1), (2024, 2, 1)]),
    ],
)
def test_days_weeks_and_months_follow_the_calendar_in_utc(tmp_path, interval, source, start, days, openings):
    step = timedelta(hours=12 if source == "12h" else 24)
    bars = list(
        replay(
            tmp_path, candles(start, int(timedelta(days=days) / step), step), interval=interval, source=source
        ).bars()
    )
    assert [bar.opened_at for bar in bars] == [datetime(*day, tzinfo=UTC) for day in openings]
    assert [bar.closed_at for bar in bars][:-1] == [bar.opened_at for bar in bars][1:]
    assert bars[-1].closed_at == start + timedelta(days=days)


def test_what_is_missing_inside_a_bar_is_missing_and_a_bar_without_rows_does_not_exist(tmp_path):
    rows = list(candles(NEW_YEAR, 240))
    kept = rows[5:50] + rows[180:]
    bars = list(replay(tmp_path, kept).bars())
    assert [(bar.index, bar.opened_at.hour) for bar in bars] == [(0, 0), (1, 3)]
    assert values(bars[0])[0] == rows[5][1]
    assert values(bars[0])[3] == rows[49][4]


def test_the_last_bar_counts_only_when_the_data_reaches_its_end(tmp_path, log):
    rows = list(candles(NEW_YEAR, 120))
    assert replay(tmp_path, rows[:60] + rows[119:]).length == 2
    assert log == []
    assert replay(tmp_path, rows[:119]).length == 1
    assert len(log) == 1
    assert "is left out: its candles end 60 s before it does" in log[0]
    with pytest.raises(ConfigurationError, match="one whole bar of 1h"):
        replay(tmp_path, rows[:59])


def test_dates_choose_whole_bars_by_their_timestamp(tmp_path):
    rows = list(candles(NEW_YEAR, 240))
    window = {"fromdate": NEW_YEAR + 30 * MINUTE, "todate": NEW_YEAR + 150 * MINUTE}
    cut = list(replay(tmp_path, rows, **window).bars())
    assert [bar.opened_at.hour for bar in cut] == [1, 2]
    assert [values(bar) for bar in cut] == [values(bar) for bar in replay(tmp_path, rows).bars()][1:3]


def test_a_row_that_reaches_over_the_end_of_its_bar_is_told(tmp_path, log):
    rows = list(candles(NEW_YEAR + 30 * MINUTE, 48, timedelta(hours=1)))
    bars = list(replay(tmp_path, rows, interval="1d", source="1h").bars())
    assert len(bars) == 2
    assert "reaches over their end" in "".join(log)


def test_rows_finer_than_the_interval_are_told_when_nobody_joins_them(tmp_path, log):
    assert replay(tmp_path, candles(NEW_YEAR, 120), source=None).length == 120
    assert "data.source_interval joins finer rows" in "".join(log)
    log.clear()
    replay(tmp_path, candles(NEW_YEAR, 120), source=None, interval="1m")
    assert log == []


def plainly(rows, length):
    """A second, plainer aggregation to compare with: dictionaries, one row after another."""
    bars = {}
    for moment, open_, high, low, close, volume in rows:
        key = moment.timestamp() // length
        if key not in bars:
            bars[key] = [open_, high, low, close, [volume]]
            continue
        bar = bars[key]
        bar[1], bar[2], bar[3] = max(bar[1], high), min(bar[2], low), close
        bar[4].append(volume)
    return [(key * length, *bar[:4], math.fsum(bar[4])) for key, bar in sorted(bars.items())]


@settings(max_examples=examples(60), deadline=None)
@given(
    present=st.lists(st.booleans(), min_size=1, max_size=150),
    interval=st.sampled_from([("5m", 300), ("15m", 900), ("1h", 3600)]),
    offset=st.integers(0, 90),
    seed=st.integers(0, 999),
)
def test_joined_bars_are_those_of_a_plain_reference(present, interval, offset, seed):
    text, length = interval
    rows = list(candles(NEW_YEAR + offset * MINUTE, len(present), seed=seed))
    rows = [row for row, there in zip(rows, present, strict=True) if there]
    if not rows:
        return
    expected = plainly(rows, length)
    if (rows[-1][0] + MINUTE).timestamp() < expected[-1][0] + length:
        expected.pop()
    with TemporaryDirectory() as folder:
        if not expected:
            with pytest.raises(ConfigurationError, match="one whole bar"):
                replay(folder, rows, interval=text)
            return
        bars = list(replay(folder, rows, interval=text).bars())
    assert [(bar.opened_at.timestamp(), *values(bar)) for bar in bars] == expected


@settings(max_examples=examples(60), deadline=None)
@given(
    count=st.integers(1, 80),
    order=st.randoms(use_true_random=False),
    again=st.lists(st.integers(0, 79), max_size=10),
    source=st.sampled_from([None, "1m"]),
    cut=st.integers(0, 80),
)
def test_any_order_with_any_repetition_gives_the_bars_of_the_clean_file_from_anywhere(count, order, again, source, cut):
    rows = list(candles(NEW_YEAR, count))
    interval = "1m" if source is None else "5m"
    shuffled = rows + [rows[number % count] for number in again]
    order.shuffle(shuffled)
    with TemporaryDirectory() as folder:
        try:
            clean = list(replay(folder, rows, interval=interval, source=source).bars())
        except ConfigurationError:
            assert count < 5
            return
        untidy = replay(folder, shuffled, interval=interval, source=source)
        assert list(untidy.bars()) == clean
        assert list(untidy.bars(cut)) == clean[cut:]
        for bar in clean:
            assert untidy.rows_until(bar.opened_at) == bar.index + 1
            assert untidy.rows_until(bar.opened_at - timedelta(microseconds=1)) == bar.index
