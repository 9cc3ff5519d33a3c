from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from scripted_exchange import EPOCH, MARKET, PRICE, an_order

from worker.venue.exchange_port import Accepted, Doubtful, Execution, OrderReport, Refused, ReportStatus
from worker.venue.live.memory import Memory, Told
from worker.venue.live.tracker import FROM_REPORT, Absent, NotSent, Observation, OrderTracker
from worker.venue.port import Ended, Executed, InDoubt, Placed

PATIENCE = 15.0


def a_report(filled: Decimal, status: ReportStatus = "open", price: Decimal | None = PRICE) -> OrderReport:
    return OrderReport(
        exchange_order_id="x0",
        client_order_id="b0",
        status=status,
        side="buy",
        quantity=Decimal(1),
        filled=filled,
        average_price=price if filled else None,
        at=EPOCH,
    )


def an_execution(number: int, quantity: Decimal) -> Execution:
    return Execution(
        execution_id=f"e{number}",
        exchange_order_id="x0",
        side="buy",
        quantity=quantity,
        price=PRICE,
        fee=Decimal(0),
        fee_currency="USDT",
        at=EPOCH + timedelta(seconds=number),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Observation], list[Observation], Decimal]:
    """(what is seen in any order, repeated and with gaps; the truth seen last; quantity filled)."""
    parts = draw(st.lists(st.integers(1, 25), min_size=0, max_size=4))
    quantities = [Decimal(part) / 100 for part in parts]
    if 0 < sum(parts) < 100 and draw(st.booleans()):
        quantities.append(1 - sum(quantities, Decimal(0)))
    total = sum(quantities, Decimal(0))
    executions = [an_execution(number, quantity) for number, quantity in enumerate(quantities)]
    counts = [sum(quantities[:number], Decimal(0)) for number in range(len(quantities) + 1)]
    last = a_report(total, "filled" if total == 1 else "cancelled")
    seen: list[Observation] = [Doubtful(reason="time-out"), Accepted(report=a_report(Decimal(0)))]
    seen += [a_report(count) for count in counts if count < 1]
    seen += [*executions, last]
    shuffled = draw(st.lists(st.sampled_from(seen), max_size=20))
    return shuffled, draw(st.permutations([*executions, last])), total


def play(seen: list[Observation], cut: int | None = None) -> list[Told]:
    tracker, told = OrderTracker(an_order(), MARKET, PATIENCE), []
    for number, each in enumerate(seen):
        if number == cut and not tracker.is_over:
            state = json.loads(json.dumps(tracker.memory.state()))
            tracker = OrderTracker(an_order(), MARKET, PATIENCE, Memory.from_state(state))
        told += tracker.observe(each, float(number))
    assert tracker.is_over
    assert not tracker.excess
    return told


def check(told: list[Told], total: Decimal) -> None:
    events = [each.event for each in told]
    executed = [each for each in events if isinstance(each, Executed)]
    assert sum((each.quantity for each in executed), Decimal(0)) == total
    assert len({each.execution_id for each in executed}) == len(executed)
    assert sum(isinstance(each, Ended) for each in events) == (total != 1)
    assert sum(isinstance(each, Placed) for each in events) == 1
    assert sum(isinstance(each, InDoubt) for each in events) <= 1
    assert [each.memory.over for each in told].count(True) == 1
    assert told[-1].memory.over


@given(histories())
def test_any_order_repetition_and_loss_gives_the_same_totals_and_one_end(
    history: tuple[list[Observation], list[Observation], Decimal],
) -> None:
    seen, truth, total = history
    check(play([*seen, *truth]), total)


@given(histories(), st.integers(0, 25))
def test_a_cut_through_its_state_at_any_point_tells_nothing_twice_and_loses_nothing(
    history: tuple[list[Observation], list[Observation], Decimal], cut: int
) -> None:
    seen, truth, total = history
    check(play([*seen, *truth], cut), total)


def test_fills_that_are_never_listed_are_taken_from_the_report_after_the_patience_and_not_counted_again() -> None:
    tracker = OrderTracker(an_order(), MARKET, PATIENCE)
    tracker.observe(an_execution(0, Decimal("0.5")), 0.0)
    tracker.observe(a_report(Decimal("0.75"), "cancelled", PRICE + 1), 1.0)
    assert tracker.overdue(1.0 + PATIENCE - 0.1) == []
    executed, ended = (each.event for each in tracker.overdue(1.0 + PATIENCE))
    assert isinstance(executed, Executed)
    assert (executed.quantity, executed.price, executed.quality) == (Decimal("0.25"), PRICE + 3, FROM_REPORT)
    assert isinstance(ended, Ended)
    assert tracker.observe(an_execution(1, Decimal("0.25")), 20.0) == []
    assert tracker.excess == 0


def test_an_order_refused_or_never_sent_or_never_there_ends_rejected() -> None:
    for seen in (Refused(reason="no funds", error_class="exchange"), NotSent("no lease"), Absent("never had it")):
        [told] = OrderTracker(an_order(), MARKET, PATIENCE).observe(seen, 0.0)
        assert isinstance(told.event, Ended)
        assert told.event.status == "rejected"


def test_an_order_that_the_exchange_made_smaller_ends_with_its_last_execution() -> None:
    tracker = OrderTracker(an_order(), MARKET, PATIENCE)
    tracker.observe(replace(a_report(Decimal("0.9"), "filled"), quantity=Decimal("0.9")), 0.0)
    [told] = tracker.observe(an_execution(0, Decimal("0.9")), 1.0)
    assert isinstance(told.event, Executed)
    assert told.event.cut_to == Decimal("0.9")
    assert told.memory.over
