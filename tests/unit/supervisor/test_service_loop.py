"""The control loop as a whole: how the service stops, leaves, and tells what is."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import Any

import pytest
from fleet_world import Fleet
from waiting import PATIENCE

from common.process import facts_of
from common.wire.messages import Drain, Goodbye
from supervisor.control.live_status import status_lines
from supervisor.policies import policy_of
from supervisor.processes.port import ProcessIdentity, Spawned
from supervisor.service_manager.systemd import manager_from
from supervisor.store.commands import RefreshBots
from supervisor.store.supervision import Supervision


def trading(fleet: Fleet, *bot_ids: int) -> Fleet:
    for bot_id in bot_ids:
        fleet.add(bot_id)
    fleet.start()
    for bot_id in bot_ids:
        fleet.born(bot_id)
    return fleet


def send(fleet: Fleet, number: signal.Signals) -> None:
    with fleet.signals.listening():
        signal.raise_signal(number)
        fleet.turn()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_of_the_service_drains_all_side_by_side_keeps_positions_and_ends_when_all_is_written(
    fleet: Fleet, number: signal.Signals
) -> None:
    trading(fleet, 7, 8)
    send(fleet, number)
    assert [message.apply_on_stop for message in fleet.wire.told(Drain)] == [False, False]
    fleet.settle()
    assert {fleet.row(7).status, fleet.row(8).status} == {"stopping"}
    fleet.dies(7, exit_code=0, goodbye=Goodbye(cause="drained"))
    assert fleet.database.stop_asked is None
    fleet.dies(8, exit_code=0, goodbye=Goodbye(cause="drained"))
    assert fleet.database.stop_asked is not None
    assert fleet.news.recorder_ended
    for bot_id in (7, 8):
        assert fleet.row(bot_id).status == "stopped"
        assert fleet.row(bot_id).extra_metadata["stopped_by"] == "service"
    assert len(fleet.launcher.tickets) == 2


def test_a_stop_before_a_config_was_examined_calls_no_bot_broken(fleet: Fleet) -> None:
    """Its life died a moment ago, and the check that the next one waits for has not been answered."""
    trading(fleet, 7)
    fleet.launcher.answers_checks = False
    fleet.set(7, config=fleet.row(7).config | {"name": "renamed"})
    assert fleet.launcher.checks[-1][2]["name"] == "renamed"
    fleet.dies(7, signal=signal.SIGKILL)
    send(fleet, signal.SIGTERM)
    fleet.settle()
    assert fleet.row(7).status == "stopped"
    assert fleet.row(7).extra_metadata["stopped_by"] == "service"


def test_bots_that_a_service_stop_ended_run_again_after_the_next_start(fleet: Fleet) -> None:
    fleet.add(status="stopped", extra_metadata={"stopped_by": "service"})
    fleet.start()
    assert len(fleet.launcher.tickets) == 1


def test_a_second_signal_kills_what_is_left(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    facts = facts_of(child.pid)
    assert facts is not None
    fleet.launcher.happened.append(Spawned(fleet.life().incarnation, ProcessIdentity(child.pid, facts.created)))
    fleet.settle()
    send(fleet, signal.SIGTERM)
    send(fleet, signal.SIGTERM)
    assert child.poll() is None, "sent to the process and to its group at once it is one request"
    fleet.clock.seconds += 0.1
    send(fleet, signal.SIGTERM)
    assert child.wait(PATIENCE) == -signal.SIGKILL
    child.communicate()


def test_a_stop_ends_at_its_time_limit_even_when_a_worker_does_not(fleet: Fleet) -> None:
    trading(fleet, 7)
    send(fleet, signal.SIGTERM)
    fleet.wait(fleet.settings.stop_timeout + 1)
    stop = fleet.life(7).worker.stop
    assert stop is not None
    fleet.dies(7, signal=9)
    assert fleet.database.stop_asked is not None


def test_a_service_without_workers_stops_at_once(fleet: Fleet) -> None:
    fleet.start()
    send(fleet, signal.SIGTERM)
    assert fleet.database.stop_asked is not None


def test_leaving_for_an_upgrade_stops_nobody_and_writes_no_status(fleet: Fleet) -> None:
    trading(fleet, 7)
    written = len(fleet.database.commands)
    send(fleet, signal.SIGUSR2)
    assert fleet.database.stop_asked is not None
    assert fleet.wire.told(Drain) == []
    fleet.settle()
    assert len(fleet.database.commands) == written
    assert fleet.row(7).status == "running"
    assert fleet.records.read_all() != []


def test_a_hangup_reads_all_rows_again(fleet: Fleet) -> None:
    trading(fleet, 7)
    send(fleet, signal.SIGHUP)
    assert fleet.database.of(RefreshBots) == [RefreshBots(whole=True)]
    fleet.settle()
    assert fleet.life(7).worker.stop is None


def test_the_status_tells_each_bot_and_its_life(fleet: Fleet) -> None:
    trading(fleet, 7)
    fleet.add(8, status="disabled")
    fleet.database.operator(8)
    fleet.settle()
    document: dict[str, Any] = fleet.requests.answer({"do": "status"})
    assert (document["database"], [bot["id"] for bot in document["bots"]]) == ("up", [7, 8])
    first, second = document["bots"]
    assert first["life"]["incarnation"] == fleet.life(7).incarnation
    assert first["life"]["phase"] == "running"
    assert first["name"] == "Dip buyer"
    assert second["life"] is None
    head, *lines = status_lines(document)
    assert head.startswith("2 bots, database up")
    assert [line.split(":")[0] for line in lines] == ["bot 7 Dip buyer", "bot 8 Dip buyer"]


@pytest.mark.parametrize("request_", [{}, {"do": "dance"}, {"do": None}, {"do": {"status": 1}}])
def test_an_unknown_request_is_refused_by_name(fleet: Fleet, request_: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="unknown request"):
        fleet.requests.answer(request_)


def test_the_limits_of_supervision_are_the_settings(make_fleet: Any) -> None:
    fleet = make_fleet(heartbeat_interval=2, heartbeat_misses=4, drain_grace=3, restart_limit=9, max_bots=5)
    policy = policy_of(fleet.settings)
    assert policy.silence_limit == 8
    assert (policy.drain_grace, policy.restart_limit, policy.max_bots) == (3, 9, 5)


def test_no_stop_takes_longer_than_the_slowest_worker(fleet: Fleet) -> None:
    ids = tuple(range(1, 31))
    trading(fleet, *ids)
    send(fleet, signal.SIGTERM)
    assert len(fleet.wire.told(Drain)) == 30


def test_a_request_to_stop_is_a_stop_and_asking_again_kills_nobody(fleet: Fleet) -> None:
    trading(fleet, 7)
    assert fleet.requests.answer({"do": "stop"})["lives"] == 1
    fleet.clock.seconds += 1
    fleet.requests.answer({"do": "stop"})
    fleet.turn()
    assert [message.apply_on_stop for message in fleet.wire.told(Drain)] == [False]
    stop = fleet.life(7).worker.stop
    assert stop is not None
    assert stop.rung.name == "DRAIN"
    fleet.dies(7, exit_code=0, goodbye=Goodbye(cause="drained"))
    assert fleet.database.stop_asked is not None


def test_a_service_that_stops_before_a_config_was_examined_calls_it_no_error(fleet: Fleet) -> None:
    fleet.launcher.answers_checks = False
    fleet.add(status="running", supervision=Supervision(bot_id=7, last_status="running"))
    fleet.start()
    send(fleet, signal.SIGTERM)
    fleet.settle()
    assert fleet.row().status != "error"
    assert fleet.database.stop_asked is not None


def test_systemd_hears_of_the_loop_and_of_its_end(make_fleet: Any, tmp_path: Any) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        fleet = make_fleet(manager=manager_from({"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "4000000"}))
        fleet.turn()
        assert b"READY=1\nWATCHDOG=1\nSTATUS=0 bots running; waiting for the database" in manager.recv(4096)
        trading(fleet, 7)
        fleet.clock.seconds += 3
        fleet.turn()
        assert b"1 bot running, 0 in error; database up" in manager.recv(4096)
        send(fleet, signal.SIGTERM)
        assert manager.recv(4096).startswith(b"STOPPING=1")
