"""Killed at any moment, in any number: one life per bot, nothing left over, and it goes on."""

from __future__ import annotations

import random
import resource
import signal
import time
from pathlib import Path

import psutil
import pytest
from builders import BUY_ON_ANY_FALL, a_bot, a_csv, an_exit, candles_of, parameters
from chaos.audit import Doubles, descriptors, zombies
from database import moment
from waiting import holds_for, wait_until
from world import World

PATIENT = {"BOTVISOR_KILL_LIMIT": "100000", "BOTVISOR_RESTART_LIMIT": "1000", "BOTVISOR_RESTART_DELAY": "0.1"}
A_BUSY_MACHINE = 10.0
"""Seconds within which even a crowded machine has a killed bot back; most are back within a tenth of one."""
A_FEW = 3
"""Descriptors by which two moments may differ; one lost at each kill would be many more."""


def kill(pid: int) -> None:
    psutil.Process(pid).kill()


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_a_bot_killed_over_and_over_has_one_life_and_leaves_nothing(lite_world: World, kills: int) -> None:
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start(**PATIENT)
    (pid,) = lite_world.until_running(bot_id)
    chance, doubles = random.Random(7), Doubles(lite_world)
    kill(pid)
    pid = lite_world.until_replaced(bot_id, pid)
    before, gone = descriptors(lite_world).total(), []
    for _ in range(kills):
        holds_for(chance.uniform(0.0, 0.25), "the supervisor lives", lambda: lite_world.catches(signal.SIGHUP))
        dead, died = pid, time.monotonic()
        kill(dead)
        pid = lite_world.until_replaced(bot_id, dead, within=A_BUSY_MACHINE)
        gone.append(time.monotonic() - died)
        doubles.look()
    lite_world.until_running(bot_id)
    assert doubles.found == []
    wait_until("the dead to be reaped", lambda: not zombies(lite_world))
    wait_until("the descriptors to be let go", lambda: descriptors(lite_world).total() <= before + A_FEW)
    assert sorted(gone)[len(gone) // 2] < 1.0, f"seconds without a life: {sorted(gone)}"


@pytest.mark.parametrize("bots", [12, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
def test_many_crashes_at_once_delay_no_neighbour(lite_world: World, bots: int) -> None:
    ids = [lite_world.insert_bot(a_bot(id=f"bot_{i}", data={"seed": i, "speed": 60})) for i in range(bots + 1)]
    lite_world.start(**PATIENT)
    spared, *victims = lite_world.until_running(*ids, within=90)
    seen = lite_world.bot(ids[0])["last_heartbeat"]
    for pid in victims:
        kill(pid)
    for bot_id, dead in zip(ids[1:], victims, strict=True):
        lite_world.until_replaced(bot_id, dead)
    lite_world.until_running(*ids, within=90)
    assert lite_world.worker(ids[0]) == spared
    lite_world.wait("the neighbour's heartbeats", lambda: lite_world.bot(ids[0])["last_heartbeat"] != seen)
    wait_until("the dead to be reaped", lambda: not zombies(lite_world))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGUSR2])
def test_the_next_supervisor_adopts_within_a_second_and_hears_what_happened_meanwhile(
    world: World, tmp_path: Path, how: signal.Signals
) -> None:
    csv = a_csv(tmp_path / "m.csv", candles_of([10.0, 11.0, 12.0, 11.0] * 2000))
    strategy = parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("TimeBasedExitMixin", max_bars=1))
    ids = [world.insert_bot(a_bot(csv, id=f"bot_{i}", strategy=strategy, data={"speed": 6000})) for i in range(3)]
    world.start()
    pids = world.until_running(*ids)
    world.until_more_trades(ids[0], 1)
    if how is signal.SIGKILL:
        world.kill_supervisor()
    else:
        assert world.stop(how) == 0
    left = [len(world.trades(bot_id)) for bot_id in ids]
    journals = list(world.state.rglob("*.journal"))
    written = sum(path.stat().st_size for path in journals)
    wait_until("trading to go on without a supervisor", lambda: sum(p.stat().st_size for p in journals) > written)
    world.start()
    for bot_id, count in zip(ids, left, strict=True):
        wait_until("facts of the meantime", lambda b=bot_id, c=count: len(world.trades(b)) > c)  # type: ignore[misc]
    assert [world.worker(bot_id) for bot_id in ids] == pids, "adopted, neither replaced nor doubled"
    lives = world.database.rows("SELECT * FROM incarnations")
    assert len(lives) == 3
    assert adoption_seconds(world) < 1.0
    if how is signal.SIGKILL:
        assert "after a crash" in world.logged(), "the kind of start is told"


def adoption_seconds(world: World) -> float:
    """From the first line of the newest supervisor until it has adopted the last life, by its own log."""
    lines = (world.logs / "supervisor.jsonl").read_text().splitlines()
    begun = max(index for index, line in enumerate(lines) if "State folder" in line)
    adopted = max(index for index, line in enumerate(lines) if "adopting life" in line)
    assert adopted > begun
    first, last = (moment(line.split('"time": "')[1].split('"')[0]) for line in (lines[begun], lines[adopted]))
    assert first is not None
    assert last is not None
    return (last - first).total_seconds()


@pytest.mark.parametrize(
    "policy",
    [*(pytest.param(policy, marks=pytest.mark.slow) for policy in ("keep", "cancel_orders")), "close_position"],
)
def test_a_bot_that_no_supervisor_comes_back_for_follows_its_stop_policy_and_leaves(
    lite_world: World, tmp_path: Path, policy: str
) -> None:
    """What it did then is in its journal, and the next supervisor hears of it."""
    csv = a_csv(tmp_path / "m.csv", candles_of([10.0, 11.0, 12.0, 11.0, *[11.0] * 4000]))
    strategy = parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("TimeBasedExitMixin", max_bars=100_000))
    config = a_bot(csv, strategy=strategy, trading={"on_stop": policy}, data={"speed": 6000})
    bot_id = lite_world.insert_bot(config)
    lite_world.start(BOTVISOR_ORPHAN_GRACE="2")
    lite_world.until_running(bot_id)
    lite_world.until_more_trades(bot_id, 1)
    lite_world.kill_supervisor()
    lite_world.wait("the bot to leave", lambda: not lite_world.left_behind())
    assert [row["status"] for row in lite_world.trades(bot_id)] == ["open"], "nobody was there to record"
    lite_world.start(BOTVISOR_MAX_BOTS="1")
    lite_world.until_running(bot_id)
    if policy == "close_position":
        lite_world.wait("the closing to be recorded", lambda: lite_world.trades(bot_id)[0]["status"] == "closed")
        assert lite_world.trades(bot_id)[0]["exit_reason"] == "shutdown"
    else:
        holds_for(1.0, "the position is kept", lambda: [t["status"] for t in lite_world.trades(bot_id)] == ["open"])


def test_a_killed_fork_server_costs_no_bot_and_no_restart(lite_world: World) -> None:
    ids = [lite_world.insert_bot(a_bot(id=f"bot_{i}", data={"seed": i})) for i in range(2)]
    lite_world.start()
    pids = lite_world.until_running(*ids)
    (server,) = [c.pid for c in psutil.Process(lite_world.pid).children() if "fork server" in lite_world.title(c.pid)]
    kill(server)
    kill(pids[0])
    lite_world.until_replaced(ids[0], pids[0])
    assert lite_world.worker(ids[1]) == pids[1]
    lite_world.until_running(*ids)
    wait_until("the dead to be reaped", lambda: not zombies(lite_world))


def test_bursts_of_a_thousand_signals_end_nobody(lite_world: World) -> None:
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start()
    wait_until("the first handler", lambda: lite_world.catches(signal.SIGHUP))
    burst(lite_world.pid, signal.SIGHUP, signal.SIGUSR1)
    (pid,) = lite_world.until_running(bot_id)
    burst(lite_world.pid, signal.SIGHUP, signal.SIGUSR1)
    burst(pid, signal.SIGUSR1)
    assert lite_world.ask("status"), "it answers afterwards"
    seen = lite_world.bot(bot_id)["last_heartbeat"]
    lite_world.wait("the next heartbeat", lambda: lite_world.bot(bot_id)["last_heartbeat"] != seen)
    assert lite_world.worker(bot_id) == pid
    assert lite_world.stop() == 0


def burst(pid: int, *numbers: int) -> None:
    process = psutil.Process(pid)
    for index in range(1000):
        process.send_signal(numbers[index % len(numbers)])


OFFSPRING = """
import os, subprocess, sys
from worker.strategies.contract import BotStrategy

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


class BreederStrategy(BotStrategy):
    def on_bar(self):
        if getattr(self, "bred", False):
            return
        self.bred = True
        with open(os.environ["TMPDIR"] + "/offspring", "a") as note:
            note.write(f"{subprocess.Popen(SLEEPER, start_new_session=True).pid}\\n")
            middle = os.fork()
            if middle == 0:
                os.setsid()
                note.write(f"{subprocess.Popen(SLEEPER).pid}\\n")
                note.flush()
                os._exit(0)
            os.waitpid(middle, 0)
"""


def test_what_a_bot_started_goes_with_it(lite_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what made itself a session of its own, and what was forked twice."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    plugins, note = tmp_path / "plugins", tmp_path / "offspring"
    plugins.mkdir()
    (plugins / "breeder.py").write_text(OFFSPRING)
    bot_id = lite_world.insert_bot(a_bot(strategy={"type": "BreederStrategy"}))
    lite_world.start(BOTVISOR_PLUGIN_DIRS=str(plugins))
    (pid,) = lite_world.until_running(bot_id)

    def offspring(count: int) -> list[int]:
        pids = [int(line) for line in note.read_text().split()] if note.exists() else []
        return pids if len(pids) >= count else []

    first = lite_world.wait("two grandchildren", lambda: offspring(2))
    kill(pid)
    lite_world.wait("none of the crashed life to be left", lambda: not [p for p in first if psutil.pid_exists(p)])
    second = lite_world.wait("those of the next life", lambda: offspring(4))[2:]
    assert lite_world.stop() == 0
    wait_until("none to be left after the stop", lambda: not [p for p in second if psutil.pid_exists(p)])


def test_the_supervisor_takes_all_the_descriptors_that_it_may_have(lite_world: World) -> None:
    """A message socket that cannot accept for want of descriptors ends its process: there must be no want."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    try:
        lite_world.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    lite_world.until_running(lite_world.insert_bot(a_bot()))
    assert psutil.Process(lite_world.pid).rlimit(resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.mark.slow
def test_a_wall_clock_that_jumps_moves_nobody(lite_world: World) -> None:
    ids = [lite_world.insert_bot(a_bot(id=f"bot_{i}", data={"seed": i})) for i in range(2)]
    offset = lite_world.folder / "offset"
    lite_world.start(BOTVISOR_CLOCK_OFFSET=str(offset), BOTVISOR_HEARTBEAT_MISSES="4")
    pids = lite_world.until_running(*ids)
    for seconds in ("3600", "-3600", "0"):
        offset.write_text(seconds)
        seen = lite_world.bot(ids[0])["last_heartbeat"]
        lite_world.wait("heartbeats by the new clock", lambda s=seen: lite_world.bot(ids[0])["last_heartbeat"] != s)
        holds_for(2.5, "nobody is replaced", lambda: [lite_world.worker(bot_id) for bot_id in ids] == pids)
    kill(pids[0])
    lite_world.until_replaced(ids[0], pids[0])
    lite_world.kill_supervisor()
    offset.write_text("-3600")
    lite_world.start(BOTVISOR_CLOCK_OFFSET=str(offset))
    lite_world.until_running(*ids)
    assert lite_world.worker(ids[1]) == pids[1], "adopted across the jump"


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=[pytest.mark.slow])])
def test_a_supervisor_that_slept_kills_nobody_and_hears_everything(lite_world: World, seconds: int) -> None:
    bot_id = lite_world.insert_bot(a_bot(data={"speed": 6000}))
    lite_world.start(BOTVISOR_HEARTBEAT_MISSES="3")
    (pid,) = lite_world.until_running(bot_id)
    supervisor = psutil.Process(lite_world.pid)
    supervisor.suspend()
    holds_for(float(seconds), "the bot lives", lambda: psutil.pid_exists(pid))
    supervisor.resume()
    lite_world.until_more_trades(bot_id, 2)
    holds_for(2.0, "it keeps its process", lambda: lite_world.worker(bot_id) == pid)


@pytest.mark.parametrize(
    "delay", [0.2, *(pytest.param(delay, marks=pytest.mark.slow) for delay in (0.0, 0.1, 0.4, 0.8))]
)
def test_a_stop_asked_for_while_the_supervisor_starts_ends_the_bots_it_finds(lite_world: World, delay: float) -> None:
    """No moment of the start loses the signal, or leaves to themselves the workers of the supervisor before."""
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start()
    lite_world.until_running(bot_id)
    lite_world.kill_supervisor()
    lite_world.start()
    wait_until("the first handler", lambda: lite_world.catches(signal.SIGTERM))
    holds_for(delay, "it starts", lambda: lite_world.catches(signal.SIGTERM))
    assert lite_world.stop() == 0
    assert not lite_world.left_behind()
