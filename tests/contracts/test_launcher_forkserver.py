"""What the fork server launcher promises beyond the common contract: above all about the death of fork servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from launcher_world import LAUNCHERS, STAND_IN, World
from waiting import PATIENCE, wait_until

from common.crash_points import VARIABLE
from common.process import become_subreaper, facts_of
from common.wire.launch import NOT_STARTED, REQUEST, Ready, decode_answer
from common.wire.ticket import ExchangeTicket, RowFacts
from supervisor.processes.child import is_alive
from supervisor.processes.forkserver import ForkServerLauncher
from supervisor.processes.port import Checked, Exited, ExitReport, Spawned, SpawnFailed


def _server(world: World) -> int:
    pid = world.launcher.server_pid  # type: ignore[attr-defined]
    assert isinstance(pid, int)
    return pid


def _kill_server(world: World) -> int:
    old = _server(world)
    os.kill(old, signal.SIGKILL)
    world.until(lambda: world.launcher.server_pid not in (None, old), "a new fork server")  # type: ignore[attr-defined]
    return old


def _ahead(world: World) -> list[int]:
    """The child that waits for the next life, if there is one."""
    server = _server(world)
    offspring = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [int(pid) for pid in offspring if b"next life" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _next_life(world: World) -> int:
    world.until(lambda: _ahead(world), "a child waits for the next life")
    (pid,) = _ahead(world)
    return pid


def _never_lived(world: World, incarnation: int) -> bool:
    return Exited(incarnation, ExitReport(exit_code=NOT_STARTED)) in world.told


def _has_outcome(world: World, incarnation: int) -> bool:
    return world.note_path(incarnation).exists() or _never_lived(world, incarnation)


def test_the_server_has_one_thread_and_no_descriptor_of_a_library(forking: World) -> None:
    forking.start("live")
    _next_life(forking)  # whose gate is the second socket
    process = Path(f"/proc/{_server(forking)}")
    assert len(os.listdir(process / "task")) == 1
    targets = [os.readlink(process / "fd" / name) for name in os.listdir(process / "fd") if int(name) > 2]
    assert sorted(target.split(":")[0] for target in targets) == ["pipe", "pipe", "socket", "socket"]


def test_lives_keep_their_pids_when_the_fork_server_is_killed_and_a_new_one_serves(forking: World) -> None:
    lives = [forking.start("live") for _ in range(3)]
    old = _kill_server(forking)
    assert facts_of(old) is None, "the dead fork server is reaped"
    assert all(is_alive(life.child) for life in lives)
    assert forking.note(forking.start("live").incarnation)["parent"] == _server(forking)
    assert not [event for event in forking.told if isinstance(event, Exited)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ends_are_reported_truly_after_the_fork_server_was_killed(forking: World, number: int) -> None:
    spawned = forking.start("live")
    _kill_server(forking)
    os.kill(spawned.child.pid, number)
    assert forking.exit_of(spawned.incarnation) == ExitReport(signal=int(number))
    assert facts_of(spawned.child.pid) is None


def test_grandchildren_die_with_a_life_whose_fork_server_was_killed(forking: World) -> None:
    group = forking.start("breed", kin="group")
    fled = forking.start("breed", kin="fled")
    _kill_server(forking)
    for life in (group, fled):
        os.kill(life.child.pid, signal.SIGKILL)
    offspring = [pid for life in (group, fled) for pid in forking.note(life.incarnation)["offspring"]]
    forking.until(lambda: all(facts_of(pid) is None for pid in offspring), "grandchildren are killed and reaped")


def test_a_burst_cut_off_by_the_death_of_the_server_makes_each_life_once(forking: World) -> None:
    forking.start("live")
    tickets = [forking.ticket("live") for _ in range(60)]
    for ticket in tickets:
        forking.launcher.spawn(ticket)
    forking.until(lambda: len([e for e in forking.told if isinstance(e, Spawned)]) >= 10, "some are born")
    _kill_server(forking)
    for ticket in tickets:
        spawned = forking.first(Spawned, ticket.incarnation)
        forking.until(partial(_has_outcome, forking, ticket.incarnation), "an outcome")
        if not _never_lived(forking, ticket.incarnation):
            assert forking.note(ticket.incarnation)["pid"] == spawned.child.pid
    assert len([event for event in forking.told if isinstance(event, Spawned)]) == 61
    assert len([event for event in forking.told if isinstance(event, Exited)]) <= 1, "the one that stood at the gate"
    assert not [event for event in forking.told if isinstance(event, SpawnFailed)]


def test_a_check_that_its_dying_server_left_at_the_gate_is_made_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"fork.told:1:{tmp_path / 'died'}")
    world = World(LAUNCHERS["forkserver"](), tmp_path)
    try:
        world.launcher.check("q", RowFacts(bot_id=1), "not an object")
        world.until(lambda: [event for event in world.told if isinstance(event, Checked)], "the answer")
        (answer,) = (event for event in world.told if isinstance(event, Checked))
        assert answer.failure is None
        assert answer.problems
        assert (tmp_path / "died").exists()
    finally:
        world.launcher.close()
        become_subreaper(False)


def test_what_waits_for_a_server_that_is_killed_while_starting_is_done_by_the_next_one(tmp_path: Path) -> None:
    world = World(LAUNCHERS["forkserver"](), tmp_path)
    try:
        os.kill(_server(world), signal.SIGKILL)
        world.launcher.check("q", RowFacts(bot_id=1), "not an object")
        world.until(lambda: [event for event in world.told if isinstance(event, Checked)], "the answer")
        (answer,) = (event for event in world.told if isinstance(event, Checked))
        assert answer.failure is None
    finally:
        world.launcher.close()
        become_subreaper(False)


def test_a_request_to_a_dying_server_is_served_by_the_next_one(forking: World) -> None:
    forking.start("live")
    os.kill(_server(forking), signal.SIGKILL)
    assert forking.start("exit", code=5)
    assert forking.exit_of(2).exit_code == 5


def test_a_refreshed_server_takes_over_and_the_old_one_leaves_with_its_last_life(forking: World) -> None:
    old_life = forking.start("live")
    old = _server(forking)
    forking.launcher.refresh()  # type: ignore[attr-defined]
    forking.until(lambda: _server(forking) != old, "the fresh server is ready")
    new_life = forking.start("live")
    assert forking.note(new_life.incarnation)["parent"] == _server(forking)
    assert is_alive(old_life.child)
    assert facts_of(old) is not None
    os.kill(old_life.child.pid, signal.SIGKILL)
    assert forking.exit_of(old_life.incarnation).signal == signal.SIGKILL
    forking.until(lambda: facts_of(old) is None, "the old server leaves and is reaped")
    assert is_alive(new_life.child)


def test_a_server_that_cannot_start_fails_the_requests_and_is_tried_again_at_growing_distance(tmp_path: Path) -> None:
    world = World(ForkServerLauncher(command=(sys.executable, "-c", "raise SystemExit(9)")), tmp_path)
    try:
        for _ in range(3):
            ticket = world.ticket("live")
            world.launcher.spawn(ticket)
            failed = world.first(SpawnFailed, ticket.incarnation)
            assert "exit code 9 while starting" in failed.reason
        assert world.launcher.wake_at() is not None
    finally:
        world.launcher.close()
        become_subreaper(False)


def test_closing_leaves_the_lives_alone_and_the_server_goes(tmp_path: Path, forking: World) -> None:
    spawned = forking.start("live")
    server = _server(forking)
    forking.launcher.close()
    assert facts_of(server) is None
    assert is_alive(spawned.child)
    os.killpg(spawned.child.pid, signal.SIGKILL)
    os.waitpid(spawned.child.pid, 0)
    forking.told.append(Exited(spawned.incarnation, ExitReport()))


def test_the_server_leaves_when_its_supervisor_dies() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            server = subprocess.Popen(
                [sys.executable, "-m", "worker.forkserver", "--socket", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
            )
        assert isinstance(decode_answer(ours.makefile("rb").readline()), Ready)
    assert server.wait(PATIENCE) == 0


def test_a_request_that_is_not_understood_is_refused_and_harms_nobody(forking: World) -> None:
    life = forking.start("live")
    forking.launcher._current._socket.send(REQUEST.pack(b"?", 999))  # type: ignore[attr-defined]
    assert forking.start("exit", code=0)
    assert is_alive(life.child)


def test_a_server_with_a_second_thread_refuses_to_fork(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    command = ("env", f"PYTHONPATH={tmp_path}", sys.executable, "-m", "worker.forkserver")
    world = World(ForkServerLauncher(command=command, preload=["threaded"]), tmp_path)
    try:
        ticket = world.ticket("live")
        world.launcher.spawn(ticket)
        assert "has 2 threads" in world.first(SpawnFailed, ticket.incarnation).reason
    finally:
        world.launcher.close()
        become_subreaper(False)


def test_a_server_that_may_make_no_more_processes_says_so(tmp_path: Path) -> None:
    (tmp_path / "limited.py").write_text(
        "import os, resource\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\n"
        "os.getuid() or os.setuid(65534)  # no limit holds for root\n"
    )
    command = ("env", f"PYTHONPATH={tmp_path}", sys.executable, "-m", "worker.forkserver")
    world = World(ForkServerLauncher(command=command, preload=["limited"]), tmp_path)
    try:
        ticket = world.ticket("live")
        world.launcher.spawn(ticket)
        assert "limit on processes" in world.first(SpawnFailed, ticket.incarnation).reason
    finally:
        world.launcher.close()
        become_subreaper(False)


def test_a_module_that_cannot_be_preloaded_is_named_and_stops_nobody() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "worker.forkserver",
                "--socket",
                str(theirs.fileno()),
                "--preload",
                "no_such_module_",
            ],
            pass_fds=(theirs.fileno(),),
        )
        ready = decode_answer(ours.makefile("rb").readline())
    assert isinstance(ready, Ready)
    assert "ModuleNotFoundError" in ready.broken["no_such_module_"]
    server.wait(PATIENCE)


def test_a_server_that_the_system_does_not_start_fails_the_requests_with_the_reason(tmp_path: Path) -> None:
    world = World(ForkServerLauncher(command=(str(tmp_path / "nowhere"),)), tmp_path)
    try:
        for _ in range(2):
            ticket = world.ticket("live")
            world.launcher.spawn(ticket)
            reason = world.first(SpawnFailed, ticket.incarnation).reason
            assert reason == "the fork server cannot be started: No such file or directory"
        assert world.launcher.wake_at() is not None, "it is tried again"
    finally:
        world.launcher.close()
        become_subreaper(False)


@pytest.mark.parametrize("noticed_by", ["a request", "a death"])
def test_a_server_that_was_stopped_is_replaced_and_its_lives_go_on(tmp_path: Path, noticed_by: str) -> None:
    command = (sys.executable, str(STAND_IN), "forkserver")
    world = World(ForkServerLauncher(command=command, answer_seconds=0.3), tmp_path)
    try:
        before, victim = world.start("live"), world.start("live")
        frozen = _server(world)
        os.kill(frozen, signal.SIGSTOP)
        if noticed_by == "a death":
            os.kill(victim.child.pid, signal.SIGTERM)
            assert world.exit_of(victim.incarnation) == ExitReport(signal=signal.SIGTERM)
        after = world.start("live")
        assert world.note(after.incarnation)["parent"] == _server(world) != frozen
        assert is_alive(before.child)
        assert facts_of(frozen) is None, "the old one is gone and reaped"
    finally:
        world.kill_everything()
        world.launcher.close()
        become_subreaper(False)


def test_births_and_deaths_that_are_told_in_one_breath_are_both_heard(forking: World) -> None:
    forking.start("exit", code=0)
    tickets = [forking.ticket("exit", code=3) for _ in range(20)]
    for ticket in tickets:
        forking.launcher.spawn(ticket)
    notes = [forking.note_path(ticket.incarnation) for ticket in tickets]
    wait_until("the lives begin", lambda: all(note.exists() for note in notes))
    for ticket in tickets:
        assert forking.first(Spawned, ticket.incarnation).child.pid > 0
        assert forking.exit_of(ticket.incarnation).exit_code == 3


def test_a_life_is_led_by_the_child_that_waited_and_another_one_waits_then(forking: World) -> None:
    forking.start("live")
    waiting = _next_life(forking)
    spawned = forking.start("live")
    assert forking.note(spawned.incarnation)["pid"] == spawned.child.pid == waiting
    assert _next_life(forking) != waiting


def test_a_life_is_the_same_whether_its_process_was_made_in_advance_or_for_it(forking: World) -> None:
    before = _next_life_after_start(forking)
    advance, direct = forking.ticket("live"), forking.ticket("live")
    forking.launcher.spawn(advance)
    forking.launcher.spawn(direct)
    notes = [forking.note(ticket.incarnation) for ticket in (advance, direct)]
    assert notes[0]["pid"] == before != notes[1]["pid"]
    for note in notes:
        assert note["group"] == note["session"] == note["pid"]
        assert (note["parent"], note["threads"], note["blocked"]) == (_server(forking), 1, [])
    files = [[Path(target).name for target in note["files"].values()] for note in notes]
    assert files[0] == files[1]


def test_a_waiting_child_that_is_killed_costs_nobody_a_life(forking: World) -> None:
    waiting = _next_life_after_start(forking)
    os.kill(waiting, signal.SIGKILL)
    forking.until(lambda: facts_of(waiting) is None, "it is reaped")
    assert is_alive(forking.start("live").child)
    assert _next_life(forking) != waiting
    assert not [event for event in forking.told if isinstance(event, Exited)]


def test_a_server_that_leaves_has_buried_the_child_that_waited(forking: World) -> None:
    life, waiting = forking.start("live"), _next_life(forking)
    forking.launcher.close()
    assert facts_of(waiting) is None
    os.killpg(life.child.pid, signal.SIGKILL)
    os.waitpid(life.child.pid, 0)
    forking.told.append(Exited(life.incarnation, ExitReport()))


def test_a_waiting_child_leaves_with_its_server(forking: World) -> None:
    waiting = _next_life_after_start(forking)
    _kill_server(forking)
    forking.until(lambda: facts_of(waiting) is None, "the child that waited is gone and reaped")


def test_the_first_life_at_an_exchange_and_its_successors_share_the_client_that_was_imported_for_it(
    forking: World,
) -> None:
    made_before_the_import = _next_life_after_start(forking)
    for _ in range(2):
        exchange = ExchangeTicket(exchange="binance", mode="public", bucket_dir=forking.folder)
        ticket = forking.ticket("live").model_copy(update={"exchange": exchange})
        forking.launcher.spawn(ticket)
        note = forking.note(ticket.incarnation)
        assert note["client"], "the client was there when the life began"
        assert note["pid"] != made_before_the_import
        _next_life(forking)
    assert facts_of(made_before_the_import) is None


def _next_life_after_start(world: World) -> int:
    world.start("live")
    return _next_life(world)
