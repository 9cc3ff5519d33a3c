"""What every launcher promises, tried on real processes."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest
from launcher_world import World

from common.exit_status import ExitStatus
from common.process import facts_of
from common.wire.ticket import RowFacts
from supervisor.processes import signals
from supervisor.processes.child import is_alive
from supervisor.processes.port import Checked, Exited, ExitReport, ProcessIdentity, Spawned, SpawnFailed


@pytest.mark.parametrize("code", [0, 78, *(pytest.param(code, marks=pytest.mark.slow) for code in (1, 64, 255))])
def test_an_exit_code_is_reported_as_it_was(world: World, code: int) -> None:
    spawned = world.start("exit", code=code)
    assert world.exit_of(spawned.incarnation) == ExitReport(exit_code=code)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
def test_a_deadly_signal_is_reported_as_it_was(world: World, number: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    spawned = world.start("signal", number=int(number))
    assert world.exit_of(spawned.incarnation) == ExitReport(signal=int(number))


def test_an_exception_that_escapes_is_a_failure_with_its_trace_in_the_output(world: World) -> None:
    spawned = world.start("raise", text="the moon is full")
    assert world.exit_of(spawned.incarnation).exit_code == ExitStatus.FAILED
    assert "RuntimeError: the moon is full" in (world.folder / "bot-1" / "output").read_text()


def test_a_life_leads_its_own_group_and_session_with_default_signals_and_no_threads(world: World) -> None:
    spawned = world.start("live")
    note = world.note(spawned.incarnation)
    assert note["pid"] == note["group"] == note["session"] == spawned.child.pid
    assert note["blocked"] == []
    assert note["threads"] == 1


def test_a_life_is_titled_and_writes_to_its_own_output(world: World) -> None:
    note = world.note(world.start("live").incarnation)
    assert note["arguments"].rstrip("\0").startswith("botvisor: bot 1 stand-in")
    output = str(world.folder / "bot-1" / "output")
    assert (note["files"]["0"], note["files"]["1"], note["files"]["2"]) == (os.devnull, output, output)


def test_no_trace_of_a_ticket_is_left_where_a_sibling_could_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTVISOR_DATABASE_URL", "postgresql://user:hush-database@host/db")
    world.start("live")
    second = world.start("live")
    note = world.note(second.incarnation)
    assert not [target for target in note["files"].values() if "memfd" in target or "botvisor" in target]
    for event in [e for e in world.told if isinstance(e, Spawned)]:
        process = Path(f"/proc/{event.child.pid}")
        assert b"hush" not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert not [value for value in note["environment"].values() if "hush-1" in value or "hush-2" in value]


def test_a_life_holds_no_descriptor_but_its_streams_and_its_lock(world: World) -> None:
    note = world.note(world.start("live").incarnation)
    own = {number: target for number, target in note["files"].items() if int(number) > 2}
    own = {number: target for number, target in own.items() if not target.startswith("/proc/") and target}
    assert list(own.values()) == [str(world.folder / "bot-1" / "life.lock")]


def test_a_second_life_of_a_bot_is_locked_out_and_the_first_one_keeps_its_pid_file(world: World) -> None:
    first = world.start("live", bot=7)
    ticket = world.ticket("live", bot=7)
    world.launcher.spawn(ticket)
    assert world.exit_of(ticket.incarnation).exit_code == ExitStatus.LOCKED
    assert (world.folder / "7.pid").read_text() == f"{first.child.pid}\n"


def test_a_killed_life_frees_its_lock(world: World) -> None:
    first = world.start("live", bot=7)
    os.kill(first.child.pid, signal.SIGKILL)
    world.exit_of(first.incarnation)
    assert world.start("exit", bot=7, code=3).incarnation
    assert world.exit_of(2).exit_code == 3


def test_grandchildren_in_the_group_die_with_a_crashed_life(world: World) -> None:
    spawned = world.start("breed", kin="group")
    offspring = world.note(spawned.incarnation)["offspring"]
    assert [pid for pid in offspring if facts_of(pid) is None] == []
    os.kill(spawned.child.pid, signal.SIGKILL)
    world.until(lambda: all(_gone(pid) for pid in offspring), "grandchildren die")


def test_grandchildren_that_fled_the_group_die_with_their_life_while_another_lives(world: World) -> None:
    other = world.start("breed", kin="fled")
    spawned = world.start("breed", kin="fled")
    os.kill(spawned.child.pid, signal.SIGKILL)
    fled = world.note(spawned.incarnation)["offspring"]
    world.until(lambda: all(facts_of(pid) is None for pid in fled), "fled grandchildren are killed and reaped")
    assert not [pid for pid in world.note(other.incarnation)["offspring"] if _gone(pid)]


@pytest.mark.slow
def test_two_hundred_kills_leave_no_zombie_and_no_descriptor(forking: World) -> None:
    forking.start("live")
    before = _open_files(os.getpid()), _open_files(_server(forking))
    for _ in range(200):
        spawned = forking.start("live", bot=99)
        os.kill(spawned.child.pid, signal.SIGKILL)
        assert forking.exit_of(spawned.incarnation).signal == signal.SIGKILL
        assert facts_of(spawned.child.pid) is None
    assert (_open_files(os.getpid()), _open_files(_server(forking))) == before


def test_fresh_interpreters_that_are_killed_leave_no_zombie_and_no_descriptor(world: World) -> None:
    world.start("live")
    before = _open_files(os.getpid())
    for _ in range(5):
        spawned = world.start("live", bot=99)
        os.kill(spawned.child.pid, signal.SIGKILL)
        world.exit_of(spawned.incarnation)
        assert facts_of(spawned.child.pid) is None
    assert _open_files(os.getpid()) == before


def test_a_hundred_lives_are_asked_for_at_once(forking: World) -> None:
    tickets = [forking.ticket("live") for _ in range(100)]
    for ticket in tickets:
        forking.launcher.spawn(ticket)
    forking.until(lambda: len([e for e in forking.told if isinstance(e, Spawned)]) == 100, "all are born")
    assert len({e.child for e in forking.told if isinstance(e, Spawned)}) == 100
    for ticket in tickets:
        assert forking.note(ticket.incarnation)["pid"] == forking.first(Spawned, ticket.incarnation).child.pid


def test_a_stopped_life_dies_of_abort_with_its_stacks_dumped(world: World) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    spawned = world.start("live")
    os.kill(spawned.child.pid, signal.SIGSTOP)
    world.until(lambda: _state(spawned.child.pid) == "T", "the life is stopped")
    assert signals.abort(spawned.child)
    assert world.exit_of(spawned.incarnation).signal == signal.SIGABRT
    output = (world.folder / "bot-1" / "output").read_text()
    assert "Fatal Python error: Aborted" in output
    assert "_obey" in output


def test_a_stopped_life_that_ignores_term_is_killed_with_its_group(world: World) -> None:
    spawned = world.start("ignore_term")
    os.kill(spawned.child.pid, signal.SIGSTOP)
    assert signals.terminate(spawned.child)
    assert is_alive(spawned.child)
    assert signals.kill(spawned.child)
    assert world.exit_of(spawned.incarnation).signal == signal.SIGKILL


def test_a_signal_never_reaches_a_process_that_got_the_number_later(world: World) -> None:
    spawned = world.start("live")
    earlier = ProcessIdentity(spawned.child.pid, spawned.child.create_time - 1)
    assert not is_alive(earlier)
    assert not any(act(earlier) for act in (signals.terminate, signals.hang_up, signals.abort, signals.kill))
    signals.kill_remnants(earlier)
    assert is_alive(spawned.child)


def test_a_config_is_checked_elsewhere_and_its_problems_come_back(world: World) -> None:
    world.launcher.check("q1", RowFacts(bot_id=1), "not an object")
    answer = _checked(world, "q1")
    assert answer.failure is None
    assert [problem["severity"] for problem in answer.problems or ()] == ["error"]


def test_a_check_that_hangs_ends_at_its_time_limit(world: World, tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "sleepy.py").write_text("while True:\n    pass\n")
    config = {
        "id": "x",
        "symbol": "ETHBTC",
        "broker": {"type": "paper", "trading_mode": "paper", "cash": 1000},
        "data": {"data_source": "simulated", "interval": "1m"},
        "strategy": {"type": "sleepy", "parameters": {}},
    }
    world.launcher.check("q2", RowFacts(bot_id=1), config, (plugins,))
    assert "time limit" in str(_checked(world, "q2").failure)


def test_a_life_that_cannot_open_its_output_fails_and_says_why(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    (world.folder / "bot-1").write_text("a file where the folder should be")
    ticket = world.ticket("live")
    world.launcher.spawn(ticket)
    assert world.exit_of(ticket.incarnation).exit_code == ExitStatus.FAILED


def test_every_request_gets_its_answers_in_order(world: World) -> None:
    tickets = [world.ticket("exit", code=number % 3) for number in range(10)]
    for ticket in tickets:
        world.launcher.spawn(ticket)
    for ticket in tickets:
        world.exit_of(ticket.incarnation)
        kinds = [type(e) for e in world.told if not isinstance(e, Checked) and e.incarnation == ticket.incarnation]
        assert kinds == [Spawned, Exited]
    assert not [e for e in world.told if isinstance(e, SpawnFailed)]


def _checked(world: World, request_id: str) -> Checked:
    def found() -> Checked | None:
        return next((e for e in world.told if isinstance(e, Checked) and e.request_id == request_id), None)

    world.until(found, "the check is answered")
    answer = found()
    assert answer is not None
    return answer


def _gone(pid: int) -> bool:
    facts = facts_of(pid)
    return facts is None or facts.dead


def _state(pid: int) -> str | None:
    facts = facts_of(pid)
    return None if facts is None else facts.state


def _open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _server(world: World) -> int:
    pid = world.launcher.server_pid  # type: ignore[attr-defined]
    assert isinstance(pid, int)
    return pid
