"""Candles told in pieces become closed bars: the same ones whatever was heard, missed, repeated or asked for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from common.spec.intervals import Interval
from worker.feeds.bar import Bar
from worker.feeds.bar_grid import BarGrid
from worker.feeds.candle_folder import CONFIRM_AFTER, CandleFolder
from worker.venue.exchange_port import Candle

GRID = BarGrid(Interval.of("1m"))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = GRID.number(BEGIN)
SECOND = timedelta(seconds=1)


class TheMarket:
    """Ten minutes, traded each three seconds or so; in some minutes nobody trades."""

    def __init__(self, chance: random.Random, empty: set[int]) -> None:
        self.ticks = [
            (BEGIN + timedelta(seconds=second + 0.5), 100 + chance.randint(-30, 30) / 10, float(chance.randint(1, 9)))
            for second in range(0, 600, 3)
            if second // 60 not in empty
        ]

    def candle(self, number: int, at: datetime) -> Candle | None:
        """The candle of a minute as it is at a moment; None when nobody has traded in it."""
        opened_at = GRID.opened_at(number)
        inside = [tick for tick in self.ticks if opened_at <= tick[0] < GRID.closed_at(number) and tick[0] <= at]
        if not inside:
            return None
        prices = [price for _, price, _ in inside]
        volume = sum(size for _, _, size in inside)
        return Candle(
            opened_at=opened_at, open=prices[0], high=max(prices), low=min(prices), close=prices[-1], volume=volume
        )

    def answer(self, since: int, at: datetime) -> list[Candle]:
        found = (self.candle(number, at) for number in range(since, GRID.number(at) + 1))
        return [candle for candle in found if candle is not None]

    def bars(self) -> list[tuple[int, float, float, float, float, float]]:
        found = (self.candle(FIRST + minute, BEGIN + timedelta(hours=1)) for minute in range(10))
        return [
            (GRID.number(each.opened_at), each.open, each.high, each.low, each.close, each.volume)
            for each in found
            if each is not None
        ]


def told(bars: list[Bar]) -> list[tuple[int, float, float, float, float, float]]:
    return [(bar.index, *bar.ohlcv) for bar in bars]


@settings(max_examples=examples(300))
@given(st.integers(), st.sets(st.integers(0, 9), max_size=3), st.floats(0.0, 1.0), st.floats(0.0, 0.3))
def test_any_mixture_of_stream_and_answers_gives_the_same_bars(
    seed: int, empty: set[int], heard: float, asked: float
) -> None:
    chance = random.Random(seed)
    market, folder, bars = TheMarket(chance, empty), CandleFolder(GRID, FIRST), list[Bar]()
    for second in range(600):
        now = BEGIN + timedelta(seconds=second)
        if chance.random() < heard:
            numbers = [GRID.number(now)] + ([GRID.number(now) - 1] if chance.random() < 0.2 else [])
            news = [candle for number in numbers if (candle := market.candle(number, now)) is not None]
            chance.shuffle(news)
            folder.heard(news, now)
        if chance.random() < 0.05:
            folder.interrupted()
        if chance.random() < asked:
            folder.answered(market.answer(folder.asks_from, now), folder.asks_from, now)
        bars += folder.closed()
    end = BEGIN + timedelta(minutes=10) + CONFIRM_AFTER
    folder.answered(market.answer(folder.asks_from, end), folder.asks_from, end)
    bars += folder.closed()
    assert told(bars) == market.bars()


def a_candle(minute: int, close: float = 100.0, volume: float = 5.0) -> Candle:
    return Candle(
        opened_at=BEGIN + timedelta(minutes=minute), open=100.0, high=101.0, low=99.0, close=close, volume=volume
    )


def test_a_bar_is_closed_by_the_stream_when_its_last_news_came_at_its_end() -> None:
    folder = CandleFolder(GRID, FIRST)
    folder.heard([a_candle(0)], BEGIN + timedelta(minutes=1))
    assert folder.closed() == []
    folder.heard([a_candle(1, volume=1.0)], BEGIN + timedelta(minutes=1, seconds=1))
    assert [bar.index for bar in folder.closed()] == [FIRST]


def test_news_that_may_not_be_the_last_asks_for_the_truth() -> None:
    folder = CandleFolder(GRID, FIRST)
    folder.heard([a_candle(0, close=100.5)], BEGIN + 50 * SECOND)
    folder.heard([a_candle(1)], BEGIN + 61 * SECOND)
    assert folder.closed() == []
    assert folder.in_doubt
    folder.answered([a_candle(0, close=100.7, volume=6.0), a_candle(1)], FIRST, BEGIN + 62 * SECOND)
    assert [bar.close for bar in folder.closed()] == [100.7]


def test_without_the_stream_a_bar_can_be_asked_for_shortly_after_its_end() -> None:
    folder = CandleFolder(GRID, FIRST)
    assert folder.due == BEGIN + timedelta(minutes=1) + CONFIRM_AFTER
    folder.answered([a_candle(0)], FIRST, folder.due)
    assert [bar.index for bar in folder.closed()] == [FIRST]


@pytest.mark.parametrize(
    "wrong",
    [
        Candle(opened_at=BEGIN, open=0.0, high=1.0, low=1.0, close=1.0, volume=1.0),
        Candle(opened_at=BEGIN, open=1.0, high=1.0, low=2.0, close=1.0, volume=1.0),
        Candle(opened_at=BEGIN, open=1.0, high=float("inf"), low=1.0, close=1.0, volume=1.0),
        Candle(opened_at=BEGIN, open=1.0, high=1.0, low=1.0, close=1.0, volume=-1.0),
        Candle(opened_at=BEGIN + timedelta(days=9), open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0),
    ],
)
def test_what_cannot_be_a_candle_is_none(wrong: Candle) -> None:
    folder = CandleFolder(GRID, FIRST)
    folder.heard([wrong], BEGIN + SECOND)
    assert folder.newest is None
