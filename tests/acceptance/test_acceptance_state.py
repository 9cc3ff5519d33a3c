"""STA: the tables tell at every moment how the bots are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psutil
from builders import a_bot, a_csv, an_exit, candles_of, parameters
from database import moment, money
from judging import assert_traded_as
from recorded_bots import ETH_BTC, by_limit_order, needs_recordings
from reference.simulator import simulate
from waiting import PATIENCE
from world import World


def collected(seen: set[object], value: object) -> set[object]:
    """`seen` with one more value that is not None."""
    seen.update({value} - {None})
    return seen


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def test_a_started_bot_is_running_since_a_time(fleet: World) -> None:
    begun = utc_now()
    bot_id = fleet.insert_bot(a_bot())
    fleet.until_running(bot_id)
    started = moment(fleet.bot(bot_id)["started_at"])
    assert started is not None
    assert begun - timedelta(seconds=1) <= started <= utc_now() + timedelta(seconds=1), "UTC"


def test_every_status_is_written_at_its_moment(lite_world: World) -> None:
    """A worker held still at its birth is `starting`, at its end `stopping`."""
    bot_id = lite_world.insert_bot(a_bot(), "enabled")
    lite_world.start()
    seen: list[str] = []

    def running() -> bool:
        status = lite_world.status(bot_id)
        if not seen or seen[-1] != status:
            seen.append(status)
        return status == "running"

    lite_world.wait("running", running)
    (pid,) = lite_world.until_running(bot_id)
    psutil.Process(pid).suspend()
    lite_world.set_status(bot_id, "stopping")
    lite_world.wait("the stop to begin", lambda: "stopping" in str(lite_world.ask("status")))
    assert lite_world.status(bot_id) == "stopping"
    psutil.Process(pid).resume()
    lite_world.until_status(bot_id, "stopped")
    broken = lite_world.insert_bot(a_bot(broker={"cash": 0}))
    lite_world.until_status(broken, "error")
    assert "starting" in seen, seen


@needs_recordings
def test_the_balance_is_the_start_and_the_sum_of_the_trades(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(ETH_BTC, broker={"cash": 500.0}))
    fleet.until_finished(bot_id)
    total = sum((money(trade["net_pnl"]) or Decimal(0) for trade in fleet.trades(bot_id)), Decimal(0))
    row = fleet.bot(bot_id)
    shown, pnl = money(row["current_balance"]), money(row["total_pnl"])
    assert shown is not None
    assert pnl is not None
    assert abs(shown - 500 - total) < Decimal("0.00001")
    assert abs(pnl - total) < Decimal("0.00001")


def test_heartbeats_advance_in_utc(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    fleet.until_running(bot_id)
    beats: set[object] = set()
    fleet.wait("three heartbeats", lambda: len(collected(beats, fleet.bot(bot_id)["last_heartbeat"])) >= 3)
    newest = max(filter(None, map(moment, beats)))
    assert abs(utc_now() - newest) < timedelta(seconds=PATIENCE)


@needs_recordings
def test_metrics_match_the_trades(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(ETH_BTC))
    fleet.until_finished(bot_id)
    rows = fleet.database.rows(
        "SELECT * FROM trading_performance_metrics WHERE bot_id = ? ORDER BY calculated_at, id", bot_id
    )
    assert rows
    trades = [trade for trade in fleet.trades(bot_id) if trade["status"] == "closed"]
    wins = sum(1 for trade in trades if Decimal(str(trade["net_pnl"])) > 0)
    metrics = rows[-1]["metrics"]
    assert metrics["total_trades"] == len(trades)
    assert metrics["winning_trades"] == wins
    assert abs(float(metrics["win_rate"]) - 100 * wins / len(trades)) < 0.01
    assert abs(Decimal(str(metrics["total_pnl"])) - Decimal(str(fleet.bot(bot_id)["total_pnl"]))) < Decimal("0.00001")
    assert {"max_drawdown", "peak_balance", "current_balance", "losing_trades", "last_updated"} <= set(metrics)
    assert rows[-1]["symbol"] == "ETHBTC"


@needs_recordings
def test_positions_agree_with_trades(fleet: World) -> None:
    bot_id = fleet.insert_bot(by_limit_order())
    fleet.until_finished(bot_id)
    rows = fleet.database.rows("SELECT * FROM trading_positions WHERE bot_id = ? ORDER BY id", bot_id)
    trades = fleet.trades(bot_id)
    assert {trade["position_id"] for trade in trades} <= {row["id"] for row in rows}
    assert len(rows) == len(trades)
    for row in rows:
        assert [row["status"], money(row["qty_open"]), row["avg_price"]] == ["closed", 0, None]
    realised = sum((money(row["realized_pnl"]) or Decimal(0) for row in rows), Decimal(0))
    gross = sum((money(trade["gross_pnl"]) or Decimal(0) for trade in trades), Decimal(0))
    assert abs(realised - gross) < Decimal("0.00001")


def test_the_state_table_has_its_row_index_and_foreign_key(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(data={"speed": 6000}))
    fleet.until_running(bot_id)
    sql = "SELECT state FROM bot_states WHERE bot_id = ?"
    fleet.wait("its state", lambda: [row for row in fleet.database.rows(sql, bot_id) if row["state"]])
    if fleet.database.is_sqlite:
        keys = fleet.database.rows("PRAGMA foreign_key_list(bot_states)")
        assert ("trading_bots", "CASCADE") in {(key["table"], key["on_delete"]) for key in keys}
        assert fleet.database.rows("PRAGMA index_list(bot_states)")
    else:
        keys = fleet.database.rows(
            "SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint "
            "WHERE conrelid = 'bot_states'::regclass AND contype = 'f'"
        )
        assert any("trading_bots" in key["definition"] and "CASCADE" in key["definition"] for key in keys)
        assert fleet.database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'bot_states'")


def test_a_killed_bot_manages_the_same_trade_to_its_end(world: World, tmp_path: Path) -> None:
    """Position, stop level and counters are those of the life before; so across a stop of the service."""
    closes = [100.0 + i / 10 for i in range(20)] + [90.0 + i / 20 for i in range(150)] + [80.0] * 5
    csv = a_csv(tmp_path / "m.csv", candles_of(closes))
    config = a_bot(
        csv,
        strategy=parameters(exit_logic=an_exit("ATRExitMixin", atr_period=3, sl_multiplier=3.0)),
        risk_management={"max_daily_trades": 1},
        data={"speed": 9000},
    )
    expected = simulate(config, csv)
    assert len(expected.trades) == 1
    bot_id = world.insert_bot(config)
    world.start()
    (opened,) = world.wait("an open trade", lambda: world.trades(bot_id))
    pid = world.worker(bot_id)
    assert pid is not None
    psutil.Process(pid).kill()
    world.wait("a new life", lambda: world.worker(bot_id) not in (None, pid))
    assert world.stop() == 0
    assert [row["status"] for row in world.trades(bot_id)] == ["open"], "a stop of the service keeps positions"
    world.start()
    world.until_finished(bot_id)
    assert [row["id"] for row in world.trades(bot_id)] == [opened["id"]]
    assert_traded_as(world, bot_id, expected)
