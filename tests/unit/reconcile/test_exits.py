"""What an exit code, a signal, the last words and our own ladder say together."""

from __future__ import annotations

import pytest

from common.exit_status import ExitStatus
from common.wire.launch import NOT_STARTED
from supervisor.reconcile.exits import ExitCause, cause_of, view_exit
from supervisor.reconcile.states import LifePhase, LiveWorker, Rung, StopLadder, StopReason


def ladder(rung: Rung, reason: StopReason = StopReason.OFF, *, apply_on_stop: bool = False) -> StopLadder:
    return StopLadder(rung=rung, since=0.0, reason=reason, apply_on_stop=apply_on_stop)


@pytest.mark.parametrize(
    ("code", "goodbye", "stop", "cause"),
    [
        (0, "drained", None, ExitCause.DRAINED),
        (0, "hangup", None, ExitCause.HANGUP),
        (0, "terminated", None, ExitCause.TERMINATED),
        (0, None, None, ExitCause.FAILED),
        (0, None, ladder(Rung.DRAIN), ExitCause.DRAINED),
        (ExitStatus.FINISHED, "finished", None, ExitCause.FINISHED),
        (ExitStatus.FINISHED, None, ladder(Rung.DRAIN), ExitCause.FINISHED),
        (ExitStatus.BAD_SPEC, "bad_spec", None, ExitCause.HOPELESS),
        (ExitStatus.BAD_CREDENTIALS, None, None, ExitCause.HOPELESS),
        (ExitStatus.LOCKED, "locked", None, ExitCause.LOCKED),
        (ExitStatus.ORPHANED, "orphaned", None, ExitCause.ORPHANED),
        (ExitStatus.FAILED, "failed", None, ExitCause.FAILED),
        (ExitStatus.FAILED, "drained", ladder(Rung.DRAIN), ExitCause.FAILED),
        (2, None, None, ExitCause.FAILED),
        (NOT_STARTED, None, None, ExitCause.UNBORN),
        (1, None, ladder(Rung.ABORT, StopReason.HUNG), ExitCause.WATCHDOG),
        (0, "drained", ladder(Rung.DRAIN, StopReason.MEMORY), ExitCause.WATCHDOG),
        (0, None, ladder(Rung.TERMINATE, StopReason.UNHEALTHY), ExitCause.WATCHDOG),
        (ExitStatus.FINISHED, "finished", ladder(Rung.DRAIN, StopReason.MEMORY), ExitCause.FINISHED),
        (None, "drained", ladder(Rung.DRAIN, StopReason.UNHEALTHY), ExitCause.WATCHDOG),
        (None, "finished", ladder(Rung.DRAIN, StopReason.UNHEALTHY), ExitCause.FINISHED),
        (None, "finished", None, ExitCause.FINISHED),
        (None, "hangup", None, ExitCause.HANGUP),
        (None, None, None, ExitCause.UNKNOWN),
        (None, None, ladder(Rung.KILL, StopReason.SILENT), ExitCause.WATCHDOG),
        (None, None, ladder(Rung.KILL, StopReason.OFF), ExitCause.STUBBORN),
    ],
)
def test_cause_of_an_exit_code(
    code: int | None, goodbye: str | None, stop: StopLadder | None, cause: ExitCause
) -> None:
    assert cause_of(code, None, goodbye, stop) is cause


@pytest.mark.parametrize(
    ("signal", "stop", "cause"),
    [
        (9, None, ExitCause.KILLED),
        (9, ladder(Rung.DRAIN), ExitCause.KILLED),
        (9, ladder(Rung.ABORT, StopReason.HUNG), ExitCause.KILLED),
        (9, ladder(Rung.KILL), ExitCause.STUBBORN),
        (9, ladder(Rung.KILL, StopReason.SILENT), ExitCause.WATCHDOG),
        (15, None, ExitCause.TERMINATED),
        (15, ladder(Rung.TERMINATE), ExitCause.STUBBORN),
        (1, None, ExitCause.HANGUP),
        (6, None, ExitCause.CRASHED),
        (6, ladder(Rung.ABORT, StopReason.HUNG), ExitCause.WATCHDOG),
        (6, ladder(Rung.ABORT), ExitCause.STUBBORN),
        (11, None, ExitCause.CRASHED),
        (11, ladder(Rung.DRAIN), ExitCause.CRASHED),
    ],
)
def test_cause_of_a_signal(signal: int, stop: StopLadder | None, cause: ExitCause) -> None:
    assert cause_of(None, signal, "drained", stop) is cause


def life(stop: StopLadder | None = None, running_since: float | None = 12.0) -> LiveWorker:
    return LiveWorker(
        incarnation=5,
        generation="g1",
        phase=LifePhase.RUNNING,
        started_at=10.0,
        phase_since=12.0,
        running_since=running_since,
        last_heard_at=20.0,
        last_progress_at=20.0,
        recorded_progress=True,
        stop=stop,
    )


def test_the_view_of_an_exit_tells_health_and_whose_will_it_was() -> None:
    view = view_exit(life(), ExitCause.FAILED, 30.0, "ValueError: no")

    assert (view.healthy_for, view.reached_running, view.recorded_progress) == (18.0, True, True)
    assert (view.asked, view.settled, view.detail) == (False, False, "ValueError: no")
    assert view_exit(life(running_since=None), ExitCause.FAILED, 30.0).healthy_for == 0.0


def test_only_a_drain_with_the_stop_policy_that_was_heeded_settles() -> None:
    told = ladder(Rung.DRAIN, apply_on_stop=True)

    assert view_exit(life(told), ExitCause.DRAINED, 30.0).settled
    assert not view_exit(life(told), ExitCause.STUBBORN, 30.0).settled
    assert not view_exit(life(ladder(Rung.DRAIN)), ExitCause.DRAINED, 30.0).settled


def test_a_stop_for_its_own_fault_was_not_asked_for() -> None:
    assert view_exit(life(ladder(Rung.DRAIN, StopReason.GENERATION)), ExitCause.DRAINED, 30.0).asked
    assert not view_exit(life(ladder(Rung.ABORT, StopReason.HUNG)), ExitCause.WATCHDOG, 30.0).asked
