"""When the next life may begin, by how the earlier ones ended."""

from __future__ import annotations

from typing import Any

import pytest

from common.error_class import ErrorClass
from supervisor.reconcile.exits import ExitCause, ExitView
from supervisor.reconcile.restarts import after_exit, bury, error_count, lift, unsettled_after
from supervisor.reconcile.states import LifePhase, LiveWorker, ObservedBot, Policy, RestartHistory

POLICY = Policy(restart_limit=5, kill_limit=3, kill_window=100.0, stable_after=50.0, backoff_cap=8.0)


def ended(cause: ExitCause, **changes: Any) -> ExitView:
    return ExitView(**{"cause": cause, "generation": "g1", "reached_running": True, **changes})


def fold(*exits: ExitView, policy: Policy = POLICY, jitter: float = 0.5, every: float = 1.0) -> RestartHistory:
    history = RestartHistory()
    for count, exit in enumerate(exits, start=1):
        history = after_exit(history, exit, policy, count * every, jitter)
    return history


@pytest.mark.parametrize("cause", [ExitCause.FAILED, ExitCause.CRASHED, ExitCause.WATCHDOG])
def test_failures_wait_longer_and_longer_until_the_verdict(cause: ExitCause) -> None:
    histories = [fold(*[ended(cause)] * count, every=0.0) for count in range(1, 6)]

    assert [history.next_start_at for history in histories] == [None, 1.0, 2.0, 4.0, None]
    assert [history.failures for history in histories] == [1, 2, 3, 4, 5]
    assert [history.verdict for history in histories[:4]] == [None] * 4
    assert histories[4].verdict == f"5 failures in a row; the last end: {cause}"


def test_jitter_moves_the_wait_by_a_quarter() -> None:
    failures = [ended(ExitCause.FAILED)] * 2

    assert fold(*failures, jitter=0.0, every=0.0).next_start_at == 0.75
    assert fold(*failures, jitter=0.999, every=0.0).next_start_at == pytest.approx(1.25, abs=0.001)


def test_a_stable_life_forgets_the_failures_before_it() -> None:
    history = fold(*[ended(ExitCause.FAILED)] * 4, ended(ExitCause.FAILED, healthy_for=50.0))

    assert (history.failures, history.next_start_at, history.verdict) == (1, None, None)


def test_a_new_generation_begins_with_a_clean_sheet() -> None:
    history = fold(*[ended(ExitCause.FAILED)] * 4, ended(ExitCause.FAILED, generation="g2"))

    assert (history.generation, history.failures, history.next_start_at) == ("g2", 1, None)


@pytest.mark.parametrize("cause", [ExitCause.KILLED, ExitCause.UNKNOWN])
def test_a_kill_from_outside_restarts_at_once_and_is_no_failure(cause: ExitCause) -> None:
    history = fold(ended(ExitCause.FAILED), ended(cause, recorded_progress=True))

    assert (history.failures, history.next_start_at, history.kills) == (1, None, (2.0,))


@pytest.mark.parametrize("cause", [ExitCause.KILLED, ExitCause.UNKNOWN])
def test_a_kill_before_any_progress_is_a_failure(cause: ExitCause) -> None:
    history = fold(*[ended(cause, reached_running=False)] * 2, every=0.0)

    assert (history.failures, history.next_start_at, history.kills) == (2, 1.0, ())


def test_too_many_kills_within_the_window_are_a_verdict() -> None:
    kill = ended(ExitCause.KILLED, recorded_progress=True)

    assert fold(kill, kill).verdict is None
    assert "killed from outside 3 times within 100 s" in (fold(kill, kill, kill).verdict or "")
    assert fold(kill, kill, kill, kill, every=60.0).verdict is None


def test_hopeless_exits_are_a_verdict_at_once_and_tell_why() -> None:
    history = fold(ended(ExitCause.HOPELESS, detail="unknown mixin Foo"))

    assert history.verdict == "a restart cannot cure it; the last end: hopeless: unknown mixin Foo"
    assert history.failures == 1


@pytest.mark.parametrize("cause", [ExitCause.LOCKED, ExitCause.UNBORN])
def test_lives_that_never_were_are_retried_for_ever_with_a_wait(cause: ExitCause) -> None:
    waits = [
        fold(*[ended(cause, reached_running=False)] * count, every=0.0).next_start_at for count in (1, 2, 3, 4, 50)
    ]

    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert fold(*[ended(cause)] * 50).verdict is None
    assert fold(*[ended(cause)] * 50).failures == 0


def test_a_finished_feed_is_the_end() -> None:
    history = fold(ended(ExitCause.FAILED), ended(ExitCause.FINISHED))

    assert history.finished
    assert (history.failures, history.verdict) == (1, None)


@pytest.mark.parametrize(
    "cause",
    [ExitCause.DRAINED, ExitCause.TERMINATED, ExitCause.HANGUP, ExitCause.ORPHANED, ExitCause.STUBBORN],
)
def test_ends_without_fault_restart_at_once_and_do_not_count(cause: ExitCause) -> None:
    history = fold(ended(ExitCause.FAILED), *[ended(cause)] * 20)

    assert (history.failures, history.next_start_at, history.verdict) == (1, None, None)


def test_ends_without_fault_before_running_wait_but_do_not_count() -> None:
    early = ended(ExitCause.TERMINATED, reached_running=False)

    waits = [fold(*[early] * count, every=0.0).next_start_at for count in (1, 2, 3)]

    assert waits == [None, 1.0, 2.0]
    assert fold(*[early] * 50).verdict is None


def test_ends_we_asked_for_never_wait() -> None:
    early = ended(ExitCause.DRAINED, reached_running=False, asked=True)

    assert fold(*[early] * 10).next_start_at is None


def test_a_settle_life_says_nothing_about_the_bot() -> None:
    before = fold(*[ended(ExitCause.FAILED)] * 2)

    assert after_exit(before, ended(ExitCause.FAILED, settle=True), POLICY, 9.0, 0.5) == before


@pytest.mark.parametrize(
    "exit",
    [
        ended(ExitCause.UNSETTLED),
        ended(ExitCause.UNSETTLED, settle=True),
        ended(ExitCause.KILLED, settle=True),
        ended(ExitCause.FAILED, settle=True, category=ErrorClass.NETWORK),
    ],
)
def test_what_the_exchange_owes_is_asked_for_again_with_growing_waits_and_is_no_failure(exit: ExitView) -> None:
    histories = [fold(*[exit] * times, every=0.0) for times in range(1, 7)]

    waits = [history.next_start_at or 0.0 for history in histories]
    assert waits[0] > 0
    assert waits == sorted(waits)
    assert [(history.failures, history.verdict) for history in histories] == [(0, None)] * 6


@pytest.mark.parametrize(
    ("before", "exit", "after"),
    [
        (False, ended(ExitCause.KILLED), True),
        (False, ended(ExitCause.STUBBORN), True),
        (False, ended(ExitCause.DRAINED), True),
        (True, ended(ExitCause.DRAINED, settled=True), False),
        (True, ended(ExitCause.FINISHED), False),
        (True, ended(ExitCause.ORPHANED), False),
        (False, ended(ExitCause.FAILED, reached_running=False), False),
        (True, ended(ExitCause.FAILED, reached_running=False), True),
        (True, ended(ExitCause.FAILED, settle=True), False),
        (True, ended(ExitCause.FAILED, settle=True, category=ErrorClass.EXCHANGE), True),
        (True, ended(ExitCause.KILLED, settle=True), True),
        (True, ended(ExitCause.STUBBORN, settle=True), False),
        (False, ended(ExitCause.UNSETTLED), True),
        (True, ended(ExitCause.UNSETTLED, settle=True), True),
        (True, ended(ExitCause.LOCKED, settle=True, reached_running=False), True),
        (True, ended(ExitCause.UNBORN, settle=True, reached_running=False), True),
    ],
)
def test_whether_the_stop_policy_is_still_owed(before: bool, exit: ExitView, after: bool) -> None:
    assert unsettled_after(before, exit) is after


def test_the_error_count_is_told_until_the_present_life_is_stable() -> None:
    history = fold(ended(ExitCause.FAILED), ended(ExitCause.FAILED))
    life = LiveWorker(
        incarnation=3,
        generation="g1",
        phase=LifePhase.RUNNING,
        started_at=10.0,
        phase_since=10.0,
        running_since=10.0,
        last_heard_at=10.0,
        last_progress_at=10.0,
    )

    assert error_count(history, None, POLICY, 11.0) == 2
    assert error_count(history, life, POLICY, 59.9) == 2
    assert error_count(history, life, POLICY, 60.0) == 0


def test_an_operators_request_forgets_quarantine_and_failures_but_not_what_is_owed() -> None:
    bot = ObservedBot(bot_id=1, history=fold(ended(ExitCause.HOPELESS)), quarantined_generation="g1", unsettled=True)

    assert lift(bot) == ObservedBot(bot_id=1, unsettled=True)


def test_burying_a_life_closes_its_books() -> None:
    life = LiveWorker(
        incarnation=3,
        generation="g1",
        phase=LifePhase.STARTING,
        started_at=10.0,
        phase_since=10.0,
        last_heard_at=10.0,
        last_progress_at=10.0,
    )

    buried = bury(ObservedBot(bot_id=1, worker=life), ended(ExitCause.CRASHED), POLICY, 20.0, 0.5)

    assert (buried.worker, buried.history.failures, buried.unsettled) == (None, 1, True)


def test_what_the_network_does_is_never_given_up_and_waits_a_minute_after_five_failures() -> None:
    failures = [ended(ExitCause.FAILED, category=ErrorClass.NETWORK)] * 7
    histories = [fold(*failures[:count], every=1.0) for count in range(1, 8)]

    assert [history.verdict for history in histories] == [None] * 7
    assert [history.next_start_at for history in histories] == [None, 3.0, 5.0, 8.0, 65.0, 65.0, 65.0]
    assert histories[-1].failures == 7


def test_a_stable_life_closes_the_circuit() -> None:
    failures = [ended(ExitCause.FAILED, category=ErrorClass.NETWORK)] * 5
    stable = ended(ExitCause.FAILED, category=ErrorClass.NETWORK, healthy_for=50.0)

    assert fold(*failures, stable).next_start_at is None
