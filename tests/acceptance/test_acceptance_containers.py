"""The service behind its init, and the ways of systems without socket files, forks and signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest
from builders import a_bot
from world import World

from supervisor.control.socket import ask

PORTABLE = {"BOTVISOR_CONTROL": "tcp", "BOTVISOR_TRANSPORT": "tcp", "BOTVISOR_LAUNCHER": "interpreter"}


class ContainerWorld(World):
    """An installation whose first process is the init."""

    before: tuple[str, ...] = ()
    options: tuple[str, ...] = ("--init",)

    def launch(self, **settings: str) -> subprocess.Popen[bytes]:  # type: ignore[override]
        settings.pop("cwd", None)
        command = [*self.before, sys.executable, "-m", "supervisor", *self.options]
        with (self.folder / "terminal").open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def service(self) -> psutil.Process:
        """The supervisor behind the init."""
        (found,) = [child for child in self.init().children() if "-m supervisor" in self.title(child.pid)]
        return found

    def init(self) -> psutil.Process:
        return psutil.Process(self.pid)


@pytest.mark.slow
def test_behind_the_init_a_killed_supervisor_is_followed_by_one_that_adopts(lite_world: World) -> None:
    world = ContainerWorld(lite_world.database)
    try:
        bot_id = world.insert_bot(a_bot())
        world.start()
        (pid,) = world.until_running(bot_id)
        first = world.service()
        first.kill()
        world.wait("the next supervisor", lambda: len(adoptions(world)) == 1)
        world.wait("its answer", lambda: world.botctl("status", check=False).returncode == 0)
        assert world.worker(bot_id) == pid
        world.until_more_trades(bot_id, 1)
        os.kill(pid, signal.SIGKILL)
        world.until_replaced(bot_id, pid)
        world.wait("no zombie", lambda: not psutil.pid_exists(pid))
        assert world.stop() == 0
        assert world.status(bot_id) == "stopped"
        assert not world.left_behind()
    finally:
        world.close()


def adoptions(world: World) -> list[str]:
    lines = (world.logs / "supervisor.jsonl").read_text().splitlines()
    return [line for line in lines if "adopting life" in line]


def _first_process_allowed() -> bool:
    trial = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    return shutil.which("unshare") is not None and subprocess.run(trial, capture_output=True).returncode == 0


@pytest.mark.skipif(not _first_process_allowed(), reason="this system does not let us make process namespaces")
def test_as_the_first_process_of_a_container_the_service_keeps_itself_running(lite_world: World) -> None:
    world = ContainerWorld(lite_world.database)
    world.before, world.options = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"), ()
    try:
        bot_id = world.insert_bot(a_bot())
        world.start()
        world.until_status(bot_id, "running")
        (first,) = psutil.Process(world.pid).children()
        world.remember_processes()
        (service,) = [child for child in first.children() if "-m supervisor" in world.title(child.pid)]
        service.kill()
        world.wait("the next supervisor", lambda: len(adoptions(world)) == 1)
        world.until_more_trades(bot_id, 1)
        assert world.database.rows("SELECT id FROM incarnations WHERE bot_id = ?", bot_id) != []
        first.terminate()
        assert world.supervisor is not None
        assert world.supervisor.wait(60) == 0
        assert world.status(bot_id) == "stopped"
        assert not world.left_behind()
    finally:
        world.close()


@pytest.mark.slow
def test_without_socket_files_forks_and_signals_a_bot_trades_is_adopted_and_stopped(lite_world: World) -> None:
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start(**PORTABLE)
    (pid,) = lite_world.until_running(bot_id)
    assert [life["pid"] for life in lite_world.ask("ps")] == [pid]
    assert not (lite_world.run / "control.sock").exists()
    lite_world.kill_supervisor()
    lite_world.start(**PORTABLE)
    lite_world.wait("the adoption", lambda: len(adoptions(lite_world)) == 1)
    lite_world.until_more_trades(bot_id, 1)
    assert lite_world.worker(bot_id) == pid
    lite_world.botctl("restart", str(bot_id))
    lite_world.until_replaced(bot_id, pid)
    asked = lite_world.wait("an answer", lambda: ask(lite_world.run, {"do": "stop"}))
    assert asked["stopping"]
    assert lite_world.supervisor is not None
    assert lite_world.supervisor.wait(60) == 0
    assert lite_world.status(bot_id) == "stopped"
    assert not lite_world.left_behind()


@pytest.mark.slow
def test_without_socket_files_forks_and_signals_fifteen_kills_lose_nothing(lite_world: World) -> None:
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.start(**PORTABLE)
    (pid,) = lite_world.until_running(bot_id)
    for turn in range(10):
        os.kill(pid, signal.SIGKILL)
        pid = lite_world.until_replaced(bot_id, pid)
        lite_world.until_more_trades(bot_id, 1)
        if turn % 2:
            lite_world.kill_supervisor()
            lite_world.start(**PORTABLE)
    lite_world.wait("an answer", lambda: ask(lite_world.run, {"do": "status"}))
    trades = lite_world.trades(bot_id)
    assert len({trade["id"] for trade in trades}) == len(trades)
    assert sum(trade["status"] == "open" for trade in trades) <= 1
    assert lite_world.stop() == 0
