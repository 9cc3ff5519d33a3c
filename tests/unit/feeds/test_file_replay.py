"""Reading candle files of many makes, and refusing what cannot be read by line and column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.spec import DataSpec, FileSpec
from worker.feeds.file import FileReplay
from worker.feeds.source import open_source

HEADER = "timestamp,open,high,low,close,volume"
ROWS = ["1704067200,10,12,9,11,5", "1704070800,11,13,10,12,6", "1704074400,12,14,11,13,7"]
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def load(folder: Path, lines, *, window=None, **file):
    path = folder / "bars.csv"
    path.write_text("\n".join(lines) + "\n", encoding=file.pop("encoding", "utf-8"))
    spec = DataSpec(source="file", symbol="X", file=FileSpec(path=str(path), **file), **(window or {}))
    return FileReplay.load(spec)


def closes(replay):
    return [bar.close for bar in replay.bars()]


def test_a_bar_carries_the_files_time_and_its_end(tmp_path):
    first, *_ = load(tmp_path, [HEADER, *ROWS]).bars()
    assert (first.index, first.opened_at, first.closed_at) == (0, FIRST, FIRST + timedelta(hours=1))
    assert (first.open, first.high, first.low, first.close, first.volume) == (10.0, 12.0, 9.0, 11.0, 5.0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1704067200", FIRST),
        ("1704067200000", FIRST),
        ("1704067200.5", FIRST + timedelta(milliseconds=500)),
        ("946684800001", datetime(2000, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)),
        ("1704067200000000", FIRST),
        ("1704067200000000000", FIRST),
        ("1704067200000.25", FIRST + timedelta(microseconds=250)),
        ("-86400", datetime(1969, 12, 31, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-01-01 00:00:00 UTC", FIRST),
        (" 2024-01-01T00:00:00.500Z ", FIRST + timedelta(milliseconds=500)),
        ("2023-12-31T19:00:00-05:00", FIRST),
        ("2024-01-01", FIRST),
        ("2024-01-01 00:00:00", FIRST),
        ("2024-01-01T02:00:00+02:00", FIRST),
        ("2024-01-01T00:00:00Z", FIRST),
    ],
)
def test_times_are_epoch_numbers_or_iso_text(tmp_path, text, moment):
    assert next(load(tmp_path, [HEADER, f"{text},10,12,9,11,5"]).bars()).opened_at == moment


def test_a_format_and_a_zone_read_local_times(tmp_path):
    lines = ["when,open,high,low,close,volume", "01.07.2024 02:00,10,12,9,11,5"]
    replay = load(tmp_path, lines, datetime_col="when", datetime_format="%d.%m.%Y %H:%M", timezone="Europe/Zurich")
    assert next(replay.bars()).opened_at == datetime(2024, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["datetime", "Timestamp", "open_time", "CLOSE_TIME", "Date", "Time", "date", "time"])
def test_time_columns_are_found_by_their_usual_names(tmp_path, name):
    assert load(tmp_path, [HEADER.replace("timestamp", name), *ROWS]).length == 3


def test_columns_are_mapped_by_name_whatever_the_case_and_the_order(tmp_path):
    lines = ["Vol;C;L;H;O;When", "5;11;9;12;10;1704067200"]
    names = {"open_col": "o", "high_col": "h", "low_col": "l", "close_col": "c", "volume_col": "vol"}
    (bar,) = load(tmp_path, lines, datetime_col="when", separator=";", **names).bars()
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (10.0, 12.0, 9.0, 11.0, 5.0)


def test_rows_are_sorted_by_time(tmp_path):
    assert closes(load(tmp_path, [HEADER, ROWS[2], ROWS[0], ROWS[1]])) == [11.0, 12.0, 13.0]
    assert closes(load(tmp_path, [HEADER, *reversed(ROWS)], reverse=True)) == [11.0, 12.0, 13.0]


def test_of_two_rows_with_one_time_the_later_in_reading_order_wins(tmp_path):
    twice = [HEADER, *ROWS, "1704070800,11,13,10,99,6"]
    assert closes(load(tmp_path, twice)) == [11.0, 99.0, 13.0]
    assert closes(load(tmp_path, twice, reverse=True)) == [11.0, 12.0, 13.0]


def test_a_missing_volume_reads_as_zeros(tmp_path):
    lines = [line.rpartition(",")[0] for line in (HEADER, *ROWS)]
    assert [bar.volume for bar in load(tmp_path, lines).bars()] == [0.0] * 3


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path):
    assert load(tmp_path, [HEADER, "", *ROWS, ""], encoding="utf-8-sig").length == 3


def test_fromdate_and_todate_are_inclusive_and_numbering_starts_at_the_first_row_taken(tmp_path):
    window = {"fromdate": FIRST + timedelta(hours=1), "todate": FIRST + timedelta(hours=2)}
    bars = list(load(tmp_path, [HEADER, *ROWS], window=window).bars())
    assert [(bar.index, bar.close) for bar in bars] == [(0, 12.0), (1, 13.0)]


def test_bars_can_be_entered_at_any_number_and_counted_by_time(tmp_path):
    replay = load(tmp_path, [HEADER, *ROWS])
    assert [bar.index for bar in replay.bars(2)] == [2]
    moments = [FIRST - timedelta(seconds=1), FIRST, FIRST + timedelta(minutes=61), FIRST + timedelta(days=1)]
    assert [replay.rows_until(moment) for moment in moments] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1704067200,10,12,nine,11,5", r"line 2, column low: 'nine' is not a number"),
        ("1704067200,10,12,nan,11,5", r"column low: 'nan' is not a finite number"),
        ("1704067200,10,inf,9,11,5", r"column high: 'inf' is not a finite number"),
        ("1704067200,0,12,9,11,5", r"column open: '0' is not a positive price"),
        ("1704067200,10,12,9,-11,5", r"column close: '-11' is not a positive price"),
        ("1704067200,10,12,9,11,-5", r"column volume: '-5' is negative"),
        ("1704067200,10,12,9,11,", r"column volume: '' is not a number"),
        ("1704067200,10,12,9,11,nan", r"column volume: 'nan' is not a finite number"),
        ("1704067200,10,12,9,,5", r"column close: '' is not a number"),
        ("1704067200,10,8,9,11,5", r"line 2: the high 8 is below the low 9"),
        (",10,12,9,11,5", r"column timestamp: '' is not a time"),
        ("2023-02-29,10,12,9,11,5", r"column timestamp: '2023-02-29' is not a time"),
        ("946684800000,10,12,9,11,5", r"column timestamp: '946684800000' is beyond the years"),  # read as seconds
        ("yesterday,10,12,9,11,5", r"column timestamp: 'yesterday' is not a time"),
        ("1704067200,10,12,9", r"line 2: 4 fields, but column close is number 5"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_line_and_column(tmp_path, row, said):
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path, [HEADER, row, *ROWS])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["timestamp,open,high,close,volume"], "no column low"),
        (["a;b"], "data.separator"),
        ([HEADER.replace("timestamp", "when")], "no column datetime"),
    ],
)
def test_a_header_without_the_columns_names_what_is_missing(tmp_path, lines, said):
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path, lines)


def test_files_that_are_none_are_refused(tmp_path):
    missing = DataSpec(source="file", symbol="X", file=FileSpec(path=str(tmp_path / "nothing.csv")))
    with pytest.raises(ConfigurationError, match="must exist"):
        open_source(missing)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ConfigurationError, match="is empty"):
        open_source(missing.model_copy(update={"file": FileSpec(path=str(tmp_path / "empty.csv"))}))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_source(missing.model_copy(update={"file": FileSpec(path=str(tmp_path / "binary.csv"))}))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_source(missing.model_copy(update={"file": FileSpec(path=str(tmp_path))}))


def test_an_unknown_time_zone_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="IANA"):
        load(tmp_path, [HEADER, *ROWS], timezone="Mars/Olympus")
