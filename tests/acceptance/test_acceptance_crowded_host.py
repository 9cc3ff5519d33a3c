"""A host that can make no more processes: it is said, tried again, and made good when there is room."""

from __future__ import annotations

import signal
from datetime import datetime
from itertools import pairwise

import psutil
import pytest
from builders import a_bot
from chaos.crowd import no_more_processes
from waiting import holds_for
from world import World

pytestmark = pytest.mark.slow
REASON = "the limit on processes is reached; raise it"


def fork_server(world: World) -> psutil.Process:
    children = psutil.Process(world.pid).children()
    (server,) = [child for child in children if "fork server" in world.title(child.pid)]
    return server


def waits_with_the_reason(world: World, bot_id: int) -> bool:
    return REASON in str(world.notes(bot_id).get("last_error"))


def test_bots_that_cannot_be_forked_say_why_and_come_back_when_there_is_room(lite_world: World) -> None:
    ids = [lite_world.insert_bot(a_bot(id=f"bot_{i}", data={"seed": i})) for i in range(3)]
    lite_world.start(BOTVISOR_RESTART_DELAY="0.2")
    kept, *victims = lite_world.until_running(*ids)
    with no_more_processes(fork_server(lite_world).pid):
        for pid in victims:
            psutil.Process(pid).kill()
        lite_world.wait("five tries of a bot", lambda: len(unborn(lite_world, ids[1])) >= 5)
        assert all(waits_with_the_reason(lite_world, bot_id) for bot_id in ids[1:])
        new = lite_world.insert_bot(a_bot(id="new"))
        lite_world.wait("a new bot to wait as well", lambda: waits_with_the_reason(lite_world, new))
        assert REASON in lite_world.botctl("incidents").stdout
        assert lite_world.worker(ids[0]) == kept
    lite_world.until_running(*ids, new)
    assert lite_world.worker(ids[0]) == kept
    gaps = [(after - before).total_seconds() for before, after in pairwise(unborn(lite_world, ids[1])[:5])]
    assert gaps[3] > 2 * gaps[0], f"growing distances: {gaps}"
    assert [lite_world.bot(bot_id)["error_count"] or 0 for bot_id in ids] == [0, 0, 0], "no bot's failure"


def unborn(world: World, bot_id: int) -> list[datetime]:
    """When the bot's lives did not come about."""
    sql = "SELECT ended_at FROM incarnations WHERE bot_id = ? AND cause = 'unborn' ORDER BY id"
    return [datetime.fromisoformat(row["ended_at"]) for row in world.database.rows(sql, bot_id)]


def test_a_fork_server_that_cannot_be_started_is_told_of_and_a_bot_s_next_life_waits_for_it(lite_world: World) -> None:
    """Longer than a life may take to begin; botctl answers meanwhile, though no thread can be made either."""
    ids = [lite_world.insert_bot(a_bot(id=f"bot_{i}", data={"seed": i})) for i in range(2)]
    lite_world.start(BOTVISOR_RESTART_DELAY="0.2", BOTVISOR_START_TIMEOUT="1", BOTVISOR_ABORT_GRACE="0.5")
    kept, victim = lite_world.until_running(*ids)
    with no_more_processes(lite_world.pid):
        fork_server(lite_world).kill()
        psutil.Process(victim).kill()
        lite_world.wait("three tries", lambda: len(unborn(lite_world, ids[1])) >= 3)
        assert waits_with_the_reason(lite_world, ids[1])
        assert "The fork server cannot be started: the limit on processes" in lite_world.logged()
        assert "no supervisor" not in lite_world.botctl("status").stdout
    lite_world.until_running(*ids)
    assert lite_world.worker(ids[0]) == kept
    assert "did not get to trading in time" not in lite_world.logged(), "what was never born is not killed"


def test_a_fork_server_that_was_stopped_is_replaced_and_costs_no_living_bot(lite_world: World) -> None:
    ids = [lite_world.insert_bot(a_bot(id=f"bot_{i}", data={"seed": i})) for i in range(2)]
    lite_world.start()
    kept, victim = lite_world.until_running(*ids)
    fork_server(lite_world).send_signal(signal.SIGSTOP)
    psutil.Process(victim).kill()
    lite_world.until_replaced(ids[1], victim)
    lite_world.until_running(*ids)
    assert lite_world.worker(ids[0]) == kept
    assert "does not answer; it is killed and replaced" in lite_world.logged()
    holds_for(1.0, "the new one stays", lambda: fork_server(lite_world).status() != psutil.STATUS_STOPPED)
