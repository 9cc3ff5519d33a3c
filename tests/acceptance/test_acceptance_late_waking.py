"""A supervisor that stood still and wakes late: it finds the world as it is now, not as it left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from builders import BUY_ON_ANY_FALL, a_bot, an_exit, parameters
from chaos.audit import Doubles
from waiting import PATIENCE, wait_until
from world import World

GRACE = {"BOTVISOR_ORPHAN_GRACE": "2"}
OFTEN = parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("TimeBasedExitMixin", max_bars=1))


@contextmanager
def frozen(world: World) -> Iterator[psutil.Process]:
    """The supervisor stopped by SIGSTOP; it goes on afterwards."""
    supervisor = psutil.Process(world.pid)
    supervisor.suspend()
    try:
        yield supervisor
    finally:
        supervisor.resume()


def alive(pids: list[int]) -> list[int]:
    """Those that have not ended; a dead child that its frozen parent has not buried has."""
    return [p for p in pids if psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
def test_it_wakes_after_the_grace_of_its_workers_and_has_each_of_them_back_once(world: World) -> None:
    ids = [world.insert_bot(a_bot(id=f"bot_{i}", strategy=OFTEN, data={"seed": i, "speed": 6000})) for i in range(3)]
    world.start(**GRACE)
    pids = world.until_running(*ids)
    world.until_more_trades(ids[0], 2)
    with frozen(world):
        wait_until("the workers to leave when their grace has run out", lambda: not alive(pids))
    doubles = Doubles(world)
    for bot_id, pid in zip(ids, pids, strict=True):
        world.until_replaced(bot_id, pid)
        doubles.look()
    world.until_running(*ids)
    world.until_more_trades(ids[0], 2)
    doubles.look()
    assert doubles.found == []
    lives = world.database.rows("SELECT bot_id FROM incarnations")
    assert sorted(life["bot_id"] for life in lives) == sorted(ids * 2), "one more life each"
    assert [world.bot(bot_id)["error_count"] or 0 for bot_id in ids] == [0, 0, 0], "nobody failed"
    for bot_id in ids:
        trades = world.trades(bot_id)
        assert len({trade["entry_time"] for trade in trades}) == len(trades), "no trade twice"
        assert [trade["status"] for trade in trades].count("open") <= 1


@pytest.mark.slow
def test_while_it_stands_still_no_second_one_is_let_in(lite_world: World) -> None:
    """It is neither dead nor gone: on its folder its lock says so, on its database its claim."""
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start()
    (pid,) = lite_world.until_running(bot_id)
    with frozen(lite_world), another_host(lite_world) as other:
        assert f"pid {lite_world.pid}" in lite_world.refuse_to_start()
        assert f"process {lite_world.pid}" in other.refuse_to_start()
    seen = lite_world.bot(bot_id)["last_heartbeat"]
    lite_world.wait("the next heartbeat", lambda: lite_world.bot(bot_id)["last_heartbeat"] != seen)
    assert lite_world.worker(bot_id) == pid


@pytest.mark.slow
def test_it_wakes_after_its_database_was_taken_over_and_ends_with_all_its_workers(pg_world: World) -> None:
    """Its claim is made to look like one of another host, which an operator believed to be gone."""
    world = pg_world
    ids = [world.insert_bot(a_bot(id=f"bot_{i}", strategy=OFTEN, data={"seed": i, "speed": 6000})) for i in range(2)]
    world.start()
    pids = world.until_running(*ids)
    with another_host(world) as other:
        with frozen(world):
            world.database.execute("UPDATE supervisor_claims SET host = ?", "a host that is gone")
            world.botctl("takeover", "--yes")
            other.start()
            successors = other.until_running(*ids)
        assert world.supervisor is not None
        assert world.supervisor.wait(PATIENCE) == 78, "no service manager starts it again"
        assert not alive(pids), "nobody trades beside the other one's workers"
        assert "was taken over by process" in world.logged()
        other.until_more_trades(ids[0], 2)
        assert [other.worker(bot_id) for bot_id in ids] == successors


@contextmanager
def another_host(world: World) -> Iterator[World]:
    """Another installation on the same database."""
    other = World(world.database)
    try:
        yield other
    finally:
        other.close()
