"""SVC: how the service begins and ends."""

from __future__ import annotations

import json
import signal
import subprocess

import psutil
import pytest
from builders import a_bot
from world import World


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_stops_everything_gracefully(world: World, number: int) -> None:
    ids = [world.insert_bot(a_bot(data={"seed": i})) for i in range(2)]
    world.start()
    world.until_running(*ids)
    assert world.stop(number) == 0
    assert [world.status(bot_id) for bot_id in ids] == ["stopped", "stopped"]
    assert not world.left_behind()
    assert not list((world.run / "bots").glob("*.pid"))
    world.start()
    world.until_running(*ids)


def test_the_order_of_the_start_is_visible_in_the_log(lite_world: World) -> None:
    """Logging, then database, then configurations, then bots, then supervision."""
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start()
    lite_world.until_running(bot_id)
    combined = (lite_world.folder / "terminal").read_text().lower()
    places = [combined.find(word) for word in ("database ready", "read from the database", f"bot {bot_id}")]
    assert -1 not in places, combined
    assert places == sorted(places), combined


def test_each_log_line_is_json_with_bot_and_life(lite_world: World) -> None:
    """Lines of workers carry bot id, incarnation and correlation id."""
    bot_id = lite_world.insert_bot(a_bot(data={"speed": 6000}))
    lite_world.start()
    lite_world.until_running(bot_id)
    lite_world.wait("a trade", lambda: lite_world.trades(bot_id))
    assert lite_world.stop() == 0
    parsed = [json.loads(line) for path in lite_world.logs.rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert parsed
    about = [line for line in parsed if line.get("bot_id") == bot_id]
    assert about
    assert any(line.get("incarnation") for line in about)
    assert any(line.get("correlation_id") for line in about)


def test_a_second_signal_stops_now(lite_world: World) -> None:
    """A worker that cannot answer does not hold up the second request."""
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start(BOTVISOR_DRAIN_GRACE="300", BOTVISOR_STOP_TIMEOUT="600")
    lite_world.until_running(bot_id)
    psutil.Process(lite_world.worker(bot_id)).suspend()
    assert lite_world.supervisor is not None
    lite_world.supervisor.send_signal(signal.SIGTERM)
    lite_world.wait("the stop to begin", lambda: lite_world.status(bot_id) == "stopping")
    lite_world.wait("it to end", lambda: asked_again(lite_world.supervisor))
    assert not lite_world.left_behind()


def asked_again(supervisor: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; else it is asked again. One that comes with the first request is the same request."""
    if supervisor.poll() is None:
        supervisor.send_signal(signal.SIGTERM)
    return supervisor.poll() is not None


def test_an_empty_table_is_no_failure(world: World) -> None:
    """Idle and poll."""
    world.start()
    answer = world.wait("an answer", lambda: world.botctl("status", "--json", check=False).returncode == 0)
    assert answer
    assert world.stop() == 0
