"""The lock that proves a bot has one life, and the pid file beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.wire.launch import LockNote
from worker.lock import LifeLock, LockHeldError
from worker.pid_file import PidFile


def test_a_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    with LifeLock(tmp_path, 12), pytest.raises(LockHeldError, match=f'"pid":{os.getpid()}.*"incarnation":12'):
        LifeLock(tmp_path, 13).acquire()


def test_a_released_lock_can_be_taken_and_names_its_new_holder(tmp_path: Path) -> None:
    with LifeLock(tmp_path, 12):
        pass
    with LifeLock(tmp_path, 13) as lock:
        note = LockNote.model_validate_json(lock.path.read_bytes())
    assert (note.pid, note.incarnation) == (os.getpid(), 13)


def test_neither_programs_nor_forks_of_a_life_keep_its_lock(tmp_path: Path) -> None:
    lock = LifeLock(tmp_path, 12)
    lock.acquire()
    reader, writer = os.pipe()
    ready, say_ready = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.write(say_ready, b"!")
        os.read(reader, 1)
        os._exit(0)
    os.read(ready, 1)
    program = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        close_fds=False,
    )
    assert program.stdout is not None
    program.stdout.readline()
    lock.release()
    try:
        with LifeLock(tmp_path, 13):
            pass
    finally:
        os.write(writer, b"!")
        os.waitpid(fork, 0)
        program.kill()
        program.communicate()
        for descriptor in (reader, writer, ready, say_ready):
            os.close(descriptor)


def test_a_pid_file_names_the_process_and_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "bots" / "7.pid"
    with PidFile(path):
        assert path.read_text() == f"{os.getpid()}\n"
        assert os.listdir(path.parent) == ["7.pid"]
    assert not path.exists()


def test_a_pid_file_of_another_process_stays(tmp_path: Path) -> None:
    path = tmp_path / "7.pid"
    with PidFile(path):
        path.write_text("1\n")
    assert path.read_text() == "1\n"
