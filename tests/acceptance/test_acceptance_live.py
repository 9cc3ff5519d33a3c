"""Trading at an exchange: every order once, every fill booked, whatever dies and whatever the exchange answers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from live_market import (
    DUST,
    NEVER_LEAVES,
    ON_PAPER,
    PATIENT,
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

from worker.exchange_sim.sim import ExchangeSim


@pytest.fixture
def exchange(lite_world: World) -> Iterator[ExchangeSim]:
    with exchange_for(lite_world) as running:
        yield running


CLOSING = {"trading": {"on_stop": "close_position"}}


@pytest.mark.slow
def test_a_live_bot_buys_and_sells_at_the_exchange(lite_world: World, exchange: ExchangeSim) -> None:
    bot_id = lite_world.insert_bot(an_exchange_bot(**CLOSING))
    lite_world.start()
    lite_world.wait("two trades are closed", lambda: closed(lite_world, bot_id) >= 2, 90)
    close_out(lite_world, exchange, bot_id)


def test_on_paper_the_exchange_gives_prices_and_gets_no_order(lite_world: World, exchange: ExchangeSim) -> None:
    bot_id = lite_world.insert_bot(an_exchange_bot(ON_PAPER, **CLOSING))
    lite_world.start()
    lite_world.wait("a trade is closed", lambda: closed(lite_world, bot_id) >= 1, 90)
    assert client_order_ids(exchange) == []
    assert all("signature" not in str(request) for request in exchange.requests())


def test_an_order_whose_answer_is_lost_with_its_worker_is_found_and_not_sent_again(
    lite_world: World, exchange: ExchangeSim
) -> None:
    exchange.fault("miss", "stream.user")
    exchange.fault("late", "order.create", seconds=30, next=1, when="after")
    bot_id = lite_world.insert_bot(an_exchange_bot(**CLOSING))
    lite_world.start(**PATIENT)
    lite_world.wait("the exchange has the order", lambda: client_order_ids(exchange), 90)
    kill_worker(lite_world, bot_id)
    lite_world.wait("its fill is booked", lambda: filled_in(lite_world, bot_id), 60)
    close_out(lite_world, exchange, bot_id)


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("hang_up", {}),
        *(
            pytest.param(fault, more, marks=pytest.mark.slow)
            for fault, more in (("error", {"status": 502}), ("empty", {}), ("malformed", {}), ("late", {"seconds": 4}))
        ),
    ],
)
def test_an_order_that_was_taken_without_an_answer_is_found(
    lite_world: World, exchange: ExchangeSim, fault: str, more: dict[str, object]
) -> None:
    exchange.fault("miss", "stream.user")
    exchange.fault(fault, "order.create", next=3, when="after", **more)
    bot_id = lite_world.insert_bot(an_exchange_bot(**CLOSING))
    lite_world.start()
    lite_world.wait("two trades are closed", lambda: closed(lite_world, bot_id) >= 2, 120)
    close_out(lite_world, exchange, bot_id)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("turns", [4, *(pytest.param(turns, marks=pytest.mark.slow) for turns in (15, 16, 17))])
def test_deaths_and_faults_at_random_double_nothing_and_lose_nothing(
    lite_world: World, exchange: ExchangeSim, turns: int
) -> None:
    trade_through_deaths(lite_world, exchange, an_exchange_bot(**CLOSING), turns)


ORDER_POINTS = [
    "order.sending",
    "order.answered",
    "intent.recorded",
    "order.submitted",
    "fill.before_apply",
    "fill.applied",
    "entry.before_write",
    "entry.after_write",
]


@pytest.mark.parametrize(
    ("point", "passing"),
    [pytest.param(point, passing, marks=pytest.mark.slow) for point in ORDER_POINTS for passing in (1, 2, 3)],
)
def test_a_death_at_any_point_of_the_order_path_doubles_and_loses_nothing(
    lite_world: World, exchange: ExchangeSim, point: str, passing: int
) -> None:
    died = lite_world.folder / "died"
    exchange.fault("miss", "stream.user", probability=0.5)
    bot_id = lite_world.insert_bot(an_exchange_bot(**CLOSING))
    lite_world.start(**PATIENT, BOTVISOR_CRASH_AT=f"{point}:{passing}:{died}")
    lite_world.wait(f"it dies at {point}", died.exists, 60)
    seen = len(client_order_ids(exchange))
    lite_world.wait("it goes on trading", lambda: len(client_order_ids(exchange)) >= seen + 2, 90)
    close_out(lite_world, exchange, bot_id)


@pytest.mark.slow
def test_an_exchange_that_is_down_is_told_of_once_and_traded_at_again(lite_world: World, exchange: ExchangeSim) -> None:
    bot_id = lite_world.insert_bot(an_exchange_bot(**CLOSING))
    lite_world.start()
    lite_world.wait("it trades", lambda: closed(lite_world, bot_id) >= 1, 90)
    exchange.streams("drop")
    exchange.fault("maintenance", "*")
    exchange.fault("drop", "stream.*")
    lite_world.wait("it is down", lambda: outages(lite_world, bot_id), 60)
    exchange.clear_faults()
    lite_world.wait("it is back", lambda: len(outages(lite_world, bot_id)) == 2, 60)
    before = len(client_order_ids(exchange))
    lite_world.wait("it trades again", lambda: len(client_order_ids(exchange)) > before, 60)
    assert [each["severity"] for each in outages(lite_world, bot_id)] == ["error", "info"]
    close_out(lite_world, exchange, bot_id)


def outages(world: World, bot_id: int) -> list[dict[str, object]]:
    return [row for row in world.ask("incidents", str(bot_id)) if row["error_class"] == "ExchangeOutage"][::-1]


def test_wrong_keys_stop_that_bot_alone_and_say_so(lite_world: World, exchange: ExchangeSim) -> None:
    wrong = an_exchange_bot() | {"name": "locked out"}
    wrong["broker"] = wrong["broker"] | {"api_key": "nobody", "api_secret": "knows"}
    good, bad = lite_world.insert_bot(an_exchange_bot(**CLOSING)), lite_world.insert_bot(wrong)
    lite_world.start()
    row = lite_world.until_status(bad, "error", 60)
    assert "credentials" in row["extra_metadata"]["last_error"]
    lite_world.wait("the other trades", lambda: closed(lite_world, good) >= 1, 90)
    assert "knows" not in lite_world.logged()


def test_a_bot_that_is_switched_off_while_it_is_dead_has_its_position_closed(
    lite_world: World, exchange: ExchangeSim
) -> None:
    holding = an_exchange_bot(**CLOSING, strategy={"parameters": {"exit_logic": NEVER_LEAVES}})
    bot_id = lite_world.insert_bot(holding)
    lite_world.start(**PATIENT)
    lite_world.wait("it holds something", lambda: held_at(exchange) > DUST, 60)
    lite_world.kill_supervisor()
    kill_worker(lite_world, bot_id)
    lite_world.set_status(bot_id, "disabled")
    lite_world.start(**PATIENT)
    lite_world.wait("it is sold", lambda: held_at(exchange) < DUST, 60)
    lite_world.wait("both sides agree", lambda: filled_in(lite_world, bot_id) == filled_at(exchange), 30)
    assert_nothing_twice_and_nothing_lost(lite_world, exchange, bot_id)
    lite_world.wait("the trade is closed", lambda: [t["status"] for t in lite_world.trades(bot_id)] == ["closed"])


def test_a_sale_that_is_refused_while_the_bot_is_switched_off_is_tried_again_until_all_is_sold(
    lite_world: World, exchange: ExchangeSim
) -> None:
    holding = an_exchange_bot(**CLOSING, strategy={"parameters": {"exit_logic": NEVER_LEAVES}})
    bot_id = lite_world.insert_bot(holding)
    lite_world.start()
    lite_world.wait("it holds something", lambda: held_at(exchange) > DUST, 60)
    refused = exchange.fault("reject", "order.create", side="SELL", next=2)
    close_out(lite_world, exchange, bot_id)
    assert next(each["struck"] for each in exchange.faults() if each["id"] == refused) == 2
    assert [trade["exit_reason"] for trade in lite_world.trades(bot_id)] == ["shutdown"]


@pytest.mark.parametrize("policy", ["keep", "close_position"])
def test_what_became_of_an_order_is_asked_until_it_is_told_also_of_a_bot_that_is_off(
    lite_world: World, exchange: ExchangeSim, policy: str
) -> None:
    exchange.fault("miss", "stream.user")
    exchange.fault("hang_up", "order.create", next=1)
    deaf = exchange.fault("error", "order.query")
    bot_id = lite_world.insert_bot(an_exchange_bot(trading={"on_stop": policy}))
    lite_world.start(BOTVISOR_SETTLE_GRACE="5")
    lite_world.wait("an order is in doubt", lambda: "unknown" in order_statuses(lite_world, bot_id), 60)
    lite_world.ask("disable", str(bot_id))
    lite_world.wait("it is off", lambda: lite_world.status(bot_id) == "disabled", 60)
    lite_world.wait("it gave up for now", lambda: "unsettled" in life_ends(lite_world, bot_id), 60)
    assert order_statuses(lite_world, bot_id) == ["unknown"]
    exchange.clear_faults(deaf)
    lite_world.wait("it is told", lambda: "unknown" not in order_statuses(lite_world, bot_id), 90)
    lite_world.wait("it has left", lambda: lite_world.worker(bot_id) is None, 60)
    assert_nothing_twice_and_nothing_lost(lite_world, exchange, bot_id)
    assert closed(lite_world, bot_id) == (1 if policy == "close_position" else 0)


def order_statuses(world: World, bot_id: int) -> list[str]:
    return [row["status"] for row in world.database.rows("SELECT status FROM trading_orders WHERE bot_id = ?", bot_id)]


def life_ends(world: World, bot_id: int) -> list[str]:
    rows = world.database.rows("SELECT cause FROM incarnations WHERE bot_id = ?", bot_id)
    return [row["cause"] for row in rows]


def test_a_stop_that_vanishes_from_the_exchange_is_placed_anew(lite_world: World, exchange: ExchangeSim) -> None:
    guarded = an_exchange_bot(
        **CLOSING,
        strategy={"parameters": {"exit_logic": NEVER_LEAVES}},
        risk_management={"stop_loss_pct": 20, "take_profit_pct": 50},
    )
    bot_id = lite_world.insert_bot(guarded)
    lite_world.start()
    first = lite_world.wait("a stop rests there", lambda: resting_stops(exchange), 60)
    exchange.order(first[0], "cancel")
    lite_world.wait("another rests there", lambda: resting_stops(exchange) not in ([], first), 60)
    close_out(lite_world, exchange, bot_id)


def test_a_stop_at_the_exchange_ends_the_trade_with_its_reason(lite_world: World, exchange: ExchangeSim) -> None:
    guarded = an_exchange_bot(
        **CLOSING, strategy={"parameters": {"exit_logic": NEVER_LEAVES}}, risk_management={"stop_loss_pct": 5}
    )
    bot_id = lite_world.insert_bot(guarded)
    lite_world.start()
    lite_world.wait("a stop rests there", lambda: resting_stops(exchange), 60)
    exchange.set_price("BTC/USDT", exchange.last_price("BTC/USDT") * Decimal("0.9"))
    lite_world.wait("the trade is closed", lambda: closed(lite_world, bot_id) == 1, 60)
    assert lite_world.trades(bot_id)[0]["exit_reason"] == "stop_loss"


def test_what_rests_for_a_trade_is_taken_back_before_the_trade_is_written_off(
    lite_world: World, exchange: ExchangeSim
) -> None:
    guarded = an_exchange_bot(
        **CLOSING, strategy={"parameters": {"exit_logic": NEVER_LEAVES}}, risk_management={"stop_loss_pct": 20}
    )
    bot_id = lite_world.insert_bot(guarded)
    lite_world.start()
    (stop,) = lite_world.wait("a stop rests there", lambda: resting_stops(exchange), 60)
    exchange.fault("late", "order.cancel", when="before", seconds=1, next=1)
    done = lite_world.ask("write-off", str(bot_id), "--price", "70", "--wait", "60")
    (trade,) = [row for row in lite_world.trades(bot_id) if row["id"] == done["trade"]]
    assert (trade["status"], trade["exit_reason"], Decimal(str(trade["exit_price"]))) == ("closed", "written_off", 70)
    (rested,) = lite_world.database.rows("SELECT * FROM trading_orders WHERE venue_order_id = ?", str(stop))
    assert (rested["status"], rested["updated_at"] <= trade["exit_time"]) == ("cancelled", True)
    assert [order for order in exchange.orders() if order["side"] == "SELL" and Decimal(order["executedQty"])] == []


def test_nothing_is_written_off_of_a_bot_that_holds_nothing(lite_world: World) -> None:
    bot_id = lite_world.insert_bot(an_exchange_bot())
    said = lite_world.botctl("write-off", str(bot_id), "--price", "70", "--yes", check=False)
    assert said.returncode != 0
    assert "no open trade" in said.stdout + said.stderr


def resting_stops(exchange: ExchangeSim) -> list[int]:
    open_orders = [order for order in exchange.orders() if order["status"] == "NEW"]
    return [int(order["orderId"]) for order in open_orders if str(order["type"]).startswith("STOP")]
