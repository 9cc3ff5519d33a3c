"""Bars of an exchange while they happen: the past in pages, then each once, whatever the stream and the answers do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from common.spec.intervals import Interval
from common.wire.facts import IncidentReported
from worker.feeds.bar_grid import BarGrid
from worker.feeds.bar_inbox import BarInbox
from worker.feeds.feed_health import DEAF_AFTER, FeedHealth
from worker.feeds.live_candles import LiveCandles
from worker.venue.exchange_port import Candle, Exchange, ExchangeRefusal, ExchangeUnavailable

GRID = BarGrid(Interval.of("1m"))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = GRID.number(BEGIN)
PATIENCE = 30.0


class HandClock:
    """Stands until it is set."""

    def __init__(self, now: datetime) -> None:
        self.wall = now
        self.seconds = 0.0

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def boottime(self) -> float:
        return self.seconds


def a_candle(minute: int, close: float = 100.0, volume: float = 5.0) -> Candle:
    return Candle(
        opened_at=BEGIN + timedelta(minutes=minute), open=100.0, high=101.0, low=99.0, close=close, volume=volume
    )


class ScriptedCandles:
    """The candles of an exchange: answers from what is known, a stream that says what it is given."""

    clock_offset = timedelta(0)

    def __init__(self, known: Sequence[Candle], at_most: int = 1000) -> None:
        self.known = {candle.opened_at: candle for candle in known}
        self.at_most = at_most
        self.refusals: list[Exception] = []
        self.questions = 0
        self.listened = 0
        self.stream: asyncio.Queue[Sequence[Candle] | Exception] = asyncio.Queue()

    async def candles(self, interval: str, since: datetime, limit: int) -> Sequence[Candle]:
        assert interval == "1m"
        self.questions += 1
        if self.refusals:
            raise self.refusals.pop(0)
        found = sorted(opened_at for opened_at in self.known if opened_at >= since)
        return [self.known[opened_at] for opened_at in found[: min(limit, self.at_most)]]

    async def next_candles(self, interval: str) -> Sequence[Candle]:
        self.listened += 1
        news = await self.stream.get()
        if isinstance(news, Exception):
            raise news
        return news


class Following:
    """Live candles at work, and what came of it."""

    def __init__(self, exchange: ScriptedCandles, clock: HandClock, wanted: int) -> None:
        self.inbox = BarInbox(lambda: None)
        self.incidents: list[IncidentReported] = []
        port = cast("Exchange", exchange)  # candles are all that is asked of it
        self.candles = LiveCandles(port, GRID, wanted, clock, self.inbox, self.incidents.append)
        self.task: asyncio.Task[None]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.005)

    async def __aenter__(self) -> Following:
        self.task = asyncio.create_task(self.candles.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def taken(self) -> list[tuple[int, float]]:
        bars = []
        while (bar := self.inbox.take()) is not None:
            bars.append((bar.index - FIRST, bar.close))
        return bars


def test_the_past_is_read_in_pages_up_to_the_candle_in_progress() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([a_candle(minute) for minute in range(11)], at_most=4)
        clock = HandClock(BEGIN + timedelta(minutes=10, seconds=30))
        async with Following(exchange, clock, 8) as following:
            await following.until(following.candles.loaded.is_set)
            assert [bar.index - FIRST for bar in following.candles.history] == list(range(2, 10))
            assert following.taken() == []

    asyncio.run(scene())


def test_a_past_that_is_not_had_at_first_is_asked_for_again() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([a_candle(0), a_candle(1)])
        exchange.refusals = [ExchangeUnavailable("in maintenance")]
        async with Following(exchange, HandClock(BEGIN + timedelta(seconds=90)), 5) as following:
            await following.until(following.candles.loaded.is_set)
            assert [bar.index for bar in following.candles.history] == [FIRST]

    asyncio.run(scene())


def test_a_question_that_is_refused_ends_it() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([])
        exchange.refusals = [ExchangeRefusal("no such interval")]
        async with Following(exchange, HandClock(BEGIN), 5) as following:
            with pytest.raises(ExchangeRefusal, match="no such interval"):
                await following.until(following.candles.loaded.is_set)

    asyncio.run(scene())


def test_the_past_reaches_back_to_what_nobody_saw() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([a_candle(minute) for minute in range(51)])
        following = Following(exchange, HandClock(BEGIN + timedelta(minutes=50, seconds=9)), 3)
        following.candles.reach_back(BEGIN + timedelta(minutes=7))
        async with following:
            await following.until(following.candles.loaded.is_set)
            assert following.candles.history[0].index <= FIRST + 7
            assert following.candles.history[-1].index == FIRST + 49

    asyncio.run(scene())


def test_the_stream_closes_a_bar_and_what_it_lost_is_asked_for() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([a_candle(0), a_candle(1)])
        clock = HandClock(BEGIN + timedelta(minutes=1, seconds=30))
        async with Following(exchange, clock, 5) as following:
            await following.until(following.candles.loaded.is_set)
            clock.pass_by(31)
            exchange.known |= {a_candle(minute).opened_at: a_candle(minute, close=100.5) for minute in (1, 2)}
            exchange.stream.put_nowait([a_candle(1, close=100.5), a_candle(2, volume=1.0)])
            await following.until(lambda: len(following.inbox) == 1)
            exchange.stream.put_nowait(ExchangeUnavailable("the connection broke"))
            await following.until(exchange.stream.empty)
            clock.pass_by(180)
            exchange.known |= {
                a_candle(minute).opened_at: a_candle(minute, close=99.5, volume=6) for minute in (2, 3, 4, 5)
            }
            exchange.stream.put_nowait([a_candle(5)])
            await following.until(lambda: len(following.inbox) == 4)
            assert following.taken() == [(1, 100.5), (2, 99.5), (3, 99.5), (4, 99.5)]

    asyncio.run(scene())


def test_a_bar_that_the_stream_has_closed_waits_for_no_answer_and_after_a_break_it_does() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([a_candle(0), a_candle(1)])
        clock = HandClock(BEGIN + timedelta(minutes=1, seconds=30))
        async with Following(exchange, clock, 5) as following:
            await following.until(following.candles.loaded.is_set)
            questions = exchange.questions
            clock.pass_by(30)
            exchange.stream.put_nowait([a_candle(1, close=100.2, volume=6)])
            exchange.stream.put_nowait([a_candle(2, volume=1.0)])
            await following.until(lambda: len(following.inbox) == 1)
            assert exchange.questions == questions
            clock.pass_by(60)
            exchange.stream.put_nowait([a_candle(2, close=100.3)])
            exchange.stream.put_nowait(ExchangeUnavailable("the connection broke"))
            exchange.stream.put_nowait([a_candle(3, volume=1.0)])
            exchange.known |= {each.opened_at: each for each in (a_candle(2, close=100.4, volume=7), a_candle(3))}
            listened = exchange.listened
            await following.until(lambda: exchange.stream.empty() and exchange.listened > listened)
            clock.pass_by(1)
            exchange.stream.put_nowait([a_candle(3, volume=1.0)])
            await following.until(lambda: len(following.inbox) == 2)
            assert following.taken() == [(1, 100.2), (2, 100.4)]

    asyncio.run(scene())


def test_a_stream_that_fails_at_once_is_not_tried_without_pause() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([a_candle(0), a_candle(1)])
        for _ in range(1000):
            exchange.stream.put_nowait(ExchangeUnavailable("refused"))
        async with Following(exchange, HandClock(BEGIN + timedelta(seconds=90)), 5) as following:
            await following.until(lambda: exchange.listened >= 2)
            assert exchange.listened < 10

    asyncio.run(scene())


def test_an_outage_is_told_once_and_its_end_once() -> None:
    async def scene() -> None:
        exchange = ScriptedCandles([a_candle(0), a_candle(1)])
        clock = HandClock(BEGIN + timedelta(seconds=90))
        async with Following(exchange, clock, 5) as following:
            await following.until(following.candles.loaded.is_set)
            await following.until(lambda: exchange.listened)
            for _ in range(3):
                clock.pass_by(200)
                exchange.stream.put_nowait([a_candle(1)])
                await following.until(lambda: following.incidents)
            assert [incident.severity for incident in following.incidents] == ["warning"]
            exchange.known |= {a_candle(minute).opened_at: a_candle(minute) for minute in range(12)}
            exchange.stream.put_nowait([a_candle(11)])
            await following.until(lambda: len(following.incidents) == 2)
            assert [incident.severity for incident in following.incidents] == ["warning", "info"]

    asyncio.run(scene())


def test_silence_and_standing_still_are_two_ways_of_being_stale() -> None:
    health = FeedHealth(60.0, now=0.0)
    assert health.look(DEAF_AFTER - 1) is None
    health.failed("no route")
    deaf = health.look(DEAF_AFTER)
    assert deaf is not None
    assert (deaf.condition, deaf.seconds, deaf.reason) == ("deaf", DEAF_AFTER, "no route")
    assert health.look(DEAF_AFTER + 1) is None
    health.heard(100.0, moved=True)
    back = health.look(100.0)
    assert back is not None
    assert (back.condition, back.seconds) == ("well", 100.0)
    for now in range(110, 221, 10):
        health.heard(float(now), moved=False)
    frozen = health.look(220.0)
    assert frozen is not None
    assert (frozen.condition, frozen.seconds) == ("frozen", 120.0)
