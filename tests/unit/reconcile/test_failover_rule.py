"""When failover mode begins and ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.reconcile.failover import Failover, FailoverRule

RULE = FailoverRule(errors=3, window=10.0, cooldown=30.0)
OFF = FailoverRule(errors=0, window=10.0, cooldown=30.0)


def after(*errors: float, rule: FailoverRule = RULE) -> Failover:
    state = Failover()
    for at in errors:
        state = state.failed(rule, at)
    return state


def test_enough_errors_within_the_window_begin_it() -> None:
    assert not after(0, 1).active
    assert after(0, 1, 9).active
    assert not after(0, 1, 10).active


def test_it_is_off_by_default_however_many_errors_there_are() -> None:
    assert not after(*[0.0] * 1000, rule=OFF).active


def test_it_ends_after_the_cooldown() -> None:
    state = after(0, 0, 0)
    assert state.looked_at(RULE, 29.9).active
    assert not state.looked_at(RULE, 30.0).active


def test_it_goes_on_while_the_errors_do() -> None:
    state = after(0, 0, 0, 28, 29, 30)
    assert state.looked_at(RULE, 31.0).active
    assert not state.looked_at(RULE, 38.1).active


def test_without_a_cooldown_an_operator_ends_it() -> None:
    rule = FailoverRule(errors=3, window=10.0, cooldown=0)
    state = after(0, 0, 0, rule=rule)
    assert state.looked_at(rule, 1e9).active
    assert not state.switched(False, 1e9).active


@pytest.mark.parametrize("rule", [RULE, OFF])
def test_what_an_operator_began_only_an_operator_ends(rule: FailoverRule) -> None:
    state = Failover().switched(True, 5.0)
    assert state.looked_at(rule, 1e9).active
    assert state.switched(False, 6.0) == Failover()


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 12)), max_size=80), st.integers(1, 6))
def test_it_is_on_exactly_from_the_threshold_until_a_calm_after_the_cooldown(
    steps: list[tuple[bool, float]], threshold: int
) -> None:
    rule = FailoverRule(errors=threshold, window=10.0, cooldown=30.0)
    state, now, since = Failover(), 0.0, None
    all_errors: list[float] = []
    for is_error, passed in steps:
        now += passed
        if is_error:
            all_errors.append(now)
            state = state.failed(rule, now)
        else:
            state = state.looked_at(rule, now)
        recent = sum(at > now - rule.window for at in all_errors)
        if since is None:
            since = now if is_error and recent >= threshold else None
        elif not is_error and now >= since + rule.cooldown and recent < threshold:
            since = None
        assert (state.since, len(state.errors) <= threshold) == (since, True)
