"""Bars of a market that goes on by itself: the past first, then each when it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from common.spec.intervals import Interval
from worker.engine.arriving import ArrivingBars
from worker.feeds.bar import Bar
from worker.feeds.bar_grid import BarGrid
from worker.feeds.bar_inbox import BarInbox
from worker.feeds.live_source import LiveSource, first_live

GRID = BarGrid(Interval.of("1m"))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = GRID.number(BEGIN)


def a_bar(minute: int) -> Bar:
    opened_at = BEGIN + timedelta(minutes=minute)
    return Bar(FIRST + minute, opened_at, opened_at + timedelta(minutes=1), 1.0, 1.0, 1.0, 1.0, 1.0)


def test_the_past_comes_at_once_and_what_arrives_is_live() -> None:
    rung: list[bool] = []
    inbox = BarInbox(lambda: rung.append(True))
    bars = ArrivingBars(iter([a_bar(0), a_bar(1)]), FIRST + 2, inbox)
    assert bars.wait_seconds() == 0.0
    assert not bars.live
    assert [bars.take(), bars.take()] == [a_bar(0), a_bar(1)]
    assert bars.take() is None
    assert bars.live
    assert bars.wait_seconds() > 60
    inbox.put([a_bar(2)])
    assert rung == [True]
    assert bars.wait_seconds() == 0.0
    assert bars.take() == a_bar(2)
    assert not bars.finished


def test_a_first_life_trades_the_bar_in_progress_when_it_closes() -> None:
    past = [a_bar(minute) for minute in range(5)]
    assert first_live(GRID, past, BEGIN + timedelta(minutes=5, seconds=20), None) == FIRST + 5


def test_the_bar_that_closed_while_one_life_gave_way_to_the_next_is_decided_on() -> None:
    past = [a_bar(minute) for minute in range(5)]
    now = BEGIN + timedelta(minutes=5, seconds=3)
    assert first_live(GRID, past, now, a_bar(3).opened_at) == FIRST + 4
    assert first_live(GRID, past, now, a_bar(2).opened_at) == FIRST + 5, "more than one was missed"


def test_numbers_are_the_same_in_each_life_whatever_the_past_begins_with() -> None:
    long, short = (LiveSource(GRID, [a_bar(m) for m in range(begin, 9)], 3, FIRST + 9) for begin in (0, 6))
    assert [bar.index for bar in long.bars(FIRST + 7)] == [bar.index for bar in short.bars(FIRST + 7)]
    assert long.rows_until(a_bar(8).opened_at) == short.rows_until(a_bar(8).opened_at) == FIRST + 9
