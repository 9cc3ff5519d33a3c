"""What a replay makes of files that are odd but not wrong, and of clocks that are put back and forward."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from loguru import logger

from common.errors import ConfigurationError
from common.spec import DataSpec, FileSpec
from worker.feeds.file import FileReplay

HEADER = "timestamp,open,high,low,close,volume"
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def load(path, content, *, interval="1h", fromdate=None, todate=None, **file):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    spec = FileSpec(path=str(path), **file)
    return FileReplay.load(
        DataSpec(source="file", symbol="X", interval=interval, file=spec, fromdate=fromdate, todate=todate)
    )


def rows(*moments, header=HEADER):
    return "\n".join([header, *(f"{moment},10,12,9,11,5" for moment in moments)]) + "\n"


def opened(replay):
    return [bar.opened_at for bar in replay.bars()]


@pytest.fixture
def log():
    lines = []
    sink = logger.add(lines.append, format="{level} {message}", level="WARNING")
    yield lines
    logger.remove(sink)


def test_a_gap_is_a_gap_and_no_bar_is_invented(tmp_path, log):
    replay = load(tmp_path / "a.csv", rows("2024-01-01 00:00", "2024-01-01 01:00", "2024-01-03 00:00"))
    assert [(bar.index, bar.opened_at) for bar in replay.bars()] == [
        (0, FIRST),
        (1, FIRST + HOUR),
        (2, FIRST + 48 * HOUR),
    ]
    assert log == []


@pytest.mark.parametrize("local", ["2024-10-27 02:00", "2024-10-27 02:59:59"])
def test_an_hour_that_the_clocks_show_twice_is_refused_by_line(tmp_path, local):
    with pytest.raises(ConfigurationError, match=r"line 3, column timestamp: .* happens twice .* in Europe/Zurich"):
        load(tmp_path / "a.csv", rows("2024-10-27 01:59:59", local), timezone="Europe/Zurich")


@pytest.mark.parametrize("form", [None, "%Y-%m-%d %H:%M"])
def test_an_hour_that_the_clocks_skip_is_refused_by_line(tmp_path, form):
    with pytest.raises(ConfigurationError, match=r"line 2, .* happens never .* give UTC or times with their offset"):
        load(tmp_path / "a.csv", rows("2024-03-31 02:30"), timezone="Europe/Zurich", datetime_format=form)


def test_local_times_around_a_change_of_clocks_follow_each_other_in_utc(tmp_path):
    spring = load(tmp_path / "a.csv", rows("2024-03-31 01:00", "2024-03-31 03:00"), timezone="Europe/Zurich")
    assert opened(spring) == [datetime(2024, 3, 31, hour, tzinfo=UTC) for hour in (0, 1)]
    autumn = load(tmp_path / "a.csv", rows("2024-10-27 01:00", "2024-10-27 03:00"), timezone="Europe/Zurich")
    assert opened(autumn) == [datetime(2024, 10, 26, 23, tzinfo=UTC), datetime(2024, 10, 27, 2, tzinfo=UTC)]


def test_times_with_an_offset_or_as_numbers_need_no_zone_and_know_no_doubtful_hour(tmp_path):
    both = rows("2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00")
    assert opened(load(tmp_path / "a.csv", both, timezone="Europe/Zurich")) == [
        datetime(2024, 10, 27, hour, 30, tzinfo=UTC) for hour in (0, 1)
    ]
    assert opened(load(tmp_path / "a.csv", rows("1704067200"), timezone="Europe/Zurich")) == [FIRST]
    with_offset = load(tmp_path / "a.csv", rows("27.10.2024 02:30 +0100"), datetime_format="%d.%m.%Y %H:%M %z")
    assert opened(with_offset) == [datetime(2024, 10, 27, 1, 30, tzinfo=UTC)]


def test_days_of_a_local_clock_have_24_hours_here(tmp_path):
    replay = load(tmp_path / "a.csv", rows("2024-03-31", "2024-04-01"), interval="1d", timezone="Europe/Zurich")
    assert [bar.closed_at - bar.opened_at for bar in replay.bars()] == [timedelta(days=1)] * 2


@pytest.mark.parametrize(
    ("interval", "stamps", "ends"),
    [
        ("1d", ["2024-02-28", "2024-02-29", "2024-03-01"], [(2024, 2, 29), (2024, 3, 1), (2024, 3, 2)]),
        ("1M", ["2023-12-01", "2024-01-01", "2024-02-01"], [(2024, 1, 1), (2024, 2, 1), (2024, 3, 1)]),
        ("1W", ["2024-02-26", "2024-12-30"], [(2024, 3, 4), (2025, 1, 6)]),
        ("45s", ["2024-12-31 23:59:30"], [(2025, 1, 1, 0, 0, 15)]),
    ],
)
def test_bars_end_by_the_calendar_over_leap_days_and_new_year(tmp_path, interval, stamps, ends):
    replay = load(tmp_path / "a.csv", rows(*stamps), interval=interval)
    assert [bar.closed_at for bar in replay.bars()] == [datetime(*end, tzinfo=UTC) for end in ends]


def test_a_bar_without_volume_is_a_bar(tmp_path, log):
    (bar,) = load(tmp_path / "a.csv", f"{HEADER}\n2024-01-01,10,10,10,10,0\n").bars()
    assert bar.volume == 0.0
    assert log == []


def test_an_open_or_close_outside_the_range_is_used_and_told_once(tmp_path, log):
    body = "2024-01-01 00:00,13,12,9,11,5\n2024-01-01 01:00,10,12,9,11,5\n2024-01-01 02:00,10,12,9,8,5\n"
    bars = list(load(tmp_path / "a.csv", f"{HEADER}\n{body}").bars())
    assert [(bar.open, bar.close) for bar in bars] == [(13.0, 11.0), (10.0, 11.0), (10.0, 8.0)]
    assert len(log) == 1
    assert "of 2 candles" in log[0]
    assert "first in line 2" in log[0]


def test_rows_that_come_again_are_told(tmp_path, log):
    assert load(tmp_path / "a.csv", rows("2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 00:00")).length == 2
    assert "1 candles have a timestamp that comes again" in log[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("crlf.csv", rows("2024-01-01", "2024-01-02").replace("\n", "\r\n").encode()),
        ("mark.csv", b"\xef\xbb\xbf" + rows("2024-01-01", "2024-01-02").encode()),
        (
            "quoted.csv",
            b'"timestamp","open","high","low","close","volume"\n' + b'"2024-01-01","10","12","9","11","5"\n' * 2,
        ),
        ("spaced.csv", b"timestamp, open, high, low, close, volume\n 2024-01-01 , 10, 12, 9, 11, 5\n"),
        ("packed.csv.gz", gzip.compress(rows("2024-01-01", "2024-01-02").encode(), mtime=0)),
        ("marked.csv.gz", gzip.compress(b"\xef\xbb\xbf" + rows("2024-01-01").encode(), mtime=0)),
        ("no_end.csv", rows("2024-01-01").rstrip("\n").encode()),
    ],
)
def test_line_ends_marks_quotes_spaces_and_packing_make_no_difference(tmp_path, name, content):
    assert opened(load(tmp_path / name, content, interval="1d"))[0] == FIRST


@pytest.mark.parametrize("separator", [";", "\t", "|", " "])
def test_other_separators_are_named(tmp_path, separator):
    content = rows("1704067200").replace(",", separator)
    assert opened(load(tmp_path / "a.csv", content, separator=separator)) == [FIRST]
    with pytest.raises(ConfigurationError, match=r"data\.separator"):
        load(tmp_path / "a.csv", content)


@pytest.mark.parametrize("keep", [5, 30])
def test_a_packed_file_that_is_cut_off_or_none_at_all_is_refused(tmp_path, keep):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path / "a.csv.gz", gzip.compress(rows("2024-01-01").encode())[:keep])
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path / "a.csv.gz", rows("2024-01-01"))


def test_a_file_with_nothing_but_a_header_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="has a header and no candle"):
        load(tmp_path / "a.csv", HEADER + "\n\n")


def test_dates_that_leave_nothing_name_what_the_file_holds(tmp_path):
    content = rows("2024-01-01", "2024-01-02")
    with pytest.raises(ConfigurationError, match=r"from 2024-01-01.* to 2024-01-02.*data.fromdate 2024-01-03"):
        load(tmp_path / "a.csv", content, interval="1d", fromdate=FIRST + 48 * HOUR)
    assert load(tmp_path / "a.csv", content, interval="1d", todate=FIRST).length == 1


def test_the_line_of_a_fault_is_the_line_of_the_file(tmp_path):
    content = f'{HEADER}\n\n"2024-01-01\nnoon",10,12,9,11,5\n'
    with pytest.raises(ConfigurationError, match="line 4"):
        load(tmp_path / "a.csv", content)
