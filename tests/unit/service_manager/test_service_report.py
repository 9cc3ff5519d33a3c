"""What systemd hears of the service, and when."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from listening_manager import Manager

from supervisor.host.intent import Intent
from supervisor.service_manager.report import STATUS_INTERVAL, ServiceReport, summary_of
from supervisor.service_manager.systemd import notify_socket, watchdog_interval


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    folder = Path(tempfile.mkdtemp(prefix="bv-"))
    manager = Manager(str(folder / "notify") if request.param == "path" else f"@bv-{uuid.uuid4()}")
    yield manager
    manager.close()
    shutil.rmtree(folder)


@pytest.fixture
def report(manager: Manager) -> Iterator[ServiceReport]:
    report = ServiceReport(notify_socket({"NOTIFY_SOCKET": manager.address}), watchdog=30)
    yield report
    report.close()


def fine() -> str:
    return "fine"


def test_ready_is_told_once_with_the_status_and_the_first_sign_of_life(manager: Manager, report: ServiceReport) -> None:
    assert manager.heard() == []
    report.turn(100, fine)
    report.turn(101, fine)
    assert manager.heard() == [{"READY": "1", "WATCHDOG": "1", "STATUS": "fine"}]


def test_the_sign_of_life_comes_at_half_the_interval_and_from_nobody_but_the_loop(
    manager: Manager, report: ServiceReport
) -> None:
    report.turn(100, fine)
    assert report.wake_at() == 115
    manager.heard()
    for second in range(101, 115):
        report.turn(second, fine)
    assert manager.heard() == []
    report.turn(115, fine)
    assert manager.heard() == [{"WATCHDOG": "1"}]


def test_the_status_is_told_when_it_changed_and_looked_at_every_few_seconds_only(
    manager: Manager, report: ServiceReport
) -> None:
    looks = []

    def look() -> str:
        looks.append(1)
        return f"look\n{len(looks)}"

    for tenth in range(int(STATUS_INTERVAL * 10) * 2):
        report.turn(100 + tenth / 10, look)
    assert len(looks) == 2
    assert [told["STATUS"] for told in manager.heard()] == ["look 1", "look 2"], "a status is one line"


def test_a_stop_is_told_and_noted(manager: Manager) -> None:
    noted: list[Intent] = []
    report = ServiceReport(notify_socket({"NOTIFY_SOCKET": manager.address}), stop_timeout=30, note=noted.append)
    report.turn(1, fine)
    report.stopping()
    assert manager.heard()[-1] == {"STOPPING": "1", "EXTEND_TIMEOUT_USEC": "45000000"}
    report.close()
    report.turn(99, fine)
    assert noted == [Intent.RUNNING, Intent.STOPPING]
    assert manager.heard() == []


def test_a_manager_that_is_gone_disturbs_nobody(manager: Manager, report: ServiceReport) -> None:
    manager.close()
    report.turn(1, fine)
    report.turn(100, fine)
    report.stopping()


def test_a_manager_that_did_not_hear_of_ready_is_told_again(manager: Manager) -> None:
    address, folder = manager.address, Path(tempfile.mkdtemp(prefix="bv-"))
    manager.close()
    report = ServiceReport(notify_socket({"NOTIFY_SOCKET": address}))
    report.turn(1, fine)
    Path(address).unlink(missing_ok=True)
    again = Manager(address)
    report.turn(1 + STATUS_INTERVAL, fine)
    assert again.heard() == [{"READY": "1", "STATUS": "fine"}]
    again.close()
    report.close()
    shutil.rmtree(folder)


def test_without_a_manager_nothing_is_looked_at_and_nothing_is_due() -> None:
    report = ServiceReport(None, watchdog=30)
    report.turn(1, lambda: pytest.fail("nobody asked"))
    assert report.wake_at() is None
    report.stopping()


@pytest.mark.parametrize("address", ["", "@", "vsock:2:1", "relative"])
def test_an_address_of_another_kind_is_no_manager(address: str) -> None:
    assert notify_socket({"NOTIFY_SOCKET": address}) is None


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "500000"}, 0.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_meant_for_one_process(environment: dict[str, str], interval: float | None) -> None:
    assert watchdog_interval(environment, 7) == interval


def test_the_status_line_says_what_is_waited_for() -> None:
    fleet = {"running": 3, "in_error": 1, "known": True, "database": "up", "stopping": False}
    assert summary_of(**fleet) == "3 bots running, 1 in error; database up"  # type: ignore[arg-type]
    waiting = fleet | {"running": 1, "known": False, "database": "away: refused"}
    assert summary_of(**waiting) == "1 bot running; waiting for the database (away: refused)"  # type: ignore[arg-type]
    assert summary_of(**fleet | {"stopping": True}) == "stopping; 3 bots still running"  # type: ignore[arg-type]
