"""The circuit breaker, and what is done about each class of errors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.error_class import ErrorClass
from common.recovery import (
    BREAKER_FAILURES,
    BREAKER_PAUSE,
    BREAKER_SUCCESSES,
    BREAKER_WINDOW,
    RECOVERY,
    Circuit,
    CircuitBreaker,
    RecoveryStrategy,
    breaks_circuit,
)

steps = st.lists(st.tuples(st.booleans(), st.floats(0, 90)), max_size=60)


def failing(times: int, every: float = 0.0) -> CircuitBreaker:
    breaker = CircuitBreaker()
    for count in range(times):
        breaker = breaker.failed(count * every)
    return breaker


def test_five_failures_within_a_minute_open_it() -> None:
    assert failing(4).state(0) is Circuit.CLOSED
    assert failing(5).state(0) is Circuit.OPEN
    assert failing(5, every=14.9).state(60) is Circuit.OPEN
    assert failing(9, every=15.0).state(120) is Circuit.CLOSED


def test_a_minute_later_it_lets_tries_through_again() -> None:
    breaker = failing(5)
    assert breaker.retry_at(1) == 60
    assert breaker.state(59.9) is Circuit.OPEN
    assert breaker.state(60) is Circuit.HALF_OPEN


def test_half_open_one_failure_opens_it_and_two_successes_close_it() -> None:
    breaker = failing(5)
    assert breaker.failed(61).state(120) is Circuit.OPEN
    assert breaker.succeeded(61).state(61) is Circuit.HALF_OPEN
    assert breaker.succeeded(61).failed(62).state(63) is Circuit.OPEN
    assert breaker.succeeded(61).succeeded(62) == CircuitBreaker()


def test_a_success_while_closed_forgets_the_failures() -> None:
    assert failing(4).succeeded(1).failed(2).state(2) is Circuit.CLOSED


@given(steps)
def test_it_opens_only_after_enough_failures_and_closes_only_after_enough_successes(
    steps: list[tuple[bool, float]],
) -> None:
    breaker, now = CircuitBreaker(), 0.0
    failures: list[float] = []
    row = 0
    for succeeded, passed in steps:
        now += passed
        before = breaker.state(now)
        breaker = breaker.succeeded(now) if succeeded else breaker.failed(now)
        after = breaker.state(now)
        failures = [] if succeeded and before is Circuit.CLOSED else failures
        if not succeeded and before is not Circuit.OPEN:
            failures.append(now)
        row = row + 1 if succeeded and before is Circuit.HALF_OPEN else 0 if before is not Circuit.OPEN else row
        if before is Circuit.CLOSED:
            recent = [at for at in failures if at > now - BREAKER_WINDOW]
            assert (after is Circuit.OPEN) == (not succeeded and len(recent) >= BREAKER_FAILURES)
        elif before is Circuit.OPEN:
            assert after is Circuit.OPEN
            assert now < breaker.retry_at(now) <= now + BREAKER_PAUSE
        elif succeeded:
            assert after is (Circuit.CLOSED if row >= BREAKER_SUCCESSES else Circuit.HALF_OPEN)
            failures = [] if after is Circuit.CLOSED else failures
        else:
            assert after is Circuit.OPEN
        failures = [] if after is Circuit.OPEN else failures
        assert len(breaker.failed_at) < BREAKER_FAILURES


def test_every_class_has_its_recovery_and_what_only_a_person_can_mend_is_not_tried_again() -> None:
    assert set(RECOVERY) == set(ErrorClass)
    assert RECOVERY[ErrorClass.CONFIGURATION] == RECOVERY[ErrorClass.AUTHENTICATION] == (RecoveryStrategy.ALERT,)
    assert [one for one in ErrorClass if breaks_circuit(one)] == [ErrorClass.NETWORK]
