"""PROC: one process per bot, independent of its neighbours, of its supervisor and of the moment."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest
from builders import BUY_ON_ANY_FALL, a_bot, a_csv, an_exit, candles_of, parameters
from judging import assert_traded_as
from reference.simulator import simulate
from waiting import holds_for
from world import World


def test_every_enabled_bot_is_a_process_of_its_own(fleet: World) -> None:
    ids = [fleet.insert_bot(a_bot(id=f"bot_{i}", name=f"bot {i}")) for i in range(3)]
    pids = fleet.until_running(*ids)
    assert len(set(pids)) == 3
    family = {process.pid for process in psutil.Process(fleet.pid).children(recursive=True)}
    assert set(pids) <= family, "descendants of the supervisor"
    for bot_id, pid in zip(ids, pids, strict=True):
        assert fleet.title(pid).startswith(f"botvisor: bot {bot_id} ")
        assert int((fleet.run / "bots" / f"{bot_id}.pid").read_text()) == pid


def test_a_blocked_bot_delays_nobody_and_is_replaced(world: World) -> None:
    ids = [world.insert_bot(a_bot(data={"seed": i})) for i in range(2)]
    world.start(BOTVISOR_HEARTBEAT_INTERVAL="0.5", BOTVISOR_HEARTBEAT_MISSES="3", BOTVISOR_TERM_GRACE="1")
    blocked, free = world.until_running(*ids)
    psutil.Process(blocked).send_signal(signal.SIGSTOP)
    beats: set[object] = set()

    def replaced() -> bool:
        beats.add(world.bot(ids[1])["last_heartbeat"])
        return world.worker(ids[0]) not in (None, blocked)

    world.wait("the blocked bot to be replaced", replaced)
    assert len(beats) >= 3, "the other bot's heartbeats went on meanwhile"
    assert world.worker(ids[1]) == free
    assert not psutil.pid_exists(blocked)


def test_a_killed_bot_comes_back_and_the_rest_never_notices(fleet: World) -> None:
    ids = [fleet.insert_bot(a_bot(data={"seed": i})) for i in range(3)]
    first, *others = fleet.until_running(*ids)
    psutil.Process(first).kill()
    fleet.wait("a new life", lambda: fleet.worker(ids[0]) not in (None, first))
    assert [fleet.worker(bot_id) for bot_id in ids[1:]] == others
    seen = fleet.bot(ids[1])["last_heartbeat"]
    fleet.wait("the neighbour's heartbeat", lambda: fleet.bot(ids[1])["last_heartbeat"] != seen)
    assert not [p for p in psutil.Process(fleet.pid).children(recursive=True) if p.status() == psutil.STATUS_ZOMBIE]


def test_two_bots_that_trade_on_the_same_bar_make_two_right_rows(fleet: World, tmp_path: Path) -> None:
    closes = [10.0, 11.0, 12.0, 11.0, *([10.0, 11.0, 12.0, 11.0] * 20)]
    csv = a_csv(tmp_path / "market.csv", candles_of(closes))
    strategy = parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("TimeBasedExitMixin", max_bars=1))
    config = a_bot(csv, strategy=strategy)
    ids = [fleet.insert_bot(config) for _ in range(2)]
    fleet.until_finished(*ids)
    for bot_id in ids:
        assert_traded_as(fleet, bot_id, simulate(config, csv))
    assert "database is locked" not in fleet.logged()


def test_a_graceful_stop_finishes_what_is_under_way_and_loses_nothing(world: World, tmp_path: Path) -> None:
    """Stopped in the middle of its trades and started again, the bot's rows are as if it never stopped."""
    closes = [100.0 + (i * 7 % 13) for i in range(3000)]
    csv = a_csv(tmp_path / "market.csv", candles_of(closes))
    strategy = parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("TimeBasedExitMixin", max_bars=2))
    config = a_bot(csv, strategy=strategy, data={"speed": 200_000})
    bot_id = world.insert_bot(config)
    world.start()
    world.until_running(bot_id)
    world.wait("trades", lambda: len(world.trades(bot_id)) > 20)
    assert world.stop() == 0
    recorded = len(world.trades(bot_id))
    pending = world.database.rows(
        "SELECT * FROM trading_orders WHERE bot_id = ? AND status IN ('submitted', 'intended', 'unknown')", bot_id
    )
    assert len(pending) <= 1, "at most the one order that waits for the next bar"
    assert not world.left_behind()
    world.start()
    world.until_finished(bot_id)
    assert len(world.trades(bot_id)) > recorded
    assert_traded_as(world, bot_id, simulate(config, csv))


def test_workers_without_a_supervisor_leave_when_their_grace_runs_out(lite_world: World) -> None:
    ids = [lite_world.insert_bot(a_bot(data={"seed": i})) for i in range(2)]
    lite_world.start(BOTVISOR_ORPHAN_GRACE="3")
    lite_world.until_running(*ids)
    lite_world.kill_supervisor()
    holds_for(1.0, "the workers live on", lambda: len(lite_world.workers()) == 2)
    lite_world.wait("no process left", lambda: not lite_world.left_behind())


@pytest.mark.slow
def test_starting_a_running_bot_again_changes_nothing(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    (pid,) = fleet.until_running(bot_id)
    fleet.botctl("enable", str(bot_id))
    fleet.botctl("enable", str(bot_id))
    fleet.set_status(bot_id, "starting")
    fleet.wait("status running again", lambda: fleet.status(bot_id) == "running")
    assert fleet.worker(bot_id) == pid
    titles = [fleet.title(p.pid) for p in psutil.Process(fleet.pid).children(recursive=True)]
    assert len([title for title in titles if title.startswith(f"botvisor: bot {bot_id} ")]) == 1


def test_a_bot_above_the_limit_is_refused_with_a_reason(world: World) -> None:
    ids = [world.insert_bot(a_bot(data={"seed": i})) for i in range(2)]
    world.start(BOTVISOR_MAX_BOTS="2")
    pids = world.until_running(*ids)
    third = world.insert_bot(a_bot(data={"seed": 3}))
    world.wait("a reason in the row", lambda: "2" in str(world.notes(third).get("last_error", "")))
    assert world.worker(third) is None
    assert [world.worker(bot_id) for bot_id in ids] == pids
    world.set_status(ids[0], "disabled")
    world.until_running(third)
