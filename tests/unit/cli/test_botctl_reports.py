"""`botctl` on a fleet without a supervisor: what it shows, what it notes, what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botctl_here import Botctl
from builders import a_bot

from supervisor.host.log_merger import COMBINED, ERRORS


@pytest.fixture
def fleet(botctl: Botctl) -> Botctl:
    """Two bots: 1 `alpha`, enabled, and 2 `beta`, disabled."""
    botctl.insert(a_bot(name="alpha"))
    botctl.insert(a_bot(name="beta"), "disabled", {"last_error": "it broke"})
    return botctl


TABLES = ["status", "trades", "orders", "incidents"]


@pytest.mark.parametrize("command", [*TABLES, "orders --denied"])
def test_an_empty_table_is_an_empty_list_or_a_sentence(botctl: Botctl, command: str) -> None:
    assert botctl.ask(*command.split()) == []
    shown = botctl(*command.split())
    assert shown.code == 0
    assert "no " in shown.said


def test_status_says_what_the_rows_say_and_that_nobody_supervises(fleet: Botctl) -> None:
    first, second = fleet.ask("status")
    assert (first["id"], first["name"], first["status"], first["pid"]) == (1, "alpha", "enabled", None)
    assert (second["status"], second["last_error"], second["error_count"]) == ("disabled", "it broke", 2)
    shown = fleet("status").said
    assert "no supervisor runs here" in shown
    assert "it broke" in shown


def test_status_of_one_bot_by_id_or_name(fleet: Botctl) -> None:
    assert [row["id"] for row in fleet.ask("status", "beta")] == [2]
    assert [row["id"] for row in fleet.ask("status", "2")] == [2]


def test_a_finished_bot_is_shown_as_finished(fleet: Botctl) -> None:
    fleet.query("UPDATE trading_bots SET status = 'stopped', extra_metadata = ? WHERE id = 1", '{"finished": true}')
    assert fleet.ask("status", "1")[0]["status"] == "finished"
    assert "finished" in fleet("status").said


def test_a_row_that_is_broken_does_not_hide_the_others(fleet: Botctl) -> None:
    fleet.query("UPDATE trading_bots SET config = '{', extra_metadata = '[' WHERE id = 1")
    assert [(row["id"], row["name"]) for row in fleet.ask("status")] == [(1, "Bot 1"), (2, "beta")]


@pytest.mark.parametrize("command", ["status", "trades", "orders", "incidents", "logs", "enable", "stop", "validate"])
def test_an_unknown_bot_is_told_with_those_there_are(fleet: Botctl, command: str) -> None:
    outcome = fleet(command, "gamma")
    assert outcome.code == 1
    assert "there is no bot 'gamma'; there are: 1 alpha, 2 beta" in outcome.said
    assert outcome.out == ""
    answer = fleet(command, "gamma", "--json")
    assert answer.code == 1
    assert "gamma" in answer.json["error"]


def test_a_name_that_two_bots_have_is_refused_with_their_ids(fleet: Botctl) -> None:
    fleet.query("UPDATE trading_bots SET config = ? WHERE id = 2", json.dumps(a_bot(name="alpha")))
    outcome = fleet("enable", "alpha")
    assert outcome.code == 1
    assert "ids 1, 2" in outcome.said


@pytest.mark.parametrize(
    ("command", "status"),
    [("enable", "enabled"), ("disable", "disabled"), ("stop", "stopping"), ("restart", "restarting")],
)
def test_a_wish_is_written_and_told_to_be_a_note(fleet: Botctl, command: str, status: str) -> None:
    answer = fleet.ask(command, "beta")
    assert answer["supervised"] is False
    assert "no supervisor runs here now" in fleet(command, "alpha").said
    assert fleet.query("SELECT status FROM trading_bots ORDER BY id") == [(status,), (status,)]
    ((memory,),) = fleet.query("SELECT count(*) FROM bot_supervision WHERE last_status IS NOT NULL")
    assert memory == 0, "an operator's word is not the supervisor's"


def test_starting_a_bot_again_takes_away_the_marks_of_its_end_and_nothing_else(fleet: Botctl) -> None:
    marks = {"finished": True, "stopped_by": "operator", "desk": 4}
    fleet.query("UPDATE trading_bots SET status = 'stopped', extra_metadata = ? WHERE id = 1", json.dumps(marks))
    fleet("enable", "1")
    ((left,),) = fleet.query("SELECT extra_metadata FROM trading_bots WHERE id = 1")
    assert json.loads(left) == {"desk": 4}


def test_incidents_are_listed_newest_first_and_limited(fleet: Botctl) -> None:
    for number in range(3):
        fleet.query(
            "INSERT INTO incidents (key, bot_id, severity, error_class, message, at)"
            " VALUES (?, 1, 'error', 'worker', ?, ?)",
            f"k{number}",
            f"incident {number}",
            f"2024-01-0{number + 1} 00:00:00.000000",
        )
    assert [row["message"] for row in fleet.ask("incidents", "--limit", "2")] == ["incident 2", "incident 1"]
    assert fleet.ask("incidents", "beta") == []
    assert "incident 2" in fleet("incidents", "alpha").said


def test_ps_needs_a_supervisor(fleet: Botctl) -> None:
    outcome = fleet("ps")
    assert outcome.code == 1
    assert "no supervisor answers" in outcome.said
    assert "BOTVISOR_RUN_DIR" in outcome.said


@pytest.mark.parametrize(
    "arguments",
    [["trades", "--status", "half"], ["trades", "--limit", "0"], ["nonsense"], ["enable"], ["status", "--nonsense"]],
)
def test_wrong_arguments_are_told_with_exit_code_2(fleet: Botctl, arguments: list[str]) -> None:
    outcome = fleet(*arguments)
    assert outcome.code == 2
    assert "Traceback" not in outcome.said


def log_line(number: int, bot_id: int | None, level: str = "INFO") -> str:
    time = f"2024-01-01T00:00:{number:02d}.000+00:00"
    return json.dumps({"time": time, "level": level, "message": f"line {number}", "bot_id": bot_id}) + "\n"


@pytest.fixture
def logged(fleet: Botctl) -> Path:
    folder = fleet.folder / "var" / "log"
    (folder / "bots").mkdir(parents=True)
    (folder / "bots" / "bot-1.jsonl").write_text("".join(log_line(number, 1) for number in range(9)) + "torn {\n{}")
    (folder / COMBINED).write_text(log_line(1, 1) + "12\n" + log_line(2, 2) + log_line(3, None))
    (folder / ERRORS).write_text(log_line(4, 1, "ERROR") + log_line(5, 2, "ERROR"))
    return folder


def test_logs_show_the_last_lines_of_one_bot_of_all_or_the_errors(fleet: Botctl, logged: Path) -> None:
    def shown(*arguments: str) -> list[str]:
        return [line["message"] for line in fleet.ask("logs", *arguments)]

    assert shown("alpha", "--limit", "2") == ["line 7", "line 8"]
    assert shown() == ["line 1", "line 2", "line 3"]
    assert shown("--errors") == ["line 4", "line 5"]
    assert shown("beta", "--errors") == ["line 5"]
    assert fleet("logs", "alpha", "--limit", "1").out == "00:00:08.000 INFO    line 8  [bot_id=1]\n"


def test_a_bot_without_a_log_is_told(fleet: Botctl) -> None:
    outcome = fleet("logs", "beta")
    assert outcome.code == 1
    assert "no log yet" in outcome.said


def run(botctl: Botctl, *command: str, **options: Any) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOTVISOR_")}
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=botctl.folder,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_following_a_log_goes_on_over_its_rotation(fleet: Botctl, logged: Path) -> None:
    path = logged / "bots" / "bot-1.jsonl"
    path.write_text(log_line(1, 1))
    follower = run(fleet, "supervisor", "logs", "alpha", "--follow", "--json")
    assert follower.stdout is not None
    try:
        assert "line 1" in follower.stdout.readline()
        with path.open("a") as sink:
            sink.write(log_line(2, 1))
        assert "line 2" in follower.stdout.readline()
        path.rename(path.with_name("bot-1.2024-01-01.jsonl"))
        path.write_text(log_line(3, 1))
        assert "line 3" in follower.stdout.readline()
    finally:
        follower.kill()
        follower.communicate()


def test_a_command_of_the_service_is_the_same_command_and_its_exit_code_is_passed_on(fleet: Botctl) -> None:
    refused = run(fleet, "supervisor", "enable", "gamma")
    out, err = refused.communicate()
    assert (refused.returncode, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "no bot 'gamma'" in err
