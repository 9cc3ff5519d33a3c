"""What must happen in time: stubborn lives end, silent ones are replaced, stops run side by side."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from decide_world import LAG, SMALL, Row, Temper, World
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from common.exit_status import ExitStatus
from supervisor.reconcile.actions import Abort, Kill, Quarantine, Spawn, Terminate
from supervisor.reconcile.states import LifePhase, StopReason

DEAF = Temper(drains_in=None, terminates_in=None, aborts_in=None)
graces = st.sampled_from((0.5, 2.0, 7.0))


def fleet(*tempers: Temper, count: int = 1, **limits: Any) -> World:
    world = World(policy=replace(SMALL, **limits), tempers=itertools.chain(tempers, itertools.repeat(Temper())))
    for bot_id in range(1, count + 1):
        world.add(bot_id)
    return world


def trades(world: World, bot_id: int = 1) -> bool:
    worker = world.observed[bot_id].worker
    return worker is not None and worker.phase is LifePhase.RUNNING and worker.stop is None


@settings(max_examples=examples(40), deadline=None)
@given(drain=graces, settle=graces, term=graces, abort=graces, age=st.sampled_from((0.1, 1.0, 5.0)))
def test_a_stubborn_worker_is_gone_within_its_graces(
    drain: float, settle: float, term: float, abort: float, age: float
) -> None:
    world = fleet(DEAF, drain_grace=drain, settle_grace=settle, term_grace=term, abort_grace=abort)
    world.run(age)

    world.rows[1].status = "disabled"
    world.read_rows()
    world.run(max(drain, settle) + term + abort + 3 * LAG)

    assert not world.bodies[1].alive


@settings(max_examples=examples(30), deadline=None)
@given(needs=st.sampled_from((2.0, 6.0, 9.0)), hung=st.booleans(), apply=st.booleans())
def test_a_worker_that_carries_out_its_stop_policy_has_longer_as_long_as_it_moves_on(
    needs: float, hung: bool, apply: bool
) -> None:
    body = Temper(drains_in=needs, terminates_in=None, aborts_in=None, hung_in=1.0 if hung else None)
    world = fleet(body, drain_grace=4.0, settle_grace=10.0)
    world.run(1.0)

    if apply:
        world.rows[1].status = "disabled"
        world.read_rows()
    else:
        world.stopping = True
    world.run(needs + 3 * LAG)

    terminated = any(isinstance(action, Terminate) for _, action in world.log)
    assert terminated == (needs > 4.0 and (hung or not apply))


@settings(max_examples=examples(30), deadline=None)
@given(interval=st.sampled_from((0.5, 3.0)), misses=st.integers(2, 4), hung=st.booleans(), deaf=st.booleans())
def test_a_silent_or_hung_worker_is_replaced_within_the_limit(
    interval: float, misses: int, hung: bool, deaf: bool
) -> None:
    body = DEAF if deaf else Temper()
    body = replace(body, hung_in=1.0) if hung else replace(body, silent_in=1.0)
    world = fleet(body, heartbeat_interval=interval, misses=misses)
    world.run(1.0)
    assert trades(world)

    world.run(interval * misses + world.policy.abort_grace + 1.0)

    assert [body.alive for body in world.bodies.values()] == [False, True]
    assert trades(world)
    aborts = [action for _, action in world.log if isinstance(action, Abort)]
    assert [abort.reason for abort in aborts] == [StopReason.HUNG if hung else StopReason.SILENT]


def test_a_life_that_never_gets_to_trading_is_replaced() -> None:
    world = fleet(replace(DEAF, starts_in=None))

    world.run(SMALL.start_timeout + SMALL.abort_grace + 1.0)

    assert trades(world)


def test_a_hundred_stops_run_side_by_side() -> None:
    world = fleet(*[Temper(drains_in=5.0)] * 100, count=100, drain_grace=20.0)
    world.run(1.0)
    assert sum(body.running for body in world.bodies.values()) == 100

    world.stopping = True
    world.run(5.0 + 3 * LAG)

    assert not any(body.alive for body in world.bodies.values())


def test_a_hundred_deaf_lives_are_killed_within_one_ladder() -> None:
    world = fleet(*[DEAF] * 100, count=100)
    world.run(1.0)

    world.stopping = True
    world.run(SMALL.drain_grace + SMALL.term_grace + SMALL.abort_grace + 3 * LAG)

    assert not any(body.alive for body in world.bodies.values())
    assert sum(isinstance(action, Kill) for _, action in world.log) == 100


@settings(max_examples=examples(30), deadline=None)
@given(limit=st.integers(1, 6), jitter=st.sampled_from((0.0, 0.5, 0.99)), lives_for=st.sampled_from((0.05, 1.0)))
def test_a_crash_loop_ends_in_quarantine_after_the_limit(limit: int, jitter: float, lives_for: float) -> None:
    world = fleet(*[Temper(fails_in=lives_for)] * 50, restart_limit=limit)
    world.jitter = jitter

    world.run(200.0)

    assert len(world.truth[1].spawned_at) == limit
    assert [type(action) for _, action in world.log].count(Quarantine) == 1
    assert (world.rows[1].status, world.rows[1].quarantined) == ("error", "g1")


def test_restart_gaps_double_up_to_the_cap() -> None:
    world = fleet(*[Temper(fails_in=0.1)] * 50, restart_limit=9)

    world.run(200.0)

    born = world.truth[1].spawned_at
    waits = [round(later - earlier - 0.1 - LAG, 3) for earlier, later in itertools.pairwise(born)]
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


@pytest.mark.parametrize("change", ["edit", "starting", "enabled", "running", "restarting"])
def test_quarantine_lifts_with_a_new_generation_or_a_request(change: str) -> None:
    world = fleet(*[Temper(fails_in=0.1)] * 3)
    world.run(60.0)
    assert world.rows[1].status == "error"

    if change == "edit":
        world.rows[1].edition += 1
    else:
        world.rows[1].status = change
    world.read_rows()
    world.run(2.0)

    assert trades(world)
    assert world.rows[1].status == "running"


def test_quarantine_outlives_the_supervisor() -> None:
    world = fleet(*[Temper(fails_in=0.1)] * 3)
    world.run(60.0)

    world.lose_supervisor()
    world.run(60.0)

    assert len(world.truth[1].spawned_at) == SMALL.restart_limit
    assert world.rows[1].status == "error"


@pytest.mark.parametrize("code", [ExitStatus.BAD_SPEC, ExitStatus.BAD_CREDENTIALS])
def test_what_a_restart_cannot_cure_is_not_restarted(code: ExitStatus) -> None:
    world = fleet(*[Temper(fails_in=0.5, fail_code=code)] * 5)

    world.run(60.0)

    assert len(world.bodies) == 1
    assert world.rows[1].status == "error"


def test_a_finished_bot_stays_off_until_somebody_asks() -> None:
    world = fleet(Temper(fails_in=1.0, fail_code=ExitStatus.FINISHED))
    world.run(30.0)
    assert len(world.bodies) == 1
    assert (world.rows[1].status, world.rows[1].marks) == ("stopped", {"finished": True})
    world.lose_supervisor()
    world.run(30.0)
    assert len(world.bodies) == 1

    world.rows[1].status = "starting"
    world.read_rows()
    world.run(2.0)

    assert trades(world)
    assert (world.rows[1].status, world.rows[1].marks) == ("running", {})


def test_a_lock_held_elsewhere_is_tried_again_with_growing_waits() -> None:
    world = fleet(*[Temper(fails_in=0.1, starts_in=None, fail_code=ExitStatus.LOCKED)] * 4)

    world.run(30.0)

    born = world.truth[1].spawned_at
    waits = [round(later - earlier - 0.1 - LAG, 3) for earlier, later in itertools.pairwise(born)]
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert trades(world)


@pytest.mark.parametrize("away", [False, True])
def test_a_restart_request_costs_one_new_life_however_long_the_row_says_so(away: bool) -> None:
    world = fleet()
    world.run(1.0)

    world.rows[1].status = "restarting"
    world.read_rows()
    world.away = away
    world.run(30.0)
    assert len(world.bodies) == 2
    world.away = False
    world.read_rows()
    world.run(30.0)

    assert len(world.bodies) == 2
    assert world.rows[1].status == "running"


def test_our_own_word_for_a_replacement_is_no_request_to_the_next_supervisor() -> None:
    world = fleet(Temper(drains_in=1.0))
    world.run(1.0)
    world.rows[1].edition += 1
    world.read_rows()
    world.run(5.0, until=lambda: len(world.bodies) == 2)
    assert world.rows[1].status == "restarting"

    world.lose_supervisor()
    world.run(10.0)

    assert len(world.bodies) == 2
    assert world.rows[1].status == "running"


def test_a_crashed_bot_is_restarted_while_the_database_is_away() -> None:
    world = fleet(Temper(fails_in=1.0))
    world.away = True

    world.run(10.0)

    assert trades(world)
    assert len(world.bodies) == 2


@pytest.mark.parametrize("fresh", [False, True])
def test_a_stop_after_a_pause_that_we_only_confirmed_is_heard(fresh: bool) -> None:
    world = fleet()
    if not fresh:
        world.run(1.0)
        world.stopping = True
        world.run(5.0)
        world.start_again()
    world.rows[1].status = "paused"
    world.read_rows()
    world.run(2.0)
    assert trades(world)

    world.rows[1].status = "stopped"
    world.read_rows()
    world.run(5.0)

    assert world.living(1) == []
    assert world.rows[1].marks == {"stopped_by": "operator"}


def test_a_request_lifts_quarantine_once_and_not_for_ever() -> None:
    world = fleet(*[Temper(fails_in=0.1)] * 50)
    world.run(60.0)

    world.rows[1].status = "starting"
    world.read_rows()
    world.run(200.0)

    assert len(world.truth[1].spawned_at) == 2 * SMALL.restart_limit
    assert world.rows[1].status == "error"


def test_twenty_kills_from_outside_each_get_a_new_life_at_once() -> None:
    world = fleet(kill_limit=100)
    for count in range(1, 21):
        world.run(1.0)
        assert trades(world)
        world.kill_from_outside(1)
        world.run(LAG)
        assert len(world.truth[1].spawned_at) == count + 1, "the next life has to wait"

    assert world.observed[1].history.failures == 0


def test_kills_beyond_their_limit_quarantine() -> None:
    world = fleet()
    for _ in range(SMALL.kill_limit):
        world.run(1.0)
        world.kill_from_outside(1)
    world.run(30.0)

    assert len(world.truth[1].spawned_at) == SMALL.kill_limit
    assert world.rows[1].status == "error"


def test_failures_are_forgotten_after_a_stable_time() -> None:
    long = Temper(fails_in=SMALL.stable_after + 1.0)
    world = fleet(Temper(fails_in=0.1), Temper(fails_in=0.1), *[long] * 10)

    world.run(5 * SMALL.stable_after)

    assert len(world.truth[1].spawned_at) >= 5
    assert world.rows[1].quarantined is None


def test_a_disabled_bot_that_had_to_be_killed_gets_one_settle_life() -> None:
    world = fleet(DEAF)
    world.run(2.0)

    world.rows[1].status = "disabled"
    world.read_rows()
    world.run(60.0)

    spawns = [action for _, action in world.log if isinstance(action, Spawn)]
    assert [spawn.settle for spawn in spawns] == [False, True]
    assert world.living(1) == []
    assert world.rows[1].status == "disabled"


def test_a_settle_life_that_does_not_come_to_an_end_is_ended() -> None:
    world = fleet(DEAF, DEAF)
    world.run(2.0)

    world.rows[1].status = "disabled"
    world.read_rows()
    world.run(60.0)

    assert len(world.bodies) == 2
    assert world.living(1) == []


def test_ten_edits_during_a_drain_cost_one_new_life() -> None:
    world = fleet(Temper(drains_in=2.0))
    world.run(1.0)

    for _ in range(10):
        world.rows[1].edition += 1
        world.read_rows()
        world.run(0.1)
    assert world.rows[1].status == "restarting"
    world.run(5.0)

    assert len(world.bodies) == 2
    assert world.observed[1].worker is not None
    assert world.observed[1].worker.generation == "g11"


def test_an_invalid_edit_keeps_the_old_life_and_its_status() -> None:
    world = fleet()
    world.run(1.0)

    world.rows[1].edition += 1
    world.rows[1].valid = False
    world.read_rows()
    world.run(30.0)

    assert len(world.bodies) == 1
    assert trades(world)
    assert world.rows[1].status == "running"
    assert world.wishes[1].error == "broken"


def test_an_adopted_life_under_an_invalid_edit_is_left_in_peace() -> None:
    world = fleet()
    world.run(1.0)
    world.rows[1].edition += 1
    world.rows[1].valid = False

    world.lose_supervisor()
    world.run(30.0)

    assert len(world.bodies) == 1
    assert trades(world)


def test_an_invalid_new_row_stays_off_with_status_error() -> None:
    world = World()
    world.add(1, Row(valid=False))

    world.run(10.0)

    assert world.bodies == {}
    assert world.rows[1].status == "error"


def test_a_crashed_bot_keeps_its_seat_under_the_bot_limit() -> None:
    world = fleet(Temper(fails_in=2.0), Temper(), Temper(fails_in=0.1), count=3, max_bots=2)
    world.run(1.0)
    assert [trades(world, bot) for bot in (1, 2, 3)] == [True, True, False]
    assert world.rows[3].status == "error"

    world.run(20.0)

    assert [trades(world, bot) for bot in (1, 2, 3)] == [True, True, False]
    assert len(world.truth[3].spawned_at) == 0


def test_a_newcomer_does_not_take_the_seat_of_a_bot_in_backoff() -> None:
    world = World(policy=replace(SMALL, max_bots=1), tempers=iter([Temper(fails_in=0.5)] * 2 + [Temper()]))
    world.add(2)
    world.run(0.2)
    world.add(1)

    world.run(10.0)

    assert [trades(world, bot) for bot in (1, 2)] == [False, True]


def test_a_refused_bot_starts_when_a_seat_becomes_free() -> None:
    world = fleet(count=3, max_bots=2)
    world.run(1.0)

    world.rows[1].status = "stopping"
    world.read_rows()
    world.run(5.0)

    assert [trades(world, bot) for bot in (1, 2, 3)] == [False, True, True]
    assert [world.rows[bot].status for bot in (1, 2, 3)] == ["stopped", "running", "running"]


def test_bots_that_lived_start_first_after_a_crash() -> None:
    world = World(policy=replace(SMALL, max_bots=1), crash_start=True)
    world.add(1, Row(status="enabled"))
    world.add(2, Row(status="running", last_status="running"))

    world.run(2.0)

    assert [trades(world, bot) for bot in (1, 2)] == [False, True]


def test_an_adopted_life_of_the_newest_generation_is_left_in_peace() -> None:
    world = fleet(count=2)
    world.run(2.0)

    world.lose_supervisor()
    world.run(30.0)

    assert len(world.bodies) == 2
    assert [world.rows[bot].status for bot in (1, 2)] == ["running", "running"]


def test_pause_survives_a_kill_a_lost_supervisor_and_a_service_restart() -> None:
    world = fleet()
    world.rows[1].status = "paused"
    world.read_rows()
    world.run(2.0)
    world.kill_from_outside(1)
    world.run(2.0)
    world.lose_supervisor()
    world.run(2.0)
    world.stopping = True
    world.run(10.0)
    world.start_again()
    world.run(2.0)

    assert trades(world)
    assert world.observed[1].worker is not None
    assert world.observed[1].worker.paused
    assert world.rows[1].status == "paused"
