"""Trading linear perpetuals: the same promises as on spot, and the account's terms and position besides."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from live_market import (
    LEVERAGED,
    NEVER_LEAVES,
    ON_PAPER,
    PATIENT,
    PERPETUAL,
    an_exchange_bot,
    assert_nothing_twice_and_nothing_lost,
    client_order_ids,
    close_out,
    closed,
    exchange_for,
    filled_at,
    filled_in,
    held_at,
    kill_worker,
    trade_through_deaths,
)
from world import World

from worker.exchange_sim.setup import AccountSetup
from worker.exchange_sim.sim import ExchangeSim

THREEFOLD = {"trading": {"on_stop": "close_position", "leverage": 3}}
HOLDING = {"strategy": {"parameters": {"exit_logic": NEVER_LEAVES}}}


@pytest.fixture
def exchange(lite_world: World) -> Iterator[ExchangeSim]:
    with exchange_for(lite_world, PERPETUAL) as running:
        yield running


def a_perpetual_bot(**override: Any) -> dict[str, Any]:
    return an_exchange_bot(LEVERAGED, **THREEFOLD, **override)


def incidents(world: World, bot_id: int, key: str) -> list[dict[str, Any]]:
    return [row for row in world.ask("incidents", str(bot_id)) if key in str(row)]


def test_a_bot_trades_a_perpetual_on_its_terms_to_the_end(lite_world: World, exchange: ExchangeSim) -> None:
    bot_id = lite_world.insert_bot(a_perpetual_bot())
    lite_world.start()
    lite_world.wait("two trades are closed", lambda: closed(lite_world, bot_id) >= 2, 90)
    ((position,),) = exchange.positions().values()
    assert (position["leverage"], position["marginType"]) == ("3", "isolated")
    sales = [order for order in exchange.orders() if order["side"] == "SELL"]
    assert len(sales) >= 2
    close_out(lite_world, exchange, bot_id)
    ((money,),) = exchange.balances().values()
    earned = sum((Decimal(str(trade["net_pnl"])) for trade in lite_world.trades(bot_id)), Decimal(0))
    assert abs(Decimal(money["free"]) - 10_000 - earned) < Decimal("0.001"), "what the account earned is booked"


def test_an_order_whose_answer_is_lost_with_its_worker_is_found_and_not_sent_again(
    lite_world: World, exchange: ExchangeSim
) -> None:
    exchange.fault("miss", "stream.user")
    exchange.fault("late", "order.create", seconds=30, next=1, when="after")
    bot_id = lite_world.insert_bot(a_perpetual_bot())
    lite_world.start(**PATIENT)
    lite_world.wait("the exchange has the order", lambda: client_order_ids(exchange), 90)
    kill_worker(lite_world, bot_id)
    lite_world.wait("its fill is booked", lambda: filled_in(lite_world, bot_id), 60)
    close_out(lite_world, exchange, bot_id)


def test_a_position_is_held_over_the_death_of_its_worker_and_left_at_its_stop(
    lite_world: World, exchange: ExchangeSim
) -> None:
    bot_id = lite_world.insert_bot(a_perpetual_bot(**HOLDING, risk_management={"stop_loss_pct": 5}))
    lite_world.start(**PATIENT)
    lite_world.wait("it holds a position", lambda: held_at(exchange) > 0, 60)
    lite_world.wait("it is booked", lambda: filled_in(lite_world, bot_id) == filled_at(exchange), 30)
    kill_worker(lite_world, bot_id)
    lite_world.until_running(bot_id)
    assert held_at(exchange) > 0
    exchange.set_price(PERPETUAL, exchange.last_price(PERPETUAL) * Decimal("0.9"))
    lite_world.wait("the position is left", lambda: held_at(exchange) == 0, 60)
    lite_world.wait("the trade is closed", lambda: closed(lite_world, bot_id) == 1, 60)
    assert lite_world.trades(bot_id)[0]["exit_reason"] == "stop_loss"
    assert_nothing_twice_and_nothing_lost(lite_world, exchange, bot_id)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("turns", [3, *(pytest.param(turns, marks=pytest.mark.slow) for turns in (15, 16))])
def test_deaths_and_faults_at_random_double_nothing_and_lose_nothing(
    lite_world: World, exchange: ExchangeSim, turns: int
) -> None:
    trade_through_deaths(lite_world, exchange, a_perpetual_bot(), turns)


def test_an_account_in_hedge_mode_gets_no_order_and_the_operator_is_told(lite_world: World) -> None:
    with exchange_for(lite_world, PERPETUAL, accounts=(AccountSetup(hedged=True),)) as exchange:
        bot_id = lite_world.insert_bot(a_perpetual_bot())
        lite_world.start()
        (told,) = lite_world.wait("it is told of", lambda: incidents(lite_world, bot_id, "hedge mode"), 60)
        assert "hedge mode" in told["message"]
        lite_world.wait("an entry is refused", lambda: denials(lite_world, bot_id), 60)
        assert client_order_ids(exchange) == []


def denials(world: World, bot_id: int) -> list[dict[str, Any]]:
    return world.database.rows("SELECT * FROM trading_denials WHERE bot_id = ?", bot_id)


def test_a_position_that_the_exchange_closed_is_told_of(lite_world: World, exchange: ExchangeSim) -> None:
    bot_id = lite_world.insert_bot(a_perpetual_bot(**HOLDING))
    lite_world.start(**PATIENT)
    lite_world.wait("it holds a position", lambda: held_at(exchange) > 0, 60)
    lite_world.wait("it is booked", lambda: filled_in(lite_world, bot_id) == filled_at(exchange), 30)
    exchange.set_position("rehearsal", PERPETUAL, 0)
    kill_worker(lite_world, bot_id)
    (told,) = lite_world.wait("it is told of", lambda: incidents(lite_world, bot_id, "by its records"), 60)
    assert "liquidation" in told["message"]


def test_on_paper_a_perpetual_gives_prices_and_gets_no_order(lite_world: World, exchange: ExchangeSim) -> None:
    on_paper = ON_PAPER | {"market_type": "linear"}
    bot_id = lite_world.insert_bot(an_exchange_bot(on_paper, trading={"on_stop": "close_position"}))
    lite_world.start()
    lite_world.wait("a trade is closed", lambda: closed(lite_world, bot_id) >= 1, 90)
    assert client_order_ids(exchange) == []
    assert all("signature" not in str(request) for request in exchange.requests())


def test_a_trade_whose_position_is_gone_is_written_off_and_the_bot_trades_on(
    lite_world: World, exchange: ExchangeSim
) -> None:
    bot_id = lite_world.insert_bot(a_perpetual_bot(**HOLDING, risk_management={"stop_loss_pct": 5}))
    lite_world.start(**PATIENT)
    lite_world.wait("it holds a position", lambda: held_at(exchange) > 0, 60)
    lite_world.wait("it is booked", lambda: filled_in(lite_world, bot_id) == filled_at(exchange), 30)
    exchange.set_position("rehearsal", PERPETUAL, 0)
    exchange.set_price(PERPETUAL, exchange.last_price(PERPETUAL) * Decimal("0.9"))
    lite_world.wait("its exit is refused", lambda: refused(lite_world, bot_id), 60)
    sent = len(client_order_ids(exchange))
    done = lite_world.ask("write-off", str(bot_id), "--price", "80.5")
    (trade,) = [row for row in lite_world.trades(bot_id) if row["id"] == done["trade"]]
    assert (trade["status"], trade["exit_reason"]) == ("closed", "written_off")
    assert Decimal(str(trade["exit_price"])) == Decimal("80.5")
    assert incidents(lite_world, bot_id, "were written off")
    assert [order for order in exchange.orders() if order["side"] == "SELL"] == [], "no order was sent for it"
    exchange.set_price(PERPETUAL, exchange.last_price(PERPETUAL), hold=False)
    lite_world.wait("it trades on", lambda: len(client_order_ids(exchange)) > sent, 90)


def refused(world: World, bot_id: int) -> list[dict[str, Any]]:
    return world.database.rows(
        "SELECT * FROM trading_orders WHERE bot_id = ? AND side = 'sell' AND status = 'rejected'", bot_id
    )
