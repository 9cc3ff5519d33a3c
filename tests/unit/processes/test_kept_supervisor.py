"""A supervisor kept running for a service manager that speaks to one process only (a real one, on an empty table)."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE, wait_until

from common.file_lock import try_lock
from supervisor.control.socket import ask
from supervisor.processes.kept import KeptSupervisor
from supervisor.windows.plan import Plan, settings_from, settings_of
from supervisor.windows.service import kept_with, stop_kept


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    return wait_until(what, condition)


class Wrapper:
    """What the Windows service does, in a thread of the test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in list(os.environ):
            if name.startswith("BOTVISOR_") or name == "DB_URL":
                monkeypatch.delenv(name)
        self.state = folder / "state"
        ways = ("CONTROL=tcp", "TRANSPORT=tcp", "LAUNCHER=interpreter")
        given = settings_of([f"BOTVISOR_STATE_DIR={self.state}", *(f"BOTVISOR_{way}" for way in ways)])
        for name, value in settings_from(Plan("python", given).settings_text()).items():
            monkeypatch.setenv(name, value)
        self.said: list[str] = []
        self.kept, self.settings = kept_with(given, self.said.append)
        self.code: int | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        self.code = self.kept.run()

    def status(self) -> dict[str, Any] | None:
        return ask(self.settings.runtime_dir, {"do": "status"})

    def pid(self) -> int:
        answer = wait_for(self.status, "an answer")
        return int(answer["pid"])


@pytest.fixture
def wrapper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wrapper]:
    folder = Path(tempfile.mkdtemp(prefix="bv-"))
    wrapper = Wrapper(folder, monkeypatch)
    yield wrapper
    stop_kept(wrapper.kept, wrapper.settings)
    wrapper.thread.join(PATIENCE)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_crashed_supervisor_is_started_again_and_a_stop_is_a_request(wrapper: Wrapper) -> None:
    first = wrapper.pid()
    os.kill(first, signal.SIGKILL)
    second = wait_for(
        lambda: (wrapper.status() or {"pid": first})["pid"] not in (first, 0) and wrapper.pid(), "the next"
    )
    assert second != first
    assert "ended with -9" in wrapper.said[0]
    stop_kept(wrapper.kept, wrapper.settings)
    wrapper.thread.join(PATIENCE)
    assert wrapper.code == 0
    assert not wrapper.settings.runtime_dir.joinpath("control.json").exists()
    log = (wrapper.settings.logs_dir / "supervisor.jsonl").read_text()
    assert "Request on the control socket: stopping all bots" in log


def test_a_supervisor_that_does_not_heed_the_request_is_ended(wrapper: Wrapper) -> None:
    os.kill(wrapper.pid(), signal.SIGSTOP)
    wrapper.kept.stop(within=0.2, term_grace=1, abort_grace=1)
    wrapper.thread.join(PATIENCE)
    assert wrapper.code == -signal.SIGKILL
    assert "did not stop" in wrapper.said[-1]


def test_one_that_waits_for_another_supervisor_to_end_can_be_stopped(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "supervisor.lock", os.O_RDWR | os.O_CREAT)
    assert try_lock(lock)
    said: list[str] = []
    kept = KeptSupervisor(state_dir=tmp_path, run_dir=tmp_path, environment={}, say=said.append, restart_delay=0.01)
    thread = threading.Thread(target=kept.run)
    thread.start()
    wait_for(lambda: said, "its word")
    kept.stop(within=5, term_grace=1, abort_grace=1)
    thread.join(PATIENCE)
    os.close(lock)
    assert len(said) == 1
    assert "waiting for its end" in said[0]


def test_one_that_cannot_run_is_not_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    kept = KeptSupervisor(
        state_dir=tmp_path,
        run_dir=tmp_path,
        environment=dict(os.environ),
        say=said.append,
        command=(sys.executable, "-c", "raise SystemExit(78)"),
    )
    assert kept.run() == 78
    assert said == []
