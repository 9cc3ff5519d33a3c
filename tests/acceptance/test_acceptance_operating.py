"""Pausing and resuming, looking into a worker, and the doctor: what an operator does when something seems wrong."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
from builders import a_bot
from waiting import holds_for
from world import World


def paused_by_ps(world: World, bot_id: int) -> bool:
    lives = [row for row in world.ask("ps") if row["id"] == bot_id]
    return bool(lives and lives[0]["paused"])


def entries(world: World, bot_id: int) -> int:
    return len(world.trades(bot_id))


def is_flat(world: World, bot_id: int) -> bool:
    return all(trade["status"] == "closed" for trade in world.trades(bot_id))


@pytest.mark.slow
def test_a_paused_bot_makes_no_entry_leaves_its_trade_properly_and_beats_on(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    (pid,) = fleet.until_running(bot_id)
    fleet.until_more_trades(bot_id, 2)
    fleet.botctl("pause", str(bot_id))
    assert fleet.status(bot_id) == "paused"
    fleet.wait("the open trade to end by its own rule", lambda: is_flat(fleet, bot_id))
    made, beat = entries(fleet, bot_id), fleet.bot(bot_id)["last_heartbeat"]
    holds_for(2.0, "no entry", lambda: entries(fleet, bot_id) == made)
    assert fleet.bot(bot_id)["last_heartbeat"] > beat
    assert fleet.worker(bot_id) == pid
    fleet.botctl("resume", str(bot_id))
    assert fleet.status(bot_id) == "running"
    fleet.until_more_trades(bot_id, 1)
    assert fleet.worker(bot_id) == pid


@pytest.mark.slow
def test_usr2_pauses_and_resumes_and_the_pause_outlives_the_worker_and_the_service(world: World) -> None:
    bot_id = world.insert_bot(a_bot())
    world.start()
    (pid,) = world.until_running(bot_id)
    os.kill(pid, signal.SIGUSR2)
    world.until_status(bot_id, "paused")
    os.kill(pid, signal.SIGKILL)
    second = world.until_replaced(bot_id, pid)
    world.wait("the next life is paused", lambda: paused_by_ps(world, bot_id))
    world.stop()
    assert world.status(bot_id) == "paused"
    world.start()
    third = world.until_replaced(bot_id, second)
    world.wait("still paused", lambda: paused_by_ps(world, bot_id))
    os.kill(third, signal.SIGUSR2)
    world.until_status(bot_id, "running")
    world.wait("entries again", lambda: not paused_by_ps(world, bot_id))


@pytest.mark.slow
def test_a_bot_that_is_off_is_not_paused_and_one_that_is_not_paused_is_not_resumed(fleet: World) -> None:
    off, on = fleet.insert_bot(a_bot(), status="disabled"), fleet.insert_bot(a_bot(data={"seed": 2}))
    fleet.until_running(on)
    refused = fleet.botctl("pause", str(off), check=False)
    assert refused.returncode == 1
    assert "disabled" in refused.stderr
    refused = fleet.botctl("resume", str(on), check=False)
    assert refused.returncode == 1
    assert "is not paused" in refused.stderr


def test_stack_shows_what_each_thread_does_and_harms_nobody(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(data={"speed": 60}))
    (pid,) = fleet.until_running(bot_id)
    told = fleet.ask("stack", str(bot_id))
    assert told["pid"] == pid
    assert "MainThread" in told["stacks"]
    assert "hub.py" in told["stacks"], "the trading thread waits in its hub"
    assert "'link'" in told["stacks"]
    assert fleet.worker(bot_id) == pid


@pytest.mark.slow
def test_a_stopped_worker_is_told_apart_from_one_that_answers(world: World) -> None:
    bot_id = world.insert_bot(a_bot())
    world.start(BOTVISOR_HEARTBEAT_INTERVAL="60")
    (pid,) = world.until_running(bot_id)
    psutil.Process(pid).suspend()
    try:
        answer = world.botctl("stack", str(bot_id), "--wait", "0.5", check=False)
    finally:
        psutil.Process(pid).resume()
    assert answer.returncode == 1
    assert "did not answer" in answer.stderr


def test_usr1_puts_the_stacks_into_an_incident(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    (pid,) = fleet.until_running(bot_id)
    os.kill(pid, signal.SIGUSR1)
    sql = "SELECT details FROM incidents WHERE bot_id = ? AND error_class = 'stacks'"
    found = fleet.wait("the incident", lambda: fleet.database.rows(sql, bot_id))
    assert "MainThread" in str(found[0]["details"])
    assert fleet.worker(bot_id) == pid


def test_the_doctor_finds_a_healthy_installation_healthy(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    fleet.until_running(bot_id)
    report = fleet.ask("doctor")
    bad = [finding for finding in report["findings"] if finding["verdict"] == "bad"]
    assert report["healthy"], bad
    names = {finding["name"] for finding in report["findings"]}
    assert {
        "state folder",
        "socket path",
        "open files",
        "memory",
        "database",
        "schema",
        "writing",
        "supervisor",
    } <= names


@pytest.mark.slow
def test_the_doctor_says_what_is_wrong_and_what_to_do(world: World) -> None:
    broken = world.insert_bot({"name": "broken", "symbol": "BTCUSDT"})
    world.start()
    world.until_status(broken, "error")
    done = world.botctl("doctor", check=False)
    assert done.returncode == 1
    assert f"bot {broken}" in done.stdout
    assert f"botctl incidents {broken}" in done.stdout
    elsewhere = world.botctl("doctor", check=False, BOTVISOR_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert elsewhere.returncode == 1
    assert "BOTVISOR_DATABASE_URL" in elsewhere.stdout
