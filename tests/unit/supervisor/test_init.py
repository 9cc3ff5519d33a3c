"""The init in front of the service: forwards, reaps, starts again, ends what is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import PATIENCE

Until = Callable[[Callable[[], Any], str], Any]

PROGRAM = """
import os, signal, subprocess, sys, time
from pathlib import Path
from supervisor.init import FORWARDED, Init

folder = Path(sys.argv[1])

def note(name, text):
    with (folder / name).open("a") as sink:
        sink.write(f"{text}\\n")

def serve():
    if not (folder / "worker").exists():
        worker = subprocess.Popen(["sleep", "600"], start_new_session=True)
        note("worker", worker.pid)
        subprocess.Popen(["sh", "-c", "sleep 0.01 & exec true"]).wait()
    heeded = [getattr(signal, name) for name in FORWARDED]
    signal.pthread_sigmask(signal.SIG_BLOCK, heeded)  # none is heard before it is waited for, none is missed
    note("born", os.getpid())
    while True:
        number = signal.Signals(signal.sigwait(heeded))
        note("heard", number.name)
        if number == signal.SIGTERM:
            return int((folder / "code").read_text()) if (folder / "code").exists() else 0

sys.exit(Init(serve, (folder / "leaving").exists, restart_delay=float(sys.argv[2])).run())
"""


class Kept:
    """A program behind the init, and what it wrote down."""

    def __init__(self, folder: Path, *before: str, delay: float = 0.05) -> None:
        self.folder = folder
        source = folder / "program.py"
        source.write_text(textwrap.dedent(PROGRAM))
        command = [*before, sys.executable, str(source), str(folder), str(delay)]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
        self.process = subprocess.Popen(command, env=environment)

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def close(self) -> None:
        """Ends it and everything below it."""
        family = [psutil.Process(self.process.pid)] if self.process.poll() is None else []
        family += [child for parent in family for child in parent.children(recursive=True)]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait(PATIENCE)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.close()


def worker_of(kept: Kept) -> psutil.Process:
    return psutil.Process(int(kept.lines("worker")[0]))


def test_every_signal_reaches_the_service_and_its_exit_code_is_passed_on(kept: Kept, until: Until) -> None:
    until(lambda: kept.lines("born"), "the service")
    (kept.folder / "code").write_text("3")
    sent = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGTERM"]
    for number, name in enumerate(sent):
        kept.process.send_signal(getattr(signal, name))
        until(lambda number=number: len(kept.lines("heard")) > number, name)
    assert kept.process.wait(PATIENCE) == 3
    assert kept.lines("heard") == sent


def test_a_service_that_was_killed_is_started_again_and_its_workers_live_on(kept: Kept, until: Until) -> None:
    until(lambda: kept.lines("born"), "the service")
    worker = worker_of(kept)
    for lives in (1, 2):
        os.kill(int(kept.lines("born")[-1]), signal.SIGKILL)
        until(lambda lives=lives: len(kept.lines("born")) > lives, "the next one")
    assert worker.is_running()
    assert worker.parent() == psutil.Process(kept.process.pid), "the orphan became the init's"
    kept.process.terminate()
    assert kept.process.wait(PATIENCE) == 0
    assert not worker.is_running(), "what was left has been ended"


def test_zombies_are_reaped(kept: Kept, until: Until) -> None:
    until(lambda: kept.lines("born"), "the service")
    os.kill(int(kept.lines("born")[0]), signal.SIGKILL)
    until(lambda: len(kept.lines("born")) > 1, "the next one")
    worker_of(kept).kill()
    until(lambda: not psutil.pid_exists(int(kept.lines("worker")[0])), "the dead worker reaped")
    of_init = psutil.Process(kept.process.pid).children()
    assert [child.pid for child in of_init] == [int(kept.lines("born")[-1])]


def test_wrong_settings_are_not_tried_again(tmp_path: Path, until: Until) -> None:
    environment = os.environ | {"BOTVISOR_POLL_INTERVAL": "often"}
    command = [sys.executable, "-m", "supervisor", "--init"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 78
    assert done.stderr.count("BOTVISOR_POLL_INTERVAL") == 1


def test_an_end_for_an_upgrade_is_followed_by_the_next_start(kept: Kept, until: Until) -> None:
    until(lambda: kept.lines("born"), "the service")
    (kept.folder / "leaving").touch()
    os.kill(int(kept.lines("born")[0]), signal.SIGTERM)
    until(lambda: len(kept.lines("born")) > 1, "the next one")
    assert worker_of(kept).is_running()


def test_a_stop_between_two_starts_is_a_stop(tmp_path: Path, until: Until) -> None:
    kept = Kept(tmp_path, delay=600)
    try:
        until(lambda: kept.lines("born"), "the service")
        os.kill(int(kept.lines("born")[0]), signal.SIGKILL)
        until(lambda: not psutil.pid_exists(int(kept.lines("born")[0])), "its end")
        kept.process.terminate()
        assert kept.process.wait(PATIENCE) == 0
        assert len(kept.lines("born")) == 1
    finally:
        kept.close()


def command_of(process: psutil.Process) -> str:
    """Its command line; empty for one that has ended just now, reaped or not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def name_of(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


def _may_make_namespaces() -> bool:
    trial = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    return shutil.which("unshare") is not None and subprocess.run(trial, capture_output=True).returncode == 0


@pytest.mark.skipif(not _may_make_namespaces(), reason="this system does not let us be the first process of anything")
def test_as_the_first_process_it_does_the_same(tmp_path: Path, until: Until) -> None:
    kept = Kept(tmp_path, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    try:
        until(lambda: kept.lines("born"), "the service")
        first = psutil.Process(kept.process.pid).children()[0]
        (service,) = [p for p in first.children() if str(tmp_path) in command_of(p)]
        assert int(kept.lines("born")[0]) != service.pid, "it has a number of its own namespace"
        service.kill()
        until(lambda: len(kept.lines("born")) > 1, "the next one")
        until(lambda: "sleep" in map(name_of, first.children()), "the worker, now a child of the first process")
        first.terminate()
        assert kept.process.wait(PATIENCE) == 0
        assert not first.is_running()
        assert kept.lines("heard") == ["SIGTERM"]
    finally:
        kept.close()
