"""Crash points: inert unless ordered, each in its table, each in the code."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common import crash_points
from common.crash_points import (
    EXCHANGE_POINTS,
    FORK_SERVER_POINTS,
    SUPERVISOR_POINTS,
    VARIABLE,
    WORKER_POINTS,
    armed,
    from_environment,
)

ROOT = Path(__file__).resolve().parents[3]


def reached_in(folder: str) -> set[str]:
    names: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "reach":
                assert isinstance(node.args[0], ast.Constant), f"{path}: a point is named by a literal"
                names.add(str(node.args[0].value))
    return names


def test_every_point_of_the_tables_is_in_the_code_and_no_other() -> None:
    assert reached_in("worker") == set(WORKER_POINTS) | set(EXCHANGE_POINTS) | set(FORK_SERVER_POINTS)
    assert reached_in("supervisor") == set(SUPERVISOR_POINTS)


def test_without_an_order_a_point_is_an_empty_function() -> None:
    code = from_environment({}).__code__
    assert code.co_names == ()
    assert len(code.co_code) <= 8, "load None, return"
    assert VARIABLE in os.environ or crash_points.reach.__code__ is code


def test_the_ordered_passing_kills_the_process_and_only_once(tmp_path: Path) -> None:
    program = (
        "from common.crash_points import reach\n"
        "for number in range(1, 5):\n"
        "    reach('fill.applied'); reach('order.accepted'); print(number, flush=True)\n"
    )
    environment = os.environ | {VARIABLE: f"fill.applied:3:{tmp_path / 'died'}"}
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [-signal.SIGKILL, 0]
    assert [run.stdout.split() for run in runs] == [["1", "2"], ["1", "2", "3", "4"]]


def test_an_unknown_point_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no crash point 'nowhere'"):
        armed("nowhere:1:/tmp/file")
