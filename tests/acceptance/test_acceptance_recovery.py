"""REC: errors have a class, recoveries a history, and too many errors stop the entries of the whole fleet."""

from __future__ import annotations

import signal
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from builders import a_bot, a_csv, candles_of
from chaos.outage import taken_away
from world import World

from supervisor.control.socket import ask

PLUGIN = '''
from worker.strategies.contract import BotStrategy


class BreakingStrategy(BotStrategy):
    """Trades nothing and fails on its fifth bar of each life."""

    seen = 0

    def on_bar(self):
        self.seen += 1
        if self.seen == 5:
            raise {error}
'''


def a_market(folder: Path) -> Path:
    return a_csv(folder / "m.csv", candles_of([100.0 + i % 5 for i in range(20_000)]))


def plugins(folder: Path, error: str = 'RuntimeError("the strategy broke")') -> str:
    place = folder / "plugins"
    place.mkdir()
    (place / "breaking.py").write_text(PLUGIN.replace("{error}", error))
    return str(place)


def recoveries(world: World, bot_id: int | None = None) -> list[dict[str, Any]]:
    """Oldest first."""
    answer = world.ask("incidents", *([] if bot_id is None else [str(bot_id)]), "--recoveries")
    return list(reversed(answer["attempts"]))


def incidents(world: World, bot_id: int) -> list[dict[str, Any]]:
    return list(world.ask("incidents", str(bot_id)))


def counts(world: World, bot_id: int) -> dict[str, int]:
    return {row["category"]: row["errors"] for row in world.ask("incidents", str(bot_id), "--counts")}


@pytest.mark.slow
def test_a_strategy_that_raises_is_restarted_at_growing_distances_and_then_given_up(
    lite_world: World, tmp_path: Path
) -> None:
    world = lite_world
    config = a_bot(a_market(tmp_path), strategy={"type": "BreakingStrategy"}, data={"speed": 3000})
    bot_id = world.insert_bot(config)
    world.start(BOTVISOR_PLUGIN_DIRS=plugins(tmp_path), BOTVISOR_RESTART_LIMIT="4", BOTVISOR_RESTART_DELAY="0.4")
    world.wait("the bot is given up", lambda: world.notes(bot_id).get("last_error") and critical(world, bot_id), 60)
    row = world.until_status(bot_id, "error")
    assert row["error_count"] == 4
    assert "the strategy broke" in row["extra_metadata"]["last_error"]
    done = world.wait(
        "the alert is recorded", lambda: len(recoveries(world, bot_id)) == 5 and recoveries(world, bot_id)
    )
    assert [one["strategy"] for one in done] == ["restart", "backoff", "backoff", "fallback", "alert"]
    assert [one["outcome"] for one in done] == ["succeeded"] * 4 + ["pending"]
    assert [one["attempt"] for one in done[:3]] == [1, 2, 3]
    assert {one["category"] for one in done} == {"strategy"}
    assert "RuntimeError" in done[0]["detail"]
    assert len(critical(world, bot_id)) == 1
    assert counts(world, bot_id) == {"strategy": 4}, "four ends; the quarantine is no error of its own"
    lives = world.database.rows("SELECT * FROM incarnations WHERE bot_id = ? ORDER BY id", bot_id)
    assert len(lives) == 4, "no more lives"
    gaps = [gap(before["ended_at"], after["started_at"]) for before, after in pairwise(lives)]
    assert gaps[0] < gaps[1] < gaps[2], gaps
    assert "error class strategy" in world.logged()


def critical(world: World, bot_id: int) -> list[dict[str, Any]]:
    sql = "SELECT * FROM incidents WHERE bot_id = ? AND severity = 'critical'"
    return world.database.rows(sql, bot_id)


def gap(before: str, after: str) -> float:
    """Seconds between two times as SQLite keeps them."""
    return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds()


@pytest.mark.slow
def test_a_config_that_cannot_run_is_a_matter_for_a_person(lite_world: World) -> None:
    bot_id = lite_world.insert_bot(a_bot(strategy={"parameters": {"position_size": "much"}}))
    lite_world.start()
    lite_world.until_status(bot_id, "error")
    lite_world.wait("the alert", lambda: recoveries(lite_world, bot_id))
    (alert,) = recoveries(lite_world, bot_id)
    assert (alert["category"], alert["strategy"], alert["outcome"]) == ("configuration", "alert", "pending")
    assert [one["category"] for one in incidents(lite_world, bot_id)] == ["configuration"]
    lite_world.set_config(bot_id, a_bot())
    lite_world.wait("mended", lambda: recoveries(lite_world, bot_id)[0]["outcome"] == "succeeded")


def test_a_killed_bot_is_restarted_and_that_is_on_record(lite_world: World, tmp_path: Path) -> None:
    bot_id = lite_world.insert_bot(a_bot(a_market(tmp_path), data={"speed": 10_000}))
    lite_world.start()
    (pid,) = lite_world.until_running(bot_id)
    psutil.Process(pid).kill()
    lite_world.until_replaced(bot_id, pid)
    lite_world.wait(
        "the restart has succeeded", lambda: [one["outcome"] for one in recoveries(lite_world, bot_id)] == ["succeeded"]
    )
    (restart,) = recoveries(lite_world, bot_id)
    assert (restart["category"], restart["strategy"], restart["attempt"]) == ("system", "restart", 1)
    (row,) = lite_world.ask("status", str(bot_id))
    assert (row["last_exit"]["cause"], row["last_exit"]["exit_signal"]) == ("killed", signal.SIGKILL)
    assert "killed, " in lite_world.botctl("status").stdout
    (rate,) = lite_world.ask("incidents", "--recoveries")["classes"]
    assert (rate["category"], rate["count"], rate["success_rate"]) == ("system", 1, 1.0)
    said = lite_world.botctl("incidents", "--recoveries").stdout
    assert "Success rate" in said
    assert "restart" in said


@pytest.mark.slow
def test_an_outage_of_the_database_is_a_queue_that_was_written(lite_world: World, tmp_path: Path) -> None:
    bot_id = lite_world.insert_bot(a_bot(a_market(tmp_path), data={"speed": 10_000}))
    lite_world.start()
    lite_world.until_running(bot_id)
    with taken_away(lite_world.database, None):
        lite_world.wait("it is noticed", lambda: "next try in" in lite_world.logged(), 60)
    lite_world.wait("it is over", lambda: [one["outcome"] for one in recoveries(lite_world)] == ["succeeded"], 60)
    (outage,) = recoveries(lite_world)
    assert (outage["category"], outage["strategy"], outage["bot_id"]) == ("database", "queue", None)
    assert any(one["category"] == "database" for one in lite_world.ask("incidents"))


@pytest.mark.slow
def test_too_many_errors_stop_the_entries_of_every_bot(lite_world: World, tmp_path: Path) -> None:
    world = lite_world
    calm = world.insert_bot(a_bot(a_market(tmp_path), data={"speed": 10_000}))
    world.start(
        BOTVISOR_PLUGIN_DIRS=plugins(tmp_path),
        BOTVISOR_FAILOVER_ERRORS="3",
        BOTVISOR_FAILOVER_COOLDOWN="0",
        BOTVISOR_RESTART_DELAY="0.1",
    )
    world.until_running(calm)
    assert world.ask("failover") == {"failover": False}
    world.insert_bot(a_bot(a_market(tmp_path), strategy={"type": "BreakingStrategy"}, data={"speed": 3000}))
    world.wait("failover", lambda: "failover mode" in world.logged(), 60)
    told = "SELECT * FROM incidents WHERE error_class = 'failover'"
    world.wait("one critical incident", lambda: [one["severity"] for one in world.database.rows(told)] == ["critical"])
    assert "FAILOVER since" in world.botctl("status").stdout
    assert (world.status(calm), paused(world, calm)) == ("running", True)
    assert world.ask("failover", "--off") == {"failover": False}
    world.wait("entries are allowed again", lambda: not paused(world, calm))
    assert world.status(calm) == "running"


def paused(world: World, bot_id: int) -> bool:
    """Whether the bot's worker says of itself that it makes no entries; the service told it so."""
    document = ask(world.run, {"do": "status"})
    assert document is not None
    (bot,) = [one for one in document["bots"] if one["id"] == bot_id]
    return bool(bot["life"]["paused"])
