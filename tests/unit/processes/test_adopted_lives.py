"""Watching processes that are not ours, and processes in general."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from waiting import wait_until

from common.process import facts_of
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.child import create_time, identity_of, is_alive
from supervisor.processes.port import UNKNOWN_EXIT, Exited, ExitReport, ProcessIdentity
from supervisor.processes.watch import PidfdWatch, ThreadWatch, Watch

SLEEP = "import time; time.sleep(100)"
DAEMON = f"""
import os, subprocess, sys
leader = subprocess.Popen([sys.executable, "-c", '''
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "{SLEEP}"]).pid, flush=True)
time.sleep(100)'''], start_new_session=True, stdout=subprocess.PIPE)
print(leader.pid, leader.stdout.readline().decode().strip(), flush=True)
os._exit(0)
"""


@pytest.fixture(params=[PidfdWatch, ThreadWatch])
def adopted(request: pytest.FixtureRequest) -> Iterator[AdoptedLives]:
    make: Callable[[], Watch] = request.param
    lives = AdoptedLives(make())
    yield lives
    lives.close()


@pytest.fixture
def stranger() -> Iterator[tuple[ProcessIdentity, int]]:
    """A process group that is not ours: its leader and one member."""
    said = subprocess.run([sys.executable, "-c", DAEMON], stdout=subprocess.PIPE, check=True, text=True).stdout
    leader, member = (int(word) for word in said.split())
    identity = identity_of(leader)
    assert identity is not None
    yield identity, member
    for pid in (leader, member):
        if create_time(pid) is not None:
            os.kill(pid, signal.SIGKILL)


def wait_for(lives: AdoptedLives) -> list[Exited]:
    return wait_until("an event", lives.events)


def test_the_end_of_a_stranger_is_told_with_its_cause_unknown(
    adopted: AdoptedLives, stranger: tuple[ProcessIdentity, int]
) -> None:
    leader, member = stranger
    adopted.adopt(5, leader)
    assert adopted.events() == []
    os.kill(leader.pid, signal.SIGKILL)
    assert wait_for(adopted) == [Exited(5, UNKNOWN_EXIT)]
    wait_until("the end of what was left of its group", lambda: (facts := facts_of(member)) is None or facts.dead)


def test_the_end_of_a_child_is_told_truly(adopted: AdoptedLives) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    identity = identity_of(process.pid)
    assert identity is not None
    adopted.adopt(6, identity)
    process.kill()
    assert wait_for(adopted) == [Exited(6, ExitReport(signal=signal.SIGKILL))]
    process.returncode = -signal.SIGKILL


def test_a_life_that_had_ended_before_is_told_at_once(adopted: AdoptedLives) -> None:
    identity = identity_of(os.getpid())
    assert identity is not None
    adopted.adopt(7, ProcessIdentity(identity.pid, identity.create_time - 1))
    assert wait_for(adopted) == [Exited(7, UNKNOWN_EXIT)]
    assert is_alive(identity)


def test_a_watch_leaves_no_descriptor() -> None:
    before = len(os.listdir("/proc/self/fd"))
    watch = PidfdWatch()
    identity = identity_of(os.getpid())
    assert identity is not None
    watch.add(identity)
    watch.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_identity_does_not_depend_on_the_wall_clock() -> None:
    own = identity_of(os.getpid())
    assert own is not None
    assert own.create_time < time.clock_gettime(time.CLOCK_BOOTTIME)


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", SLEEP])
    identity = identity_of(process.pid)
    assert identity is not None
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(identity)
    process.wait()


def test_a_process_whose_name_holds_parentheses_and_spaces_is_read() -> None:
    reader, writer = os.pipe()
    name = "import setproctitle, sys; setproctitle.setthreadtitle(') R (1 2'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", name], stdin=reader, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        facts = facts_of(process.pid)
        os.close(writer)
    os.close(reader)
    assert facts is not None
    assert facts.state in "SR"
