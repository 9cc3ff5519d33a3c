"""The state folder: one supervisor at a time, one database for good."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from supervisor.host.state_folder import StateFolder


def the_folder(base: Path) -> StateFolder:
    return StateFolder(base, base / "run", base / "log")


HOLD = """
import sys
from pathlib import Path
from supervisor.host.state_folder import StateFolder
base = Path(sys.argv[1])
with StateFolder(base, base / "run", base / "log"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        with pytest.raises(ConfigurationError) as caught, the_folder(tmp_path):
            pass
        for part in (f"pid {holder.pid}", str(tmp_path), "BOTVISOR_STATE_DIR"):
            assert part in str(caught.value)
    finally:
        holder.kill()
        holder.communicate()
    with the_folder(tmp_path):
        assert (tmp_path / "supervisor.lock").read_text() == f"{os.getpid()}\n"


def test_a_holder_that_left_leaves_the_folder_free(tmp_path: Path) -> None:
    for _ in range(2):
        with the_folder(tmp_path), pytest.raises(ConfigurationError), the_folder(tmp_path):
            pass


def test_programs_that_the_holder_starts_do_not_hold_it(tmp_path: Path) -> None:
    with the_folder(tmp_path):
        program = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert program.stdout is not None
        program.stdout.readline()
    try:
        with the_folder(tmp_path):
            pass
    finally:
        program.kill()
        program.communicate()


def test_the_folders_of_the_bots_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with the_folder(tmp_path / "state") as folder:
        made = [folder.bot_folder("7-abc"), *(tmp_path / "state" / name / "bots" for name in ("run", "log"))]
        assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700] * 3
        assert folder.bot_folder("7-abc") == tmp_path / "state" / "bots" / "7-abc"
        assert folder.pid_file(7) == tmp_path / "state" / "run" / "bots" / "7.pid"
        assert folder.log_file(7).name == "bot-7.jsonl"
        assert folder.output_file(7).name == "bot-7.out"


def test_the_first_database_is_remembered_and_no_other_takes_its_place(tmp_path: Path) -> None:
    with the_folder(tmp_path) as folder:
        assert folder.remembered_database() is None
        folder.remember_database("first")
        folder.remember_database("second")
    with the_folder(tmp_path) as folder:
        assert folder.remembered_database() == "first"


def test_an_empty_memory_is_none(tmp_path: Path) -> None:
    (tmp_path / "database.uuid").write_text("\n")
    assert the_folder(tmp_path).remembered_database() is None
