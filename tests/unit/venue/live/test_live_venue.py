from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from scripted_exchange import EPOCH, PRICE, ScriptedExchange, an_order

from common.clock import SystemClock
from worker.venue.exchange_port import ExchangeAuthenticationError, ExchangeUnavailable
from worker.venue.live.live_venue import LiveVenue
from worker.venue.live.terms import Terms
from worker.venue.port import Ended, Executed, Placed, VenueEvent

PATIENCE = 10.0


class Trading:
    """The trading thread's side: takes news in whenever it is rung."""

    def __init__(self, exchange: ScriptedExchange, lease: bool = True) -> None:
        self.rung = threading.Event()
        self.events: list[VenueEvent] = []
        self.venue = LiveVenue(
            exchange, "scripted live, spot BTC/USDT", "b", Terms(), SystemClock(), self.rung.set, lambda: lease
        )

    def until(self, condition: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < give_up_at, f"it did not happen; told so far: {self.events}"
            self.rung.wait(0.5)
            self.rung.clear()
            self.events.extend(self.venue.news())


@pytest.fixture
def exchange() -> ScriptedExchange:
    return ScriptedExchange(lambda: time.time() - EPOCH.timestamp())


@pytest.fixture
def trading(exchange: ScriptedExchange) -> Iterator[Trading]:
    trading = Trading(exchange)
    trading.venue.start(PATIENCE, lambda: None)
    yield trading
    trading.venue.close()
    assert "exchange" not in [thread.name for thread in threading.enumerate()]


def test_an_order_goes_out_once_and_its_life_comes_back_as_news(trading: Trading, exchange: ScriptedExchange) -> None:
    trading.venue.submit(an_order())
    trading.until(lambda: sum(each.quantity for each in trading.events if isinstance(each, Executed)) == 1)
    assert isinstance(trading.events[0], Placed)
    assert exchange.sent == ["b0"]
    assert trading.venue.state()["orders"] == {}


def test_what_is_told_counts_as_told_only_once_the_caller_asks_for_the_next(trading: Trading) -> None:
    trading.venue.submit(an_order(order_type="limit", limit_price=Decimal(90)))
    give_up_at = time.monotonic() + PATIENCE
    told: VenueEvent | None = None
    while told is None:
        assert time.monotonic() < give_up_at
        trading.rung.wait(0.5)
        news = trading.venue.news()
        told = next(news, None)
    assert isinstance(told, Placed)
    assert trading.venue.state()["orders"] == {}
    assert next(news, None) is None
    assert trading.venue.state()["orders"]["b0"]["placed"]


def test_an_order_is_cancelled_by_name(trading: Trading) -> None:
    trading.venue.submit(an_order(order_type="limit", limit_price=Decimal(90)))
    trading.until(lambda: bool(trading.events))
    trading.venue.cancel("b0")
    trading.until(lambda: any(isinstance(each, Ended) for each in trading.events))
    assert [each.status for each in trading.events if isinstance(each, Ended)] == ["cancelled"]


def test_the_next_life_goes_on_where_this_one_ended(trading: Trading, exchange: ScriptedExchange) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(90))
    trading.venue.submit(order)
    trading.until(lambda: bool(trading.events))
    trading.venue.thread.call(exchange.fill, "b0", Decimal("0.5"))
    trading.until(lambda: any(isinstance(each, Executed) for each in trading.events))
    state = trading.venue.state()
    trading.venue.close()
    exchange.fill("b0", Decimal("0.5"))

    second = Trading(_reopened(exchange))
    second.venue.start(PATIENCE, lambda: None)
    try:
        second.venue.restore(state, {"b0": replace(order, status="partially_filled", venue_order_id="x0")})
        second.until(lambda: bool(second.events))
        assert [each.quantity for each in second.events if isinstance(each, Executed)] == [Decimal("0.5")]
        assert len(second.events) == 1
    finally:
        second.venue.close()


def test_levels_wake_the_trading_loop(trading: Trading, exchange: ScriptedExchange) -> None:
    trading.venue.arm(Decimal(95), None)
    trading.venue.thread.call(exchange.quotes.put_nowait, PRICE)
    trading.until(lambda: trading.venue.last_price == PRICE)
    trading.venue.thread.call(exchange.quotes.put_nowait, Decimal(94))
    trading.until(lambda: trading.venue.last_price == Decimal(94))


def test_nothing_is_examined_before_the_book_is_known_and_then_own_orders_are_not_strange(
    trading: Trading, exchange: ScriptedExchange
) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(90))
    trading.venue.thread.call(exchange.place, order)
    assert trading.venue.blocked() is not None
    trading.venue.restore({}, {"b0": replace(order, status="accepted", venue_order_id="x0")})
    trading.venue.hold(Decimal(0))
    trading.until(lambda: trading.venue.blocked() is None)
    assert trading.venue.findings() == []


def test_wrong_credentials_are_raised_where_it_was_started(exchange: ScriptedExchange) -> None:
    exchange.failure_of_open = ExchangeAuthenticationError("no such key")
    with pytest.raises(ExchangeAuthenticationError, match="no such key"):
        Trading(exchange).venue.start(PATIENCE, lambda: None)
    assert exchange.closed


def test_an_exchange_out_of_reach_is_raised_after_the_patience(exchange: ScriptedExchange) -> None:
    exchange.failure_of_open = ExchangeUnavailable("no route")
    with pytest.raises(ExchangeUnavailable, match="no route"):
        Trading(exchange).venue.start(0.3, lambda: None)


def test_a_start_that_is_broken_off_leaves_no_thread(exchange: ScriptedExchange) -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    exchange.failure_of_open = ExchangeUnavailable("no route")
    with pytest.raises(Stopped):
        Trading(exchange).venue.start(60.0, stop)
    assert "exchange" not in [thread.name for thread in threading.enumerate()]


def test_what_ends_the_exchange_thread_reaches_the_trading_loop_as_its_error(exchange: ScriptedExchange) -> None:
    exchange.failure_of_news = ExchangeAuthenticationError("the key was revoked")
    trading = Trading(exchange)
    try:
        with pytest.raises(ExchangeAuthenticationError, match="revoked"):
            _start_and_wait(trading)
    finally:
        trading.venue.submit(an_order())
        trading.venue.close()
    assert exchange.sent == []


def test_closing_twice_or_before_the_start_does_no_harm(exchange: ScriptedExchange) -> None:
    trading = Trading(exchange)
    trading.venue.close()
    trading.venue.close()


def _reopened(old: ScriptedExchange) -> ScriptedExchange:
    """The same exchange as another loop meets it."""
    began = time.monotonic() - (old.kept["b0"].report.at - EPOCH).total_seconds() - 1
    new = ScriptedExchange(lambda: time.monotonic() - began)
    new.kept = old.kept
    return new


def _start_and_wait(trading: Trading) -> None:
    trading.venue.start(PATIENCE, lambda: None)
    trading.until(lambda: False)
