"""TRD: a round trip is one row with the right money in it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from builders import BUY_ON_ANY_FALL, START, a_bot, a_csv, an_exit, candles_of, parameters
from database import moment, money
from world import World

ONE_TRIP = [10.0, 11.0, 12.0, 11.0, 10.0, 11.0, 12.0, 13.0, 14.0]
"""Decides to buy at 11, enters at the open of bar 4 (11); out two bars later, at the open of bar 7 (12)."""


def one_trip(csv: Path, **override: object) -> dict[str, object]:
    strategy = parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("TimeBasedExitMixin", max_bars=2))
    return a_bot(csv, **{"strategy": strategy, "broker": {"cash": 110.0, "commission": 0.001}, **override})


def test_a_round_trip_is_one_row_opened_then_closed(fleet: World, tmp_path: Path) -> None:
    csv = a_csv(tmp_path / "m.csv", candles_of(ONE_TRIP))
    config = one_trip(csv, data={"simulate_realtime": True, "realtime_interval": 0.5})
    bot_id = fleet.insert_bot(config)
    (opened,) = fleet.wait("the open row", lambda: fleet.trades(bot_id))
    assert opened["status"] == "open"
    for name in ("exit_time", "exit_price", "exit_value", "gross_pnl", "net_pnl", "pnl_percentage", "exit_reason"):
        assert opened[name] is None, name
    assert money(opened["commission"]) == Decimal("0.01100000"), "the entry side"
    fleet.until_finished(bot_id)
    (closed,) = fleet.trades(bot_id)
    assert (closed["id"], closed["status"]) == (opened["id"], "closed")
    assert (closed["entry_logic_name"], closed["exit_logic_name"]) == ("RSIOrBBEntryMixin", "TimeBasedExitMixin")
    assert (closed["trade_type"], closed["direction"], closed["symbol"]) == ("paper", "long", "ETHBTC")
    times = [
        closed[name] for name in ("buy_order_created", "buy_order_closed", "sell_order_created", "sell_order_closed")
    ]
    assert None not in times
    assert sorted(map(moment, times), key=str) == list(map(moment, times)), "in the order of their happening"
    assert "max_bars" in str(closed["extra_metadata"]), "parameters belong to the record"
    assert "rsi_period" in str(closed["extra_metadata"])
    joined = fleet.database.rows(
        "SELECT b.id FROM trading_trades t JOIN trading_bots b ON b.id = t.bot_id WHERE t.id = ?", closed["id"]
    )
    assert joined == [{"id": bot_id}]


def test_money_is_right_to_eight_places(fleet: World, tmp_path: Path) -> None:
    """Bought 1 at 11, sold at 12: 1 - 23 x 0.001."""
    bot_id = fleet.insert_bot(one_trip(a_csv(tmp_path / "m.csv", candles_of(ONE_TRIP))))
    fleet.until_finished(bot_id)
    (trade,) = fleet.trades(bot_id)
    begin = START.replace(tzinfo=None)
    assert (moment(trade["entry_time"]), moment(trade["exit_time"])) == (
        begin + timedelta(minutes=20),
        begin + timedelta(minutes=35),
    )
    assert money(trade["size"]) == 1
    assert [money(trade["entry_price"]), money(trade["exit_price"])] == [11, 12]
    assert money(trade["commission"]) == Decimal("0.02300000")
    assert money(trade["gross_pnl"]) == 1
    assert money(trade["net_pnl"]) == Decimal("0.97700000")
    assert money(trade["pnl_percentage"], 4) == Decimal("8.8818")


def test_the_cash_of_the_broker_is_the_start_balance(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(broker={"cash": 100.0}, data={"speed": 1}))
    explicit = fleet.insert_bot(
        a_bot(broker={"cash": 100.0, "paper_trading_config": {"initial_balance": 500}}, data={"speed": 1})
    )
    fleet.until_running(bot_id, explicit)
    fleet.wait("a balance", lambda: fleet.bot(bot_id)["current_balance"] is not None)
    assert money(fleet.bot(bot_id)["current_balance"]) == 100
    fleet.wait("a balance", lambda: fleet.bot(explicit)["current_balance"] is not None)
    assert money(fleet.bot(explicit)["current_balance"]) == 500


def test_repeated_signals_leave_one_open_position(fleet: World, tmp_path: Path) -> None:
    falling = [100.0, 101.0, 102.0, *(101.0 - i for i in range(30))]
    config = a_bot(a_csv(tmp_path / "m.csv", candles_of(falling)))
    config["strategy"]["parameters"] |= {
        "entry_logic": BUY_ON_ANY_FALL,
        "exit_logic": an_exit("TimeBasedExitMixin", max_bars=10_000),
    }
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    assert [trade["status"] for trade in fleet.trades(bot_id)] == ["open"]
    positions = fleet.database.rows("SELECT * FROM trading_positions WHERE bot_id = ?", bot_id)
    assert [position["status"] for position in positions] == ["open"]
