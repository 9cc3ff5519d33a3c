"""VAL: what is wrong with a config is said before anything starts, in words that name it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from builders import a_bot, a_csv, candles_of, merged
from waiting import holds_for
from world import World


def verdict(world: World, config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What `botctl validate FILE --json` answers, and that its exit code agrees."""
    path = folder / "bot.json"
    path.write_text(json.dumps(config))
    done = world.botctl("validate", str(path), "--json", check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    answer: Any = json.loads(done.stdout)
    answer = answer[0] if isinstance(answer, list) else answer
    answer = answer["bots"][0] if "bots" in answer else answer
    assert (done.returncode == 0) == (not answer["errors"]), done.stdout
    return dict(answer)


def paths(problems: list[dict[str, Any]]) -> list[str]:
    return [problem["path"] for problem in problems]


@pytest.mark.parametrize("missing", ["broker", "strategy", "broker.type", "broker.trading_mode"])
def test_a_missing_section_is_named_and_nothing_starts(fleet: World, missing: str) -> None:
    section, _, field = missing.partition(".")
    without: dict[str, Any] = {section: {field: ...} if field else ...}
    bot_id = fleet.insert_bot(a_bot(**without))
    row = fleet.until_status(bot_id, "error")
    assert missing in row["extra_metadata"]["last_error"]
    assert row["extra_metadata"].get("last_error_time")
    assert fleet.worker(bot_id) is None


def test_a_blank_symbol_is_an_error(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(symbol="  "))
    assert "symbol" in fleet.until_status(bot_id, "error")["extra_metadata"]["last_error"]


@pytest.mark.slow
def test_broker_errors_come_all_at_once_and_apart(lite_world: World, tmp_path: Path) -> None:
    answer = verdict(lite_world, a_bot(broker={"type": "casino", "trading_mode": "maybe", "cash": 0}), tmp_path)
    found = {problem["path"]: problem for problem in answer["errors"]}
    assert {"broker.type", "broker.trading_mode", "broker.cash"} <= set(found), answer
    assert "casino" in found["broker.type"]["message"]
    assert "binance" in found["broker.type"]["message"], "lists what is accepted"
    for problem in found.values():
        assert {"path", "rule", "message"} <= set(problem)
    assert len({problem["message"] for problem in found.values()}) == len(found)


@pytest.mark.slow
def test_a_worker_that_always_dies_is_restarted_at_growing_distances_and_given_up(
    lite_world: World, tmp_path: Path
) -> None:
    """The failures are our own SIGSEGVs, an error of the worker as any other."""
    csv = a_csv(tmp_path / "m.csv", candles_of([100.0 + i % 5 for i in range(5000)]))
    bot_id = lite_world.insert_bot(a_bot(csv, data={"speed": 300}))
    lite_world.start(BOTVISOR_RESTART_LIMIT="4", BOTVISOR_RESTART_DELAY="0.5")
    (pid,) = lite_world.until_running(bot_id)
    gaps = []
    for _ in range(3):
        psutil.Process(pid).send_signal(signal.SIGSEGV)
        died, dead = time.monotonic(), pid
        pid = lite_world.until_replaced(bot_id, dead)
        gaps.append(time.monotonic() - died)
        lite_world.until_running(bot_id)
    psutil.Process(pid).send_signal(signal.SIGSEGV)
    row = lite_world.until_status(bot_id, "error")
    holds_for(3.0, "it stays down", lambda: lite_world.worker(bot_id) is None and lite_world.status(bot_id) == "error")
    row = lite_world.bot(bot_id)
    assert gaps[0] < gaps[1] < gaps[2], gaps
    assert lite_world.worker(bot_id) is None
    assert (row["error_count"] or 0) >= 4
    assert row["extra_metadata"]["last_error"]
    lite_world.set_status(bot_id, "starting")
    lite_world.until_running(bot_id)


def test_a_config_refused_is_status_error_with_the_first_error(fleet: World) -> None:
    bot_id = fleet.insert_bot(a_bot(strategy={"parameters": {"position_size": "much"}}))
    row = fleet.until_status(bot_id, "error")
    assert "position_size" in row["extra_metadata"]["last_error"]
    assert "much" in row["extra_metadata"]["last_error"]
    assert row["error_count"] == 1
    fleet.set_config(bot_id, a_bot())
    fleet.until_running(bot_id)


@pytest.mark.slow
def test_the_report_is_for_machines_and_for_people(lite_world: World, tmp_path: Path) -> None:
    wrong = a_bot(strategy={"parameters": {"position_size": 2}}, data={"lookback_bars": -1})
    answer = verdict(lite_world, wrong, tmp_path)
    assert "strategy.parameters.position_size" in paths(answer["errors"])
    assert "data.lookback_bars" in paths(answer["errors"])
    good = verdict(lite_world, a_bot(), tmp_path)
    assert not good["errors"]
    (tmp_path / "bad.json").write_text(json.dumps(wrong))
    said = lite_world.botctl("validate", str(tmp_path / "bad.json"), check=False)
    assert said.returncode != 0
    assert "position_size" in said.stdout + said.stderr


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"data": {"data_source": "file", "file_path": ...}}, "data.file_path", marks=pytest.mark.slow),
        ({"broker": {"type": "binance", "trading_mode": "live"}}, "broker"),
        pytest.param({"data": {"data_source": "yahoo"}}, "data.data_source", marks=pytest.mark.slow),
        pytest.param(
            {"strategy": {"parameters": {"entry_logic": "instances/entry.json"}}},
            "strategy.parameters.entry_logic",
            marks=pytest.mark.slow,
        ),
        (
            {"strategy": {"parameters": {"entry_logic": {"name": "RSIOrBBEntryMixin", "params": {"e_bb_period": 0}}}}},
            "bb_period",
        ),
    ],
    ids=["file without path", "live", "source not there yet", "string reference", "period 0"],
)
def test_combinations_that_cannot_work_are_errors(
    lite_world: World, tmp_path: Path, change: dict[str, Any], path: str
) -> None:
    answer = verdict(lite_world, merged(a_bot(), change), tmp_path)
    assert any(path in found for found in paths(answer["errors"])), answer


def test_what_was_only_a_warning_stays_one(fleet: World, tmp_path: Path) -> None:
    config = a_bot(data={"interval": "7m"}, trading={"max_positions": 11}, notifications={"carrier_pigeon": True})
    config["strategy"]["parameters"]["entry_logic"]["params"]["e_moon_phase"] = 3
    bot_id = fleet.insert_bot(config)
    fleet.until_running(bot_id)
    answer = verdict(fleet, config, tmp_path)
    assert not answer["errors"]
    warned = " ".join(paths(answer["warnings"]))
    for path in ("data.interval", "trading.max_positions", "e_moon_phase"):
        assert path in warned, answer


def test_add_imports_a_file_and_tells_the_number(fleet: World, tmp_path: Path) -> None:
    """JSON files are only read by this command."""
    path = tmp_path / "bot.json"
    path.write_text(json.dumps(a_bot()))
    answer = fleet.ask("add", str(path))
    bot_id = answer["id"] if "id" in answer else answer["bot_id"]
    fleet.set_status(bot_id, "starting")
    fleet.until_running(bot_id)
