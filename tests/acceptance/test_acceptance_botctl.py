"""botctl: everything an operator does from a shell, for people and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import a_bot
from recorded_bots import ETH_BTC, needs_recordings
from world import World


@needs_recordings
@pytest.mark.slow
def test_what_happened_can_be_listed(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(ETH_BTC))
    fleet.until_finished(bot_id)
    count = len(fleet.trades(bot_id))
    listed = fleet.ask("trades", str(bot_id), "--limit", "1000")
    listed = listed["trades"] if isinstance(listed, dict) else listed
    assert len(listed) == count
    orders = fleet.ask("orders", str(bot_id), "--limit", "10000")
    orders = orders["orders"] if isinstance(orders, dict) else orders
    assert len(orders) >= 2 * count - 1
    for command in ("trades", "orders", "incidents", "status"):
        assert fleet.botctl(command, str(bot_id)).stdout.strip()


def test_status_and_ps_tell_who_runs(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(name="somebody special"))
    (pid,) = fleet.until_running(bot_id)
    for command in ("status", "ps"):
        text = json.dumps(fleet.ask(command))
        assert str(pid) in text, text
        assert "somebody special" in text
        assert "somebody" in fleet.botctl(command).stdout


def test_a_bot_is_stopped_enabled_restarted_and_disabled(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    (first,) = fleet.until_running(bot_id)
    fleet.botctl("stop", str(bot_id))
    fleet.until_status(bot_id, "stopped")
    fleet.wait("no process", lambda: fleet.worker(bot_id) is None)
    fleet.botctl("enable", str(bot_id))
    (second,) = fleet.until_running(bot_id)
    fleet.botctl("restart", str(bot_id))
    fleet.wait("a third life", lambda: fleet.worker(bot_id) not in (None, first, second))
    fleet.until_running(bot_id)
    fleet.botctl("disable", str(bot_id))
    fleet.until_status(bot_id, "disabled")
    fleet.wait("no process", lambda: fleet.worker(bot_id) is None)


@pytest.mark.slow
def test_an_operators_stop_outlives_a_restart_of_the_service(world: World) -> None:
    stopped, running = world.insert_bot(a_bot()), world.insert_bot(a_bot(data={"seed": 2}))
    world.start()
    world.until_running(stopped, running)
    world.botctl("stop", str(stopped))
    world.until_status(stopped, "stopped")
    world.stop()
    world.start()
    world.until_running(running)
    assert world.worker(stopped) is None


def test_logs_of_a_bot_are_shown(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot())
    fleet.until_running(bot_id)
    fleet.wait("a log line", lambda: fleet.botctl("logs", str(bot_id), check=False).stdout.strip())


@pytest.mark.slow
def test_commands_work_while_nothing_runs(lite_world: World, tmp_path: Path) -> None:
    path = tmp_path / "bot.json"
    path.write_text(json.dumps(a_bot()))
    lite_world.botctl("init")
    lite_world.botctl("add", str(path))
    for command in ("status", "trades", "orders", "incidents"):
        lite_world.ask(command)


@pytest.mark.slow
def test_the_other_launcher_and_transport_do_the_same(lite_world: World) -> None:
    """Fresh interpreters over loopback TCP with keys."""
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start(BOTVISOR_LAUNCHER="interpreter", BOTVISOR_TRANSPORT="tcp")
    lite_world.until_running(bot_id)
    lite_world.wait("a trade", lambda: lite_world.trades(bot_id))
    assert lite_world.stop() == 0
    assert not lite_world.left_behind()
