"""What is measured of processes and of the host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from supervisor.processes.child import identity_of
from supervisor.processes.port import ProcessIdentity
from supervisor.processes.usage import HostMeter, shares_of, usage_of


def own() -> ProcessIdentity:
    identity = identity_of(os.getpid())
    assert identity is not None
    return identity


def test_memory_and_processor_time_agree_with_what_the_system_says_elsewhere() -> None:
    usage, reference = usage_of(own()), psutil.Process()
    assert usage is not None
    assert abs(usage.resident - reference.memory_info().rss) < 20_000_000
    times = reference.cpu_times()
    assert abs(usage.cpu_seconds - times.user - times.system) < 0.5


def test_memory_that_is_taken_shows() -> None:
    before = usage_of(own())
    taken = b"x" * 60_000_000
    after = usage_of(own())
    assert before is not None
    assert after is not None
    assert after.resident - before.resident > 50_000_000, len(taken)


def test_shares_are_no_more_than_what_is_resident() -> None:
    shares, usage = shares_of(own()), usage_of(own())
    assert shares is not None
    assert usage is not None
    assert 0 < shares.unique <= shares.proportional <= usage.resident + 20_000_000


def test_a_life_that_is_gone_and_a_stranger_with_its_number_have_no_usage() -> None:
    stranger = ProcessIdentity(os.getpid(), own().create_time - 1)
    assert usage_of(stranger) is None
    child = subprocess.Popen([sys.executable, "-c", ""])
    identity = identity_of(child.pid) or ProcessIdentity(child.pid, 0.0)
    child.wait()
    assert usage_of(identity) is None
    assert shares_of(identity) is None


def test_the_first_look_at_the_host_knows_no_processor_use(tmp_path: Path) -> None:
    meter = HostMeter(tmp_path)
    first, second = meter.read(), meter.read()
    assert first.cpu_percent is None
    assert second.cpu_percent is not None
    assert 0 < second.memory_percent <= 100
    assert second.disk_percent is not None
    assert HostMeter(tmp_path / "nowhere").read().disk_percent is None
