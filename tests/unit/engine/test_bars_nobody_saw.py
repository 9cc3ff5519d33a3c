"""A life of a market that goes on by itself reads every bar that nobody saw while a position was open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from engine_scenes import file_data, flat, spec_for, write_bars

from common.spec.intervals import Interval
from worker.book.book import Book
from worker.book.trade import Trade
from worker.engine.resume import placed
from worker.engine.run import labels_of
from worker.feeds.bar import Bar
from worker.feeds.bar_grid import BarGrid
from worker.feeds.live_source import LiveSource

GRID = BarGrid(Interval.of("1m"))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = GRID.number(BEGIN)


def a_bar(minute: int) -> Bar:
    opened_at = BEGIN + timedelta(minutes=minute)
    return Bar(FIRST + minute, opened_at, opened_at + timedelta(minutes=1), 1.0, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(("holds", "start"), [(True, 11), (False, 90)])
def test_with_a_position_the_reading_begins_after_the_last_decided_bar(tmp_path: Path, holds: bool, start: int) -> None:
    spec = spec_for(file_data(write_bars(tmp_path, [flat(100)] * 3), lookback_bars=10))
    book = Book(labels_of(spec, "scripted"), spec.broker.start_balance, spec.broker.commission_rate)
    if holds:
        book.trade = Trade(key="one", entry_time=a_bar(5).opened_at, entry_bar=FIRST + 5, size=Decimal(1))
    source = LiveSource(GRID, [a_bar(minute) for minute in range(100)], 10, FIRST + 100)
    resumption = placed(spec, source, book, decided=FIRST + 11, bar_index=FIRST + 10)
    assert resumption.start == FIRST + start
    assert resumption.first_live == FIRST + 100
