"""Transitions of a life and of its stop."""

from __future__ import annotations

import itertools

import pytest

from supervisor.reconcile.actions import RUNG_OF, Action
from supervisor.reconcile.states import (
    LIFE_TRANSITIONS,
    RUNG_TRANSITIONS,
    BrokenTransition,
    LifePhase,
    LiveWorker,
    Policy,
    Rung,
    StopReason,
)

BORN = LiveWorker(
    incarnation=3,
    generation="g1",
    phase=LifePhase.STARTING,
    started_at=5.0,
    phase_since=5.0,
    last_heard_at=5.0,
    last_progress_at=5.0,
)


def test_a_life_starts_runs_and_stops() -> None:
    running = BORN.entered(LifePhase.RUNNING, 7.0)
    stopping = running.entered(LifePhase.STOPPING, 9.0)

    assert (running.phase_since, running.running_since, running.last_progress_at) == (7.0, 7.0, 7.0)
    assert (stopping.phase_since, stopping.running_since) == (9.0, 7.0)
    assert running.entered(LifePhase.RUNNING, 8.0) is running


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before, after in itertools.product(LifePhase, LifePhase)
        if before is not after and after not in LIFE_TRANSITIONS[before]
    ],
)
def test_a_life_never_goes_back(before: LifePhase, after: LifePhase) -> None:
    life = BORN if before is LifePhase.STARTING else BORN.entered(before, 6.0)

    with pytest.raises(BrokenTransition, match=f"from {before} to {after}"):
        life.entered(after, 7.0)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Rung, Rung)))
def test_the_stop_ladder_is_only_climbed(before: Rung, after: Rung) -> None:
    life = BORN.climbed(before, 6.0, StopReason.OFF, apply_on_stop=True)

    if after not in RUNG_TRANSITIONS[before]:
        with pytest.raises(BrokenTransition):
            life.climbed(after, 7.0, StopReason.OFF)
        return
    stop = life.climbed(after, 7.0, StopReason.HUNG).stop
    assert stop is not None
    assert (stop.rung, stop.since, stop.reason, stop.apply_on_stop) == (after, 7.0, StopReason.OFF, True)


def test_hearing_never_moves_time_back() -> None:
    life = BORN.heard(9.0, 8.0).heard(7.0, 6.0).heard(8.0)

    assert (life.last_heard_at, life.last_progress_at) == (9.0, 8.0)


def test_each_rung_has_a_grace_and_an_action() -> None:
    policy = Policy(drain_grace=4.0, term_grace=3.0, abort_grace=2.0, heartbeat_interval=5.0, misses=3)

    assert [policy.grace_of(rung) for rung in Rung] == [4.0, 3.0, 2.0, 2.0]
    assert policy.silence_limit == 15.0
    assert sorted(RUNG_OF.values()) == list(Rung)
    assert set(RUNG_OF) < set(Action.__args__)
