"""HOT: the table is changed while everything runs."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
from builders import a_bot, a_csv, an_exit, candles_of, merged, parameters
from database import moment
from judging import assert_traded_as
from reference.simulator import simulate
from waiting import holds_for
from world import World


def other_than(world: World, bot_id: int, old: int) -> int:
    pid = world.until_replaced(bot_id, old)
    world.until_status(bot_id, "running")
    return pid


def test_a_changed_config_restarts_that_bot_alone(fleet: World) -> None:
    config = a_bot()
    changed, neighbour = fleet.insert_bot(config), fleet.insert_bot(a_bot(data={"seed": 8}))
    old, other = fleet.until_running(changed, neighbour)
    supervisor = fleet.pid
    fleet.set_config(changed, merged(config, {"strategy": {"parameters": {"position_size": 0.5}}}))
    other_than(fleet, changed, old)
    assert not psutil.pid_exists(old)
    assert fleet.worker(neighbour) == other
    assert fleet.pid == supervisor
    seen = {row["id"] for row in fleet.trades(changed)}

    def larger() -> bool:
        fresh = [row for row in fleet.trades(changed) if row["id"] not in seen]
        return any(float(row["entry_value"]) > 4000 for row in fresh)

    fleet.wait("a trade of the new size", larger)


def test_the_same_config_in_another_spelling_of_json_changes_nothing(fleet: World) -> None:
    """Canonical JSON is compared, not text."""
    config = a_bot()
    bot_id = fleet.insert_bot(config)
    (pid,) = fleet.until_running(bot_id)
    fleet.set_config(bot_id, dict(reversed(list(config.items()))))
    holds_for(2.0, "the same process", lambda: fleet.worker(bot_id) == pid)


def test_a_new_row_starts_a_bot(fleet: World) -> None:
    fleet.until_running(fleet.insert_bot(a_bot(), "enabled"))


def test_a_disabled_or_deleted_bot_stops_and_stays_disabled(world: World) -> None:
    disabled, deleted, switched = (world.insert_bot(a_bot(data={"seed": i})) for i in range(3))
    world.start()
    pids = world.until_running(disabled, deleted, switched)
    world.set_status(disabled, "disabled")
    world.database.execute("DELETE FROM trading_bots WHERE id = ?", deleted)
    world.set_config(switched, a_bot(enabled=False))
    for pid in pids:
        psutil.Process(pid).wait(30) if psutil.pid_exists(pid) else None
    world.until_status(switched, "stopped")
    assert world.status(disabled) == "disabled"
    assert world.stop() == 0
    assert world.status(disabled) == "disabled"
    world.start()
    probe = world.insert_bot(a_bot())
    world.until_running(probe)
    assert (world.status(disabled), world.status(switched)) == ("disabled", "stopped")
    assert list(world.workers()) == [probe]


def test_an_invalid_change_leaves_the_old_life_running(fleet: World) -> None:
    config = a_bot()
    bot_id = fleet.insert_bot(config)
    (pid,) = fleet.until_running(bot_id)
    fleet.set_config(bot_id, merged(config, {"broker": {"cash": 0}}))
    fleet.wait("the error in the row", lambda: "broker.cash" in str(fleet.notes(bot_id).get("last_error")))
    assert fleet.worker(bot_id) == pid
    assert fleet.status(bot_id) == "running"
    fleet.set_config(bot_id, merged(config, {"broker": {"cash": 777}}))
    other_than(fleet, bot_id, pid)


def test_the_supervisors_own_writes_restart_nobody(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(data={"speed": 6000}))
    (pid,) = fleet.until_running(bot_id)
    beats: set[object] = set()

    def steady() -> bool:
        beats.add(fleet.bot(bot_id)["last_heartbeat"])
        return fleet.worker(bot_id) == pid

    holds_for(4.0, "the same process", steady)
    assert len(beats) >= 3
    assert fleet.trades(bot_id)


def test_requests_in_the_status_column_are_carried_out(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    (first,) = fleet.until_running(bot_id)
    fleet.set_status(bot_id, "stopping")
    fleet.until_status(bot_id, "stopped")
    holds_for(1.0, "it rests", lambda: fleet.status(bot_id) == "stopped" and fleet.worker(bot_id) is None)
    fleet.set_status(bot_id, "starting")
    (second,) = fleet.until_running(bot_id)
    fleet.set_status(bot_id, "restarting")
    third = other_than(fleet, bot_id, second)
    assert len({first, second, third}) == 3


def test_hup_restarts_that_bot_alone_and_counts_as_no_crash(fleet: World) -> None:
    """Kill -HUP of a worker."""
    ids = [fleet.insert_bot(a_bot(data={"seed": i})) for i in range(2)]
    old, other = fleet.until_running(*ids)
    errors = fleet.bot(ids[0])["error_count"] or 0
    psutil.Process(old).send_signal(signal.SIGHUP)
    other_than(fleet, ids[0], old)
    assert fleet.worker(ids[1]) == other
    assert (fleet.bot(ids[0])["error_count"] or 0) == errors


def test_an_open_position_survives_a_config_change(fleet: World, tmp_path: Path) -> None:
    """The same row is closed later, by the new config's exit."""
    closes = [100.0 + i / 10 for i in range(20)] + [90.0] + [91.0 + i / 100 for i in range(200)]
    csv = a_csv(tmp_path / "m.csv", candles_of(closes))
    pace = {"speed": 12_000}
    holding = a_bot(csv, strategy=parameters(exit_logic=an_exit("TimeBasedExitMixin", max_bars=100_000)), data=pace)
    bot_id = fleet.insert_bot(holding)
    (opened,) = fleet.wait("an open trade", lambda: fleet.trades(bot_id))
    old = fleet.worker(bot_id)
    assert old is not None
    leaving = merged(holding, {"strategy": parameters(exit_logic=an_exit("TimeBasedExitMixin", max_bars=50))})
    fleet.set_config(bot_id, leaving)
    other_than(fleet, bot_id, old)
    closed = fleet.wait(
        "the trade to close", lambda: [row for row in fleet.trades(bot_id) if row["status"] == "closed"]
    )[0]
    assert closed["id"] == opened["id"]
    assert moment(closed["entry_time"]) == moment(opened["entry_time"])
    assert closed["exit_reason"] == "time_limit_bars"
    fleet.until_finished(bot_id)


def test_a_replay_that_finished_is_not_started_again_until_it_changes(fleet: World, tmp_path: Path) -> None:
    """A finite feed that ends finishes the bot."""
    config = a_bot(a_csv(tmp_path / "m.csv", candles_of([100.0 + i % 7 for i in range(60)])))
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    holds_for(1.5, "it rests", lambda: fleet.worker(bot_id) is None and fleet.status(bot_id) == "stopped")
    assert_traded_as(fleet, bot_id, simulate(config, config["data"]["file_path"]))
