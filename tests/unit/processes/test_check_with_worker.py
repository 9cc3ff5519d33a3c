"""Examining a config in another process, from a program without a control loop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common.wire.ticket import RowFacts
from supervisor.processes.check import CheckFailedError, validate_with_worker

ROW = RowFacts(bot_id=1)


def config(**strategy: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "symbol": "ETHBTC",
        "broker": {"type": "paper", "trading_mode": "paper", "cash": 1000},
        "data": {"data_source": "simulated", "interval": "1m"},
        "strategy": {"type": "CustomStrategy", "parameters": {}} | strategy,
    }


def test_problems_name_severity_path_value_rule_and_message() -> None:
    entry = {"name": "NoSuchMixin", "params": {}}
    parameters = {"entry_logic": entry, "exit_logic": {"name": "TimeBasedExitMixin", "params": {}}}
    problems = validate_with_worker(ROW, config(parameters=parameters))
    (problem,) = [problem for problem in problems if "NoSuchMixin" in problem["value"]]
    assert set(problem) == {"severity", "path", "value", "rule", "message"}
    assert problem["severity"] == "error"


def test_structural_errors_are_answered_where_no_strategy_can_be_examined() -> None:
    assert [problem["severity"] for problem in validate_with_worker(ROW, ["no", "object"])] == ["error"]


def test_a_plugin_that_hangs_ends_the_check_at_its_limit(tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text("while True:\n    pass\n")
    with pytest.raises(CheckFailedError, match="time limit"):
        validate_with_worker(ROW, config(type="hangs"), (tmp_path,), time_limit=1.0)


def test_what_a_plugin_prints_does_not_spoil_the_answer(tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text("import os\nprint('{', flush=True)\nos.write(1, b'[[[')\n")
    assert isinstance(validate_with_worker(ROW, config(type="chatty"), (tmp_path,)), list)


def test_a_plugin_that_ends_the_process_leaves_no_finding(tmp_path: Path) -> None:
    (tmp_path / "quits.py").write_text("import os\nos._exit(9)\n")
    with pytest.raises(CheckFailedError, match="exit code 9"):
        validate_with_worker(ROW, config(type="quits"), (tmp_path,))


def test_the_command_answers_on_stdout_with_json() -> None:
    request = json.dumps({"row": {"bot_id": 1}, "config": config(), "plugin_dirs": []})
    done = subprocess.run(
        [sys.executable, "-m", "worker", "check"], input=request.encode(), capture_output=True, check=True
    )
    assert isinstance(json.loads(done.stdout)["problems"], list)


def test_the_command_refuses_what_is_no_request() -> None:
    done = subprocess.run([sys.executable, "-m", "worker", "check"], input=b"[]", capture_output=True, check=False)
    assert done.returncode == 1
    assert "not readable" in json.loads(done.stdout)["failure"]
