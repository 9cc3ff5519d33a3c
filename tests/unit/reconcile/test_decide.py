"""Single decisions, written out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from supervisor.reconcile.actions import Abort, Action, Drain, Kill, Pause, Quarantine, Refuse, Spawn, Terminate
from supervisor.reconcile.decide import decide, next_deadline
from supervisor.reconcile.states import (
    DesiredBot,
    LifePhase,
    LiveWorker,
    ObservedBot,
    Policy,
    RestartHistory,
    Rung,
    StopReason,
)

POLICY = Policy(drain_grace=10.0, term_grace=5.0, abort_grace=2.0, start_timeout=30.0)
LIFE = LiveWorker(
    incarnation=3,
    generation="g1",
    phase=LifePhase.RUNNING,
    started_at=0.0,
    phase_since=0.0,
    running_since=0.0,
    last_heard_at=100.0,
    last_progress_at=100.0,
)
ON = DesiredBot(bot_id=1, on=True, generation="g1")
OFF = DesiredBot(bot_id=1, on=False, generation="g1")


def plan(want: DesiredBot | None, have: ObservedBot | None, now: float = 100.0, **flags: Any) -> list[Action]:
    desired, observed = {1: want} if want else {}, {1: have} if have else {}
    return decide(desired, observed, flags.pop("policy", POLICY), now, **flags)


def alive(**changes: Any) -> ObservedBot:
    return ObservedBot(bot_id=1, worker=replace(LIFE, **changes))


def test_a_wanted_bot_without_a_life_is_spawned_and_one_with_its_life_is_left_in_peace() -> None:
    assert plan(ON, None) == [Spawn(bot_id=1, generation="g1")]
    assert plan(ON, alive()) == []


@pytest.mark.parametrize("want", [OFF, None])
def test_a_bot_that_is_off_or_has_no_row_any_more_is_drained_for_good(want: DesiredBot | None) -> None:
    assert plan(want, alive()) == [Drain(bot_id=1, incarnation=3, apply_on_stop=True, reason=StopReason.OFF)]


@pytest.mark.parametrize(
    ("want", "reason"),
    [
        (replace(ON, generation="g2"), StopReason.GENERATION),
        (replace(ON, restart_token=3), StopReason.RESTART),
        (replace(OFF, apply_on_stop=False), StopReason.OFF),
    ],
)
def test_a_life_that_is_only_replaced_or_let_go_keeps_its_positions(want: DesiredBot, reason: StopReason) -> None:
    assert plan(want, alive()) == [Drain(bot_id=1, incarnation=3, apply_on_stop=False, reason=reason)]


def test_a_service_stop_keeps_positions_of_bots_that_are_on() -> None:
    assert plan(ON, alive(), stopping=True) == [
        Drain(bot_id=1, incarnation=3, apply_on_stop=False, reason=StopReason.SERVICE)
    ]
    assert plan(OFF, alive(), stopping=True) == [
        Drain(bot_id=1, incarnation=3, apply_on_stop=True, reason=StopReason.OFF)
    ]
    assert plan(ON, None, stopping=True) == []


def test_hands_off_does_nothing_at_all() -> None:
    assert plan(OFF, alive(last_heard_at=0.0), hands_off=True) == []
    assert next_deadline({1: OFF}, {1: alive()}, POLICY, 100.0, hands_off=True) is None


@pytest.mark.parametrize(
    ("rung", "grace", "step"),
    [(Rung.DRAIN, 10.0, Terminate), (Rung.TERMINATE, 5.0, Abort), (Rung.ABORT, 2.0, Kill), (Rung.KILL, 2.0, Kill)],
)
def test_the_ladder_is_climbed_at_the_end_of_each_grace(rung: Rung, grace: float, step: type[Kill]) -> None:
    have = alive().worker
    assert have is not None
    have = have.climbed(rung, 100.0, StopReason.GENERATION)
    bot = ObservedBot(bot_id=1, worker=have)

    assert plan(ON, bot, 100.0 + grace - 0.001) == []
    assert plan(ON, bot, 100.0 + grace) == [step(bot_id=1, incarnation=3, reason=StopReason.GENERATION)]
    assert next_deadline({1: ON}, {1: bot}, POLICY, 100.0) == 100.0 + grace


@pytest.mark.parametrize(
    ("changes", "due", "step", "reason"),
    [
        ({"last_heard_at": 99.0, "last_progress_at": 99.0}, 114.0, Abort, StopReason.SILENT),
        ({"last_progress_at": 98.0}, 113.0, Abort, StopReason.HUNG),
        ({"phase": LifePhase.STARTING, "last_progress_at": 90.0}, 120.0, Abort, StopReason.START_TIMEOUT),
        (
            {"phase": LifePhase.STOPPING, "phase_since": 95.0, "last_progress_at": 94.0},
            105.0,
            Terminate,
            StopReason.OVERDUE,
        ),
        ({"phase": LifePhase.STOPPING, "phase_since": 95.0}, 110.0, Terminate, StopReason.OVERDUE),
    ],
)
def test_a_lost_life_is_ended_at_its_limit(
    changes: dict[str, Any], due: float, step: type[Abort], reason: StopReason
) -> None:
    bot = alive(**changes)

    assert plan(ON, bot, due - 0.001) == []
    assert plan(ON, bot, due) == [step(bot_id=1, incarnation=3, reason=reason)]
    assert next_deadline({1: ON}, {1: bot}, POLICY, 100.0) == due


def test_a_life_that_is_lost_and_unwanted_is_not_asked_politely() -> None:
    assert plan(OFF, alive(last_heard_at=0.0)) == [Abort(bot_id=1, incarnation=3, reason=StopReason.SILENT)]


def test_a_life_is_told_of_a_pause_and_of_its_end() -> None:
    assert plan(replace(ON, paused=True), alive()) == [Pause(bot_id=1, incarnation=3, paused=True)]
    assert plan(ON, alive(paused=True)) == [Pause(bot_id=1, incarnation=3, paused=False)]
    assert plan(replace(ON, paused=True), alive(paused=True)) == []
    assert plan(replace(ON, paused=True), alive(phase=LifePhase.STARTING, started_at=99.0)) == []


def test_a_verdict_is_carried_out_once_and_only_for_its_generation() -> None:
    judged = ObservedBot(bot_id=1, history=RestartHistory(generation="g1", verdict="3 failures in a row"))

    assert plan(ON, judged) == [Quarantine(bot_id=1, generation="g1", reason="3 failures in a row")]
    assert plan(ON, replace(judged, quarantined_generation="g1")) == []
    assert plan(OFF, judged) == []
    assert plan(replace(ON, generation="g2"), judged) == [Spawn(bot_id=1, generation="g2")]


def test_the_next_life_waits_for_its_time_unless_it_is_of_another_generation() -> None:
    waiting = ObservedBot(bot_id=1, history=RestartHistory(generation="g1", failures=2, next_start_at=101.0))

    assert plan(ON, waiting) == []
    assert next_deadline({1: ON}, {1: waiting}, POLICY, 100.0) == 101.0
    assert plan(ON, waiting, 101.0) == [Spawn(bot_id=1, generation="g1")]
    assert plan(replace(ON, generation="g2"), waiting) == [Spawn(bot_id=1, generation="g2")]


def test_a_settle_life_is_given_only_where_the_policy_is_owed_and_wanted() -> None:
    owed = ObservedBot(bot_id=1, unsettled=True)

    assert plan(OFF, owed) == [Spawn(bot_id=1, generation="g1", settle=True)]
    assert plan(OFF, replace(owed, unsettled=False)) == []
    assert plan(replace(OFF, generation=None), owed) == []
    assert plan(replace(OFF, apply_on_stop=False), owed) == []
    assert plan(OFF, owed, policy=replace(POLICY, settle=False)) == []
    assert plan(OFF, owed, stopping=True) == []


def test_a_settle_life_is_left_to_finish_and_makes_way_for_a_bot_that_is_on_again() -> None:
    assert plan(OFF, alive(settle=True, phase_since=99.0)) == []
    assert plan(ON, alive(settle=True, phase_since=99.0)) == [
        Drain(bot_id=1, incarnation=3, apply_on_stop=True, reason=StopReason.RESTART)
    ]


def test_beyond_the_bot_limit_the_last_in_rank_is_refused_once() -> None:
    desired = {
        1: ON,
        2: DesiredBot(bot_id=2, on=True, generation="g1", priority=1),
        3: DesiredBot(bot_id=3, on=True, generation="g1"),
    }
    observed = {3: ObservedBot(bot_id=3, worker=replace(LIFE, incarnation=9))}
    limited = replace(POLICY, max_bots=2)

    assert decide(desired, observed, limited, 100.0) == [
        Refuse(bot_id=1, reason="the limit of 2 bots is reached"),
        Spawn(bot_id=2, generation="g1"),
    ]
    refused = {**observed, 1: ObservedBot(bot_id=1, refused=True)}
    assert decide(desired, refused, limited, 100.0) == [Spawn(bot_id=2, generation="g1")]


def test_stops_come_before_starts() -> None:
    desired = {1: ON, 2: replace(OFF, bot_id=2)}
    observed = {2: ObservedBot(bot_id=2, worker=LIFE)}

    assert [type(action) for action in decide(desired, observed, POLICY, 100.0)] == [Drain, Spawn]


def test_nothing_to_wait_for_has_no_deadline() -> None:
    assert next_deadline({1: OFF}, {1: ObservedBot(bot_id=1)}, POLICY, 100.0) is None
    assert next_deadline({}, {}, POLICY, 100.0) is None


def test_a_condemned_life_is_drained_for_what_condemned_it_and_keeps_its_position() -> None:
    drain = Drain(bot_id=1, incarnation=3, apply_on_stop=False, reason=StopReason.MEMORY)
    assert plan(ON, alive(condemned=StopReason.MEMORY)) == [drain]
    assert plan(ON, alive(condemned=StopReason.MEMORY, phase=LifePhase.STOPPING, phase_since=100.0)) == []


def test_a_condemned_life_of_a_bot_that_is_off_applies_its_stop_policy() -> None:
    drain = Drain(bot_id=1, incarnation=3, apply_on_stop=True, reason=StopReason.OFF)
    assert plan(OFF, alive(condemned=StopReason.UNHEALTHY)) == [drain]
