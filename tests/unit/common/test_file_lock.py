"""A lock on an open file that its holder's death frees."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from common.file_lock import try_lock

HOLD = """
import os, sys
from common.file_lock import try_lock
print(try_lock(os.open(sys.argv[1], os.O_RDWR)), flush=True)
sys.stdin.read()
"""


def test_one_process_holds_it_and_its_sudden_death_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    descriptor = os.open(path, os.O_RDWR)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not try_lock(descriptor)
        holder.kill()
        holder.communicate()
        assert try_lock(descriptor)
    finally:
        os.close(descriptor)


def test_closing_the_file_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = os.open(path, os.O_RDWR | os.O_CREAT)
    second = os.open(path, os.O_RDWR)
    assert try_lock(first)
    assert not try_lock(second)
    os.close(first)
    assert try_lock(second)
    os.close(second)
