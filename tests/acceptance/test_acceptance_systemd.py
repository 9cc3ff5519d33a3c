"""The installed unit under a real systemd: ready, killed, adopted, hung, stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest
from builders import a_bot
from conftest import NewDatabase
from user_systemd import UserSystemd, why_not
from world import QUICK, World

REASON = why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no systemd of our own: {REASON}")
NAME = "bvt"


class ServiceWorld(World):
    """An installation that systemd runs; what the others do to a process this one does through the manager."""

    def install(self) -> None:
        self.systemd = UserSystemd(self.folder)
        self.state = self.systemd.home / ".local/state" / NAME
        self.logs = self.state / "log"
        self.run = self.systemd.runtime / NAME
        told = self.botctl("install-service", "--user", "--name", NAME, **self.systemd.environment)
        assert f"enable --now {NAME}" in told.stdout
        settings = {"BOTVISOR_DATABASE_URL": self.database.url, "BOTVISOR_ORPHAN_GRACE": "60"} | QUICK
        with (self.systemd.home / f".config/{NAME}.env").open("a") as sink:
            sink.writelines(f"{name}={value}\n" for name, value in settings.items())

    @property
    def main_pid(self) -> int:
        return int(self.systemd.show(NAME, "MainPID"))

    def began_anew(self, old: int) -> bool:
        return self.systemd.show(NAME, "ActiveState") == "active" and self.main_pid not in (0, old)

    def close(self) -> None:
        try:
            self.systemd.close()
        finally:
            super().close()


@pytest.fixture
def installed(new_sqlite: NewDatabase) -> Iterator[ServiceWorld]:
    world = ServiceWorld(new_sqlite())
    world.install()
    yield world
    world.close()


def started(world: ServiceWorld, bots: int = 2) -> tuple[list[int], list[int]]:
    ids = [world.insert_bot(a_bot(data={"seed": number})) for number in range(bots)]
    done = world.systemd.ctl("enable", "--now", NAME)
    assert done.returncode == 0, done.stderr + world.tail()
    return ids, world.until_running(*ids)


def test_killed_it_comes_back_and_adopts_its_workers_and_a_stop_ends_all(installed: ServiceWorld) -> None:
    ids, pids = started(installed)
    assert installed.systemd.show(NAME, "ActiveState") == "active"
    installed.wait("the status", lambda: "2 bots running, 0 in error" in installed.systemd.show(NAME, "StatusText"))
    for _ in range(2):
        old = installed.main_pid
        os.kill(old, signal.SIGKILL)
        installed.wait("the next supervisor", lambda old=old: installed.began_anew(old))
        installed.wait("both adopted", lambda: [installed.worker(bot_id) for bot_id in ids] == pids)
        installed.wait("its status", lambda: "2 bots running" in installed.systemd.show(NAME, "StatusText"))
    assert [installed.worker(bot_id) for bot_id in ids] == pids, "they were neither stopped nor doubled"
    assert (installed.logs / "supervisor.jsonl").read_text().count("adopting life") == 4
    done = installed.systemd.ctl("stop", NAME)
    assert done.returncode == 0, done.stderr
    assert not installed.left_behind()
    assert [installed.status(bot_id) for bot_id in ids] == ["stopped", "stopped"], installed.tail()
    assert installed.systemd.show(NAME, "Result") == "success"


@pytest.mark.slow
def test_an_upgrade_in_place_leaves_the_workers_to_the_next_one(installed: ServiceWorld) -> None:
    ids, pids = started(installed, 1)
    old = installed.main_pid
    os.kill(old, signal.SIGUSR2)
    installed.wait("the next supervisor", lambda: installed.began_anew(old))
    installed.wait("its status", lambda: "1 bot running" in installed.systemd.show(NAME, "StatusText"))
    assert installed.worker(ids[0]) == pids[0]


@pytest.mark.slow
def test_workers_that_outlive_an_intended_stop_are_ended(installed: ServiceWorld) -> None:
    """The supervisor hangs when it is to stop; whether it is killed for that or woken in time, nobody is left."""
    change_unit(installed, "TimeoutStopSec=45", "TimeoutStopSec=1")
    ids, pids = started(installed, 1)
    os.kill(installed.main_pid, signal.SIGSTOP)
    installed.systemd.ctl("stop", NAME)
    installed.wait("the worker to be gone", lambda: not psutil.pid_exists(pids[0]))
    assert installed.worker(ids[0]) is None


def change_unit(world: ServiceWorld, old: str, new: str) -> None:
    unit = world.systemd.units / f"{NAME}.service"
    text = unit.read_text()
    assert old in text
    unit.write_text(text.replace(old, new))
    world.systemd.ctl("daemon-reload")


@pytest.mark.slow
def test_a_control_loop_that_hangs_is_replaced_and_the_workers_do_not_notice(installed: ServiceWorld) -> None:
    change_unit(installed, "WatchdogSec=30", "WatchdogSec=3")
    ids, pids = started(installed, 1)
    old = installed.main_pid
    os.kill(old, signal.SIGSTOP)
    installed.wait("the next supervisor", lambda: installed.began_anew(old), 60)
    installed.wait("its status", lambda: "1 bot running" in installed.systemd.show(NAME, "StatusText"))
    assert installed.worker(ids[0]) == pids[0]
