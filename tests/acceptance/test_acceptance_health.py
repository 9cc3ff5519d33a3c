"""MON, PROC: a worker that cannot go on is diagnosed and replaced and its trade goes on; a short host slows bots."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from builders import a_bot, a_csv, candles_of
from judging import assert_traded_as
from reference.simulator import simulate
from world import World

QUICKLY = {
    "BOTVISOR_HEARTBEAT_INTERVAL": "1",
    "BOTVISOR_HEARTBEAT_MISSES": "3",
    "BOTVISOR_HEALTH_CHECK_INTERVAL": "1",
    "BOTVISOR_ABORT_GRACE": "5",
}
CAUGHT = 10
"""Bars after the entry at which the strategy of a test gets caught."""

STRATEGY = """
import collections, hashlib, re, threading
from pathlib import Path
from worker.strategies.contract import BotStrategy

CAUGHT_BEFORE = Path({marker!r})


class CaughtStrategy(BotStrategy):
    \"\"\"Buys at once, sells after 40 bars, and once in its life gets caught in between.\"\"\"

    held = 0
    kept = []

    def state(self):
        return {{"held": self.held}}

    def restore(self, state):
        self.held = state["held"]

    def on_bar(self):
        if self.desk.position is None:
            self.held = 0
            self.desk.enter("a test")
            return
        self.held += 1
        if self.held == {caught} and not CAUGHT_BEFORE.exists():
            CAUGHT_BEFORE.touch()
            self.get_caught()
        if self.held == 40:
            self.desk.leave("long enough")

    def get_caught(self):
        {trap}
"""
TRAPS = {
    "a loop in Python": "while True: pass",
    "a regular expression that never ends": "re.match(r'(a+)+$', 'a' * 64 + 'b')",
    "a deadlock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
}


def plugin(folder: Path, trap: str) -> str:
    """A folder with the strategy that falls into `trap` once."""
    folder.mkdir()
    text = STRATEGY.format(marker=str(folder / "caught.txt"), caught=CAUGHT, trap=trap)
    (folder / "caught.py").write_text(text)
    return str(folder)


def a_caught_bot(**override: Any) -> dict[str, Any]:
    return a_bot(strategy={"type": "CaughtStrategy", "parameters": {"position_size": 0.1}}, **override)


def watchdog_incident(world: World, bot_id: int) -> dict[str, Any]:
    """The one incident of the watchdog about the bot, once the life it tells of has ended."""

    def found() -> dict[str, Any] | None:
        sql = "SELECT * FROM incidents WHERE bot_id = ? AND error_class = 'watchdog'"
        rows = world.database.rows(sql, bot_id)
        assert len(rows) <= 1, rows
        return rows[0] if rows and "ended" in rows[0]["message"] else None

    return dict(world.wait("the watchdog's incident", found))


def held_trade(world: World, bot_id: int) -> int:
    def found() -> int | None:
        trades = world.trades(bot_id)
        return int(trades[0]["id"]) if trades else None

    return int(world.wait("a trade", found))


def goes_on_in_the_same_row(world: World, bot_id: int, trade: int) -> None:
    def closed() -> bool:
        rows = [row for row in world.trades(bot_id) if row["id"] == trade]
        return bool(rows) and rows[0]["status"] == "closed"

    world.wait("the same trade closed by the next life", closed)
    entries = [row["entry_time"] for row in world.trades(bot_id)]
    assert len(entries) == len(set(entries)), "no trade twice"


@pytest.mark.parametrize(
    "trap",
    [
        pytest.param(trap, id=name, marks=[] if name == "a loop in Python" else [pytest.mark.slow])
        for name, trap in TRAPS.items()
    ],
)
def test_a_life_that_is_caught_is_diagnosed_by_its_stacks_and_replaced(
    lite_world: World, tmp_path: Path, trap: str
) -> None:
    bot_id = lite_world.insert_bot(a_caught_bot())
    lite_world.start(**QUICKLY, BOTVISOR_PLUGIN_DIRS=plugin(tmp_path / "plugins", trap))
    (first,) = lite_world.until_running(bot_id)
    trade = held_trade(lite_world, bot_id)
    assert lite_world.until_replaced(bot_id, first)
    told = watchdog_incident(lite_world, bot_id)
    stacks = str(told["details"])
    assert "get_caught" in stacks, told
    assert stacks.count("hread 0x") >= 2, "the stacks of all threads"
    goes_on_in_the_same_row(lite_world, bot_id, trade)


def test_a_stopped_life_changes_its_class_fails_its_checks_one_by_one_and_is_replaced(
    world: World, tmp_path: Path
) -> None:
    bot_id = world.insert_bot(a_caught_bot())
    world.start(**QUICKLY, BOTVISOR_PLUGIN_DIRS=plugin(tmp_path / "plugins", "pass"))
    (first,) = world.until_running(bot_id)
    trade = held_trade(world, bot_id)
    world.wait("health in the status", lambda: world.ask("ps")[0]["health"] == "healthy")
    psutil.Process(first).send_signal(signal.SIGSTOP)
    assert world.until_replaced(bot_id, first)
    told = watchdog_incident(world, bot_id)
    assert re.search("not been heard of|trading loop does not move", told["message"]), told
    assert "hread 0x" in str(told["details"])
    logged = world.logged()
    assert "is degraded, was healthy" in logged
    assert "check failed, 1 of 3" in logged
    assert "check failed, 3 of 3" in logged
    goes_on_in_the_same_row(world, bot_id, trade)


@pytest.mark.slow
def test_an_adopted_life_is_diagnosed_like_any_other(lite_world: World, tmp_path: Path) -> None:
    bot_id = lite_world.insert_bot(a_caught_bot())
    plugins = plugin(tmp_path / "plugins", "pass")
    lite_world.start(**QUICKLY, BOTVISOR_PLUGIN_DIRS=plugins)
    (first,) = lite_world.until_running(bot_id)
    lite_world.kill_supervisor()
    lite_world.start(**QUICKLY, BOTVISOR_PLUGIN_DIRS=plugins)
    lite_world.wait("the adopted life measured", lambda: _measured(lite_world))
    psutil.Process(first).send_signal(signal.SIGSTOP)
    lite_world.until_replaced(bot_id, first)
    assert "hread 0x" in str(watchdog_incident(lite_world, bot_id)["details"])


def _measured(world: World) -> bool:
    done = world.botctl("ps", "--json", check=False)
    return done.returncode == 0 and any(life["adopted"] and life["memory_mb"] for life in json.loads(done.stdout))


@pytest.mark.slow
def test_a_leak_beyond_the_limit_is_drained_with_the_figures_in_the_incident(lite_world: World, tmp_path: Path) -> None:
    trap = "self.kept.append(bytearray(300_000_000)); self.kept[0][::4096] = b'x' * len(self.kept[0][::4096])"
    config = a_caught_bot(limits={"memory_mb": 300})
    bot_id = lite_world.insert_bot(config)
    lite_world.start(**QUICKLY, BOTVISOR_PLUGIN_DIRS=plugin(tmp_path / "plugins", trap))
    (first,) = lite_world.until_running(bot_id)
    trade = held_trade(lite_world, bot_id)
    assert lite_world.until_replaced(bot_id, first)
    told = watchdog_incident(lite_world, bot_id)
    assert "the limit is 300 MB" in told["message"], told
    assert "asked to end, for it uses more memory than it may" in lite_world.logged()
    (life,) = lite_world.database.rows("SELECT * FROM incarnations WHERE bot_id = ? AND pid = ?", bot_id, first)
    assert (life["cause"], life["exit_code"]) == ("watchdog", 0), "it left in good order"
    goes_on_in_the_same_row(lite_world, bot_id, trade)


@pytest.mark.slow
def test_a_life_that_uses_too_much_processor_is_replaced_at_the_third_failed_check(
    lite_world: World, tmp_path: Path
) -> None:
    trap = "self.held -= 1; [hashlib.sha256(b'x' * 4_000_000) for _ in range(60)]"
    text = plugin(tmp_path / "plugins", trap)
    config = a_caught_bot(limits={"cpu_percent": 25})
    bot_id = lite_world.insert_bot(config)
    (tmp_path / "plugins" / "caught.py").write_text(
        (tmp_path / "plugins" / "caught.py").read_text().replace("not CAUGHT_BEFORE.exists()", "True")
    )
    lite_world.start(**QUICKLY | {"BOTVISOR_HEARTBEAT_MISSES": "20"}, BOTVISOR_PLUGIN_DIRS=text)
    (first,) = lite_world.until_running(bot_id)
    assert lite_world.until_replaced(bot_id, first)
    told = watchdog_incident(lite_world, bot_id)
    assert "failed several checks" in told["message"]
    assert "of a core, the limit is 25 %" in told["message"]
    logged = lite_world.logged()
    assert all(f"check failed, {count} of 3" in logged for count in (1, 2, 3))


@pytest.mark.slow
def test_a_short_host_is_warned_of_and_slows_the_bots_down_without_changing_a_trade(
    lite_world: World, tmp_path: Path
) -> None:
    closes = [100.0 + (i * 7 % 13) for i in range(160)]
    csv = a_csv(tmp_path / "market.csv", candles_of(closes))
    config = a_bot(csv, data={"speed": 15_000})  # 50 bars a second
    pressed = {
        "BOTVISOR_THROTTLE_PAUSE": "0.1",
        "BOTVISOR_HEARTBEAT_INTERVAL": "0.2",
        "BOTVISOR_HEARTBEAT_MISSES": "50",
    }
    bot_id = lite_world.insert_bot(config)
    lite_world.start(**pressed, BOTVISOR_MEMORY_WARN_PERCENT="1", BOTVISOR_CPU_WARN_PERCENT="100")
    lite_world.until_running(bot_id)

    def bars() -> int:
        return int(lite_world.ask("status", str(bot_id))[0]["bars"] or 0)

    lite_world.wait("throttling", lambda: "bots evaluate less often" in lite_world.logged())
    started, began = bars(), time.monotonic()
    lite_world.wait("twenty more bars", lambda: bars() >= started + 20)
    rate = (bars() - started) / (time.monotonic() - began)
    assert rate < 25, "half of what its pace allows"
    assert "WARNING" in next(line for line in lite_world.logged().splitlines() if "memory is short" in line)
    assert lite_world.database.rows("SELECT * FROM incidents WHERE error_class = 'resources'")
    lite_world.until_finished(bot_id, within=120)
    assert_traded_as(lite_world, bot_id, simulate(config, csv))
