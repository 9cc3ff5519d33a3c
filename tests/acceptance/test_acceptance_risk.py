"""RSK: limits hold on the bar and at the price that the rules name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
from builders import BUY_ON_ANY_FALL, Candle, a_bot, a_csv, an_exit, candles_of, parameters
from database import moment, money
from judging import assert_traded_as
from recorded_bots import ETH_BTC, needs_recordings, often
from reference.simulator import simulate
from world import World

LEAD = candles_of([99.0, 100.0, 101.0, 100.0])
"""The buy is decided at the close of bar 3, at 100."""
HOLD = an_exit("TimeBasedExitMixin", max_bars=10_000)


def buyer(csv: Path, exit_logic: dict[str, Any] = HOLD, **override: Any) -> dict[str, Any]:
    return a_bot(csv, **{"strategy": parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=exit_logic), **override})


def first_trade(fleet: World, folder: Path, bars: Sequence[Candle], **risk: Any) -> dict[str, Any]:
    csv = a_csv(folder / "m.csv", [*LEAD, *bars])
    bot_id = fleet.insert_bot(buyer(csv, risk_management=risk))
    fleet.until_finished(bot_id)
    return fleet.trades(bot_id)[0]


def test_a_percent_stop_closes_the_position(fleet: World, tmp_path: Path) -> None:
    trade = first_trade(fleet, tmp_path, [Candle(100, 100, 100, 100), Candle(100, 100, 96.9, 98)], stop_loss_pct=3)
    assert (trade["exit_reason"], money(trade["exit_price"])) == ("stop_loss", Decimal("97"))


def test_a_percent_target_closes_the_position(fleet: World, tmp_path: Path) -> None:
    trade = first_trade(fleet, tmp_path, [Candle(100, 100, 100, 100), Candle(100, 106.1, 100, 105)], take_profit_pct=6)
    assert (trade["exit_reason"], money(trade["exit_price"])) == ("take_profit", Decimal("106"))


def test_the_money_cap_holds_at_the_decision(fleet: World, tmp_path: Path) -> None:
    """Cash 1,000,000, cap 1000, price 100: ten pieces, not a thousand."""
    csv = a_csv(tmp_path / "m.csv", [*LEAD, *candles_of([100.0, 100.5, 101.0])])
    capped = fleet.insert_bot(buyer(csv, broker={"cash": 1e6}, risk_management={"max_position_size": 1000}))
    refused = fleet.insert_bot(buyer(csv, broker={"cash": 1e6}, risk_management={"max_position_size": 0}))
    fleet.until_finished(capped, refused)
    assert money(fleet.trades(capped)[0]["size"]) == 10
    assert not fleet.trades(refused)


def test_no_more_positions_than_allowed(fleet: World, tmp_path: Path) -> None:
    """One strategy holds one position, so a limit of one or more is never exceeded."""
    csv = a_csv(tmp_path / "m.csv", candles_of([100.0, 101.0, *(102.0 - i / 10 for i in range(60))]))
    short = an_exit("TimeBasedExitMixin", max_bars=3)
    ids = [fleet.insert_bot(buyer(csv, short, trading={"max_positions": most})) for most in (1, 2)]
    fleet.until_finished(*ids)
    for bot_id in ids:
        trades = fleet.trades(bot_id)
        assert len(trades) > 5
        for earlier, later in itertools.pairwise(trades):
            assert str(moment(earlier["exit_time"])) <= str(moment(later["entry_time"]))


def test_the_daily_loss_blocks_entries_until_the_next_day(fleet: World, tmp_path: Path) -> None:
    """Each trade loses about 15; after 50 the day is over."""
    csv = a_csv(tmp_path / "m.csv", candles_of([300.0, 301.0, *(301.0 - 0.2 * i for i in range(900))]))
    config = buyer(csv, an_exit("TimeBasedExitMixin", max_bars=20), risk_management={"max_daily_loss": 50})
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    expected = simulate(config, csv)
    days = [trade["entry_time"].day for trade in expected.all_trades]
    assert {1, 2, 3} <= set(days)
    assert "max_daily_loss" in {denial.rule for denial in expected.denials}
    assert_traded_as(fleet, bot_id, expected)
    refused = fleet.database.rows("SELECT rule, decided_at FROM trading_denials WHERE bot_id = ?", bot_id)
    assert sorted((row["rule"], str(moment(row["decided_at"]))) for row in refused) == sorted(
        (denial.rule, str(denial.at.replace(tzinfo=None))) for denial in expected.denials
    ), "each refused entry is reported with its rule"


@needs_recordings
def test_the_daily_count_of_trades_survives_a_restart(world: World) -> None:
    """Five entries a day, the worker killed again and again."""
    base = often()
    config = base | {"risk_management": {**base["risk_management"], "max_daily_trades": 5}}
    config["data"] = base["data"] | {"speed": 700_000}
    bot_id = world.insert_bot(config)
    world.start()
    (pid,) = world.until_running(bot_id)
    for _ in range(3):
        world.until_more_trades(bot_id, 6)
        psutil.Process(pid).kill()
        pid = world.until_replaced(bot_id, pid)
    world.until_finished(bot_id)
    expected = simulate(config, ETH_BTC)
    per_day: dict[object, int] = {}
    for trade in world.trades(bot_id):
        entered = moment(trade["entry_time"])
        assert entered is not None
        day = entered.date()
        per_day[day] = per_day.get(day, 0) + 1
    assert max(per_day.values()) == 5
    assert_traded_as(world, bot_id, expected)
