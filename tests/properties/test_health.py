"""Health: classes never get better as vitals get worse, and checks count as they should."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from supervisor.reconcile.health import (
    Checkup,
    Health,
    HealthPolicy,
    Vitals,
    assess,
    condemned,
    examined,
    looked_at,
    lost,
    missed_beats,
)
from supervisor.reconcile.states import StopReason

POLICY = HealthPolicy(cpu_limit=50.0, memory_limit=100_000_000)
WELL = Vitals(heartbeat_age=0.0, progress_age=0.0)

seconds = st.floats(0, 100)
percents = st.none() | st.floats(0, 400)
policies = st.builds(
    HealthPolicy,
    heartbeat_interval=st.floats(0.1, 60),
    misses=st.integers(1, 20),
    response_limit=st.none() | st.floats(0.1, 60),
    error_limit=st.none() | st.floats(1, 100),
    cpu_limit=st.none() | st.floats(1, 400),
    memory_limit=st.none() | st.integers(1, 10**10),
    failed_checks=st.integers(1, 5),
)
vital_signs = st.builds(
    Vitals,
    heartbeat_age=seconds,
    progress_age=seconds,
    response_time=st.none() | seconds,
    error_rate=percents,
    cpu_percent=percents,
    cpu_percent_before=percents,
    memory_bytes=st.none() | st.integers(0, 10**10),
)


@given(vital_signs, policies, st.sampled_from(sorted(Vitals.__dataclass_fields__)), st.floats(1, 3))
def test_a_worse_measure_never_makes_a_better_class(
    vitals: Vitals, policy: HealthPolicy, name: str, factor: float
) -> None:
    value = getattr(vitals, name)
    worse = replace(vitals, **{name: None if value is None else type(value)(value * factor)})
    assert assess(worse, policy).health >= assess(vitals, policy).health


@given(vital_signs, policies)
def test_a_class_other_than_healthy_has_a_reason_and_only_such_a_class(vitals: Vitals, policy: HealthPolicy) -> None:
    found = assess(vitals, policy)
    assert bool(found.reasons) == (found.health is not Health.HEALTHY)


@given(vital_signs, policies)
def test_dead_means_silent_for_as_long_as_is_tolerated(vitals: Vitals, policy: HealthPolicy) -> None:
    silent = vitals.heartbeat_age >= policy.heartbeat_interval * policy.misses
    assert (assess(vitals, policy).health is Health.DEAD) == silent


@given(policies)
def test_a_life_that_speaks_and_moves_and_is_not_measured_is_healthy(policy: HealthPolicy) -> None:
    assert assess(WELL, policy).health is Health.HEALTHY


@given(st.lists(vital_signs, max_size=12), policies)
def test_a_life_is_condemned_exactly_after_so_many_failed_checks_in_a_row_or_for_its_memory(
    seen: list[Vitals], policy: HealthPolicy
) -> None:
    checkup, row = Checkup(), 0
    for vitals in seen:
        checkup = examined(checkup, vitals, policy)
        row = row + 1 if checkup.condition.health >= Health.UNHEALTHY else 0
        heavy = policy.memory_limit is not None and (vitals.memory_bytes or 0) > policy.memory_limit
        verdict = condemned(checkup, vitals, policy)
        assert checkup.failed == row
        assert (verdict is StopReason.MEMORY) == heavy
        assert (verdict is not None) == (heavy or row >= policy.failed_checks)


@given(st.lists(st.tuples(st.booleans(), vital_signs), max_size=12), policies)
def test_a_quick_look_neither_counts_nor_forgives_a_failed_check(
    seen: list[tuple[bool, Vitals]], policy: HealthPolicy
) -> None:
    checkup = Checkup()
    for thorough, vitals in seen:
        before, checkup = checkup, (examined if thorough else looked_at)(checkup, vitals, policy)
        assert thorough or (checkup.failed, checkup.condition) == (before.failed, before.condition)
        assert checkup.health is max(checkup.pulse.health, checkup.condition.health)


@given(seconds, seconds, policies)
def test_missed_beats_only_grow_with_silence_and_are_all_missed_at_the_limit(
    one: float, other: float, policy: HealthPolicy
) -> None:
    shorter, longer = sorted((one, other))
    assert 0 <= missed_beats(shorter, policy) <= missed_beats(longer, policy) <= policy.misses
    assert missed_beats(policy.heartbeat_interval * policy.misses, policy) == policy.misses


def test_silence_goes_through_the_classes_beat_by_beat() -> None:
    ages = [6.9, 7.1, 12.1, 15.0]
    classes = [assess(replace(WELL, heartbeat_age=age), POLICY).health for age in ages]
    assert classes == [Health.HEALTHY, Health.DEGRADED, Health.UNHEALTHY, Health.DEAD]


def test_one_busy_check_is_degraded_and_two_running_are_unhealthy() -> None:
    assert assess(replace(WELL, cpu_percent=90.0), POLICY).health is Health.DEGRADED
    assert assess(replace(WELL, cpu_percent=90.0, cpu_percent_before=90.0), POLICY).health is Health.UNHEALTHY
    assert assess(replace(WELL, cpu_percent=10.0, cpu_percent_before=90.0), POLICY).health is Health.HEALTHY


def test_memory_is_warned_of_at_four_fifths_and_condemned_above_its_limit_with_the_figures() -> None:
    found = assess(replace(WELL, memory_bytes=81_000_000), POLICY)
    assert (found.health, found.reasons) == (
        Health.DEGRADED,
        ("uses 81 MB of memory, the limit is 100 MB",),
    )
    heavy = replace(WELL, memory_bytes=100_000_001)
    assert condemned(examined(Checkup(), heavy, POLICY), heavy, POLICY) is StopReason.MEMORY


def test_a_life_that_was_given_up_has_missed_its_last_beat() -> None:
    assert lost(Checkup(), StopReason.SILENT, POLICY).health is Health.DEAD
    hung = lost(Checkup(missed=1), StopReason.HUNG, POLICY)
    assert (hung.health, hung.missed) == (Health.UNHEALTHY, 3)
