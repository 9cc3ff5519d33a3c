from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.link.lease import Lease

SECONDS = st.floats(0, 1e6)


@given(SECONDS, SECONDS, SECONDS)
def test_trading_is_allowed_exactly_while_the_grant_lasts(granted: float, renewed_at: float, now: float) -> None:
    lease = Lease(granted=granted, renewed_at=renewed_at)
    assert lease.may_trade(now) == (max(0.0, now - renewed_at) < granted)


def test_a_renewal_counts_from_the_question_and_an_old_answer_takes_nothing_away() -> None:
    lease = Lease(granted=10, renewed_at=100).renewed(asked_at=105, granted=20)
    assert lease.may_trade(124.9)
    assert not lease.may_trade(125)
    assert lease.renewed(asked_at=90, granted=1) is lease


def test_an_orphan_is_one_after_the_whole_grace_and_not_before() -> None:
    lease = Lease(granted=10, renewed_at=100)
    assert not lease.orphaned(399.9, 300)
    assert lease.orphaned(400, 300)
