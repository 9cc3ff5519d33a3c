"""One life from ticket to exit code, as a real process: how it may end, and what it says when it does."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import a_bot, a_csv, a_rise_then_a_dip
from lives_world import Lives

from common.exit_status import ExitStatus
from common.wire.facts import Checkpoint
from common.wire.messages import Drain, Heartbeat, Hello, Pause
from common.wire.ticket import Recovery
from worker.lock import LifeLock
from worker.ownership import newer


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    folder = Path(tempfile.mkdtemp(prefix="bv-"))
    (folder / "run").mkdir(mode=0o700)
    world = Lives(folder)
    yield world
    world.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def endless() -> dict[str, Any]:
    """A bot on a market that goes on."""
    return a_bot(data={"speed": 60})


@pytest.fixture
def short_file(tmp_path: Path) -> dict[str, Any]:
    """A bot on a file with one dip to buy and bars enough to sell again."""
    after = [93.0 + 0.1 * number for number in range(20)]
    return a_bot(a_csv(tmp_path / "bars.csv", a_rise_then_a_dip(after=after)))


def test_a_life_that_comes_to_the_end_of_its_file_delivers_everything_and_has_finished(
    lives: Lives, short_file: dict[str, Any]
) -> None:
    ticket = lives.begin(short_file)
    assert lives.end(ticket).exit_code == ExitStatus.FINISHED
    goodbye = lives.goodbye(ticket)
    assert goodbye is not None
    assert goodbye.cause == "finished"
    kinds = {fact.kind for fact in lives.facts[ticket.incarnation]}
    assert {"order", "fill", "trade"} <= kinds
    assert not ticket.places.pid_file.exists()


def test_a_life_says_who_it_is_and_what_it_does(lives: Lives, endless: dict[str, Any]) -> None:
    ticket = lives.trading(endless)
    hello, *_ = lives.heard[ticket.incarnation]
    assert isinstance(hello, Hello)
    assert (hello.incarnation, hello.pid, hello.generation) == (ticket.incarnation, lives.pid(ticket), "g")
    assert ticket.places.pid_file.read_text() == f"{hello.pid}\n"
    title = Path(f"/proc/{hello.pid}/cmdline").read_bytes()
    assert title.startswith(ticket.process_title.encode())
    os.kill(hello.pid, signal.SIGTERM)
    lives.end(ticket)


@pytest.mark.parametrize(("number", "cause"), [(signal.SIGTERM, "terminated"), (signal.SIGHUP, "hangup")])
def test_a_signal_ends_a_life_in_good_order(
    lives: Lives, endless: dict[str, Any], number: signal.Signals, cause: str
) -> None:
    ticket = lives.trading(endless)
    os.kill(lives.pid(ticket), number)
    assert lives.end(ticket).exit_code == ExitStatus.OK
    goodbye = lives.goodbye(ticket)
    assert goodbye is not None
    assert (goodbye.cause, goodbye.detail) == (cause, number.name)
    assert not ticket.places.pid_file.exists()


def test_a_drain_ends_a_life_with_its_reason(lives: Lives, endless: dict[str, Any]) -> None:
    ticket = lives.trading(endless)
    lives.router.send(ticket.incarnation, Drain(apply_on_stop=False, reason="its config changed"))
    assert lives.end(ticket).exit_code == ExitStatus.OK
    goodbye = lives.goodbye(ticket)
    assert goodbye is not None
    assert (goodbye.cause, goodbye.detail) == ("drained", "its config changed")


def test_the_first_cause_of_an_end_stands(lives: Lives, endless: dict[str, Any]) -> None:
    ticket = lives.trading(endless)
    os.kill(lives.pid(ticket), signal.SIGSTOP)
    os.kill(lives.pid(ticket), signal.SIGHUP)
    os.kill(lives.pid(ticket), signal.SIGCONT)
    os.kill(lives.pid(ticket), signal.SIGTERM)
    assert lives.end(ticket).exit_code == ExitStatus.OK
    assert lives.goodbye(ticket) is not None


def test_signals_that_a_terminal_or_a_tool_sends_end_nothing(lives: Lives, endless: dict[str, Any]) -> None:
    ticket = lives.trading(endless)
    pid = lives.pid(ticket)
    for _ in range(100):
        for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
            os.kill(pid, number)
        lives.listen(0.001)
    output = ticket.places.output_file
    lives.until(lambda: "Thread 0x" in output.read_text(), "the stacks are dumped")
    assert "most recent call first" in output.read_text()
    before = len(lives.heard[ticket.incarnation])
    lives.until(lambda: len(lives.heard[ticket.incarnation]) > before, "it goes on")
    os.kill(pid, signal.SIGTERM)
    assert lives.end(ticket).exit_code == ExitStatus.OK


def test_a_pause_is_obeyed_and_told(lives: Lives, endless: dict[str, Any]) -> None:
    def paused() -> bool:
        beats = [message for message in lives.heard[ticket.incarnation] if isinstance(message, Heartbeat)]
        return bool(beats) and beats[-1].paused

    ticket = lives.trading(endless)
    lives.router.send(ticket.incarnation, Pause(paused=True))
    lives.until(paused, "the heartbeat says paused")
    lives.router.send(ticket.incarnation, Pause(paused=False))
    lives.until(lambda: not paused(), "the heartbeat says no more that it is paused")
    os.kill(lives.pid(ticket), signal.SIGTERM)
    lives.end(ticket)


@pytest.mark.parametrize(
    "wrong",
    [
        {"broker": {"cash": "much"}},
        {"strategy": {"parameters": {"entry_logic": {"name": "NoSuchMixin", "params": {}}}}},
        {"data": {"data_source": "file", "file_path": "/no/such/file.csv"}},
    ],
    ids=["structure", "mixin", "file"],
)
def test_a_config_that_cannot_run_is_hopeless_and_says_why(lives: Lives, wrong: dict[str, Any]) -> None:
    ticket = lives.begin(a_bot(**wrong))
    assert lives.end(ticket).exit_code == ExitStatus.BAD_SPEC, lives.log(ticket)
    goodbye = lives.goodbye(ticket)
    assert goodbye is not None
    assert goodbye.cause == "bad_spec"
    assert goodbye.detail
    assert any(goodbye.detail in message for message in lives.messages(ticket))


def test_a_second_life_of_a_bot_leaves_at_once(lives: Lives, endless: dict[str, Any]) -> None:
    ticket = lives.ticket(endless)
    lives.router.admit(ticket.link.token, ticket.row.bot_id, ticket.incarnation)
    with LifeLock(ticket.places.state_dir, 999):
        lives.launcher.spawn(ticket)
        assert lives.end(ticket).exit_code == ExitStatus.LOCKED
    assert "999" in lives.log(ticket)
    assert lives.goodbye(ticket) is None
    assert not ticket.places.pid_file.exists()


def test_without_a_supervisor_a_life_ends_after_its_grace(lives: Lives, endless: dict[str, Any]) -> None:
    link = {"endpoint": f"ipc://{lives.folder}/run/nobody", "orphan_grace": 0.3, "heartbeat_interval": 0.05}
    ticket = lives.begin(endless, link=link)
    assert lives.end(ticket).exit_code == ExitStatus.ORPHANED
    assert "no supervisor" in lives.log(ticket)


def test_a_life_whose_io_thread_fails_at_its_start_does_not_go_on_alone(lives: Lives, endless: dict[str, Any]) -> None:
    ticket = lives.begin(endless, link={"heartbeat_interval": 1e300})  # no poll can wait that long
    assert lives.end(ticket).exit_code == ExitStatus.FAILED
    assert "the link to the supervisor failed" in lives.log(ticket)


def test_a_life_whose_journal_cannot_be_opened_fails_and_says_so(lives: Lives, endless: dict[str, Any]) -> None:
    ticket = lives.ticket(endless)
    ticket.places.state_dir.mkdir(parents=True)
    (ticket.places.state_dir / "journal").write_text("in the way")
    lives.launcher.spawn(ticket)
    assert lives.end(ticket).exit_code == ExitStatus.FAILED
    assert "This life could not begin" in lives.log(ticket)
    assert not ticket.places.pid_file.exists()


def test_a_life_whose_io_thread_fails_later_does_not_go_on_alone(lives: Lives) -> None:
    lives.answers = False
    try:
        ticket = lives.trading(a_bot(data={"speed": 6000}), link={"credit": 1})
        shutil.rmtree(ticket.places.state_dir / "journal")
        assert lives.end(ticket).exit_code == ExitStatus.FAILED
    finally:
        lives.answers = True
    assert "failed" in lives.log(ticket)


def test_the_next_life_goes_on_where_the_one_before_was_killed(lives: Lives, endless: dict[str, Any]) -> None:
    endless["data"]["speed"] = 12_000
    first = lives.trading(endless, bot_id=500)
    lives.until(lambda: any(f.kind == "trade" for f in lives.facts.get(first.incarnation, [])), "a trade is recorded")
    os.kill(lives.pid(first), signal.SIGKILL)
    assert lives.end(first).signal == signal.SIGKILL
    second = lives.trading(endless, bot_id=500)
    os.kill(lives.pid(second), signal.SIGTERM)
    assert lives.end(second).exit_code == ExitStatus.OK
    assert any(f"Life {second.incarnation} of Dip buyer begins after the bar of" in m for m in lives.messages(second))


def test_no_secret_of_a_life_is_in_its_files(lives: Lives, endless: dict[str, Any]) -> None:
    endless["broker"]["api_key"] = "a-very-secret-key"
    ticket = lives.trading(endless)
    os.kill(lives.pid(ticket), signal.SIGTERM)
    lives.end(ticket)
    for path in ticket.places.state_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert ticket.link.token.encode() not in content
            assert b"a-very-secret-key" not in content


def test_the_newer_of_two_checkpoints_is_the_one_with_the_higher_revision() -> None:
    low, high = (Checkpoint(revision=number, bar_at=None, state={}) for number in (1, 2))
    assert newer(low, high) is newer(high, low) is high
    assert newer(None, low) is newer(low, None) is low
    assert newer(None, None) is None


def test_a_bot_does_not_take_over_the_money_of_another_that_had_its_id(lives: Lives, endless: dict[str, Any]) -> None:
    foreign = Recovery(checkpoint=Checkpoint(revision=9, bar_at=None, state={"owner": "7-somebody-else"}))
    ticket = lives.ticket(endless).model_copy(update={"recovery": foreign})
    lives.router.admit(ticket.link.token, ticket.row.bot_id, ticket.incarnation)
    lives.launcher.spawn(ticket)
    assert lives.end(ticket).exit_code == ExitStatus.BAD_SPEC
    goodbye = lives.goodbye(ticket)
    assert goodbye is not None
    assert "7-somebody-else" in (goodbye.detail or "")
