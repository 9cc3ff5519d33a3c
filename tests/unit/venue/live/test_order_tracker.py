"""One order as observed: whatever is seen, in any order and any number of times, is told once and adds up."""

from __future__ import annotations

import json
from decimal import Decimal

from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from live_orders import MARKET, Truth, an_order

from worker.venue.exchange_port import Accepted, Doubtful, Execution, OrderReport, Refused
from worker.venue.live.memory import Memory, Told
from worker.venue.live.tracker import Absent, NotSent, Observation, OrderTracker
from worker.venue.port import Ended, Executed, InDoubt, Placed, VenueEvent

PATIENCE = 10.0


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    parts = draw(st.lists(st.integers(1, 400), min_size=0, max_size=4))
    total = max(1000, sum(parts))
    prices = draw(st.lists(st.integers(9000, 11000), min_size=len(parts), max_size=len(parts)))
    fills = tuple((Decimal(part) / 1000, Decimal(price) / 100) for part, price in zip(parts, prices, strict=True))
    order = an_order(str(Decimal(total) / 1000))
    whole = sum(parts) == total
    return Truth(order, fills, "filled" if whole else draw(st.sampled_from(["cancelled", "expired"])))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Truth, list[Observation]]:
    """Everything that may be seen of the truth, repeated and shuffled, and at last all of it."""
    truth = draw(truths())
    possible: list[Observation] = [*truth.executions(), Doubtful(reason="no answer")]
    possible += [truth.report(count, final=False) for count in range(len(truth.fills) + 1)]
    possible += [Accepted(report=truth.report(0, final=False)), truth.report(len(truth.fills), final=True)]
    seen = draw(st.lists(st.sampled_from(possible), max_size=12))
    at_last: list[Observation] = [truth.report(len(truth.fills), final=True), *truth.executions()]
    return truth, seen + draw(st.permutations(at_last))


def events_of(truth: Truth, seen: list[Observation], cuts: frozenset[int] = frozenset()) -> list[VenueEvent]:
    """What is told; at each cut another life goes on with what was told until then."""
    tracker, told = OrderTracker(truth.order, MARKET, PATIENCE), list[Told]()
    for number, observation in enumerate(seen):
        if number in cuts:
            memory = told[-1].memory if told else Memory(doubted=True)
            if memory.over:
                break
            kept = Memory.from_state(json.loads(json.dumps(memory.state())))
            tracker = OrderTracker(truth.order, MARKET, PATIENCE, kept)
        told += tracker.observe(observation, float(number))
    return [each.event for each in told]


def executed(events: list[VenueEvent]) -> list[Executed]:
    return [event for event in events if isinstance(event, Executed)]


def assert_adds_up(truth: Truth, events: list[VenueEvent]) -> None:
    fills = executed(events)
    assert sum((fill.quantity for fill in fills), Decimal(0)) == truth.filled
    cost = sum((quantity * price for quantity, price in truth.fills), Decimal(0))
    assert sum((fill.quantity * fill.price for fill in fills), Decimal(0)) == cost
    ids = [fill.execution_id for fill in fills]
    assert len(ids) == len(set(ids))
    assert sum(isinstance(event, Placed) for event in events) == 1
    ends = [event for event in events if isinstance(event, Ended)]
    assert len(ends) == (0 if truth.ending == "filled" else 1)
    assert not ends or events[-1] is ends[0]


@settings(max_examples=examples(600))
@given(histories())
def test_whatever_is_seen_of_an_order_adds_up_and_is_told_once(history: tuple[Truth, list[Observation]]) -> None:
    truth, seen = history
    events = events_of(truth, seen)
    assert_adds_up(truth, events)
    assert sum(isinstance(event, InDoubt) for event in events) <= 1


@settings(max_examples=examples(600))
@given(histories(), st.frozensets(st.integers(0, 16), max_size=4))
def test_a_life_that_goes_on_with_what_was_told_tells_only_the_rest(
    history: tuple[Truth, list[Observation]], cuts: frozenset[int]
) -> None:
    """The last portion, everything that there is, is seen by the last life."""
    truth, seen = history
    whole = len(truth.fills) + 1
    assert_adds_up(truth, events_of(truth, [*seen, *seen[-whole:]], frozenset(cut for cut in cuts if cut < len(seen))))


def test_a_refusal_ends_an_order_that_nobody_has() -> None:
    tracker = OrderTracker(an_order(), MARKET, PATIENCE)
    (told,) = tracker.observe(Refused(reason="too poor", error_class="exchange"), 0.0)
    assert isinstance(told.event, Ended)
    assert told.event.status == "rejected"
    assert "too poor" in told.event.reason
    assert tracker.is_over


def test_a_refusal_after_the_stream_has_shown_the_order_is_not_believed() -> None:
    truth = Truth(an_order(), ((Decimal(1), Decimal(100)),), "filled")
    tracker = OrderTracker(truth.order, MARKET, PATIENCE)
    tracker.observe(truth.report(0, final=False), 0.0)
    assert tracker.observe(Refused(reason="?", error_class="exchange"), 1.0) == []
    assert not tracker.is_over


def test_an_order_that_was_not_sent_ends_rejected() -> None:
    tracker = OrderTracker(an_order(), MARKET, PATIENCE)
    (told,) = tracker.observe(NotSent("no lease"), 0.0)
    assert told.event == Ended(client_order_id="tag1bot100001", status="rejected", reason="no lease")


def test_what_the_exchange_certainly_does_not_have_was_never_there() -> None:
    tracker = OrderTracker(an_order(), MARKET, PATIENCE)
    tracker.observe(Doubtful(reason="no answer"), 0.0)
    (told,) = tracker.observe(Absent("denied three times"), 20.0)
    assert isinstance(told.event, Ended)
    assert told.event.status == "rejected"
    assert told.memory.never_there


def test_fills_that_only_the_report_counts_are_taken_from_it_after_the_patience_and_not_counted_again() -> None:
    truth = Truth(an_order(), ((Decimal("0.4"), Decimal(100)), (Decimal("0.6"), Decimal(110))), "filled")
    tracker = OrderTracker(truth.order, MARKET, PATIENCE)
    first, second = truth.executions()
    events = [told.event for told in tracker.observe(first, 0.0)]
    events += [told.event for told in tracker.observe(truth.report(2, final=True), 1.0)]
    assert tracker.overdue(5.0) == []
    late = [told.event for told in tracker.overdue(1.0 + PATIENCE)]
    assert [(fill.quantity, fill.price) for fill in executed(late)] == [(Decimal("0.6"), Decimal(110))]
    assert tracker.observe(second, 30.0) == []
    assert tracker.is_over


def test_a_fee_kept_in_the_instrument_is_told_with_its_worth() -> None:
    truth = Truth(an_order(), ((Decimal(1), Decimal(100)),), "filled")
    tracker = OrderTracker(truth.order, MARKET, PATIENCE)
    (fill,) = executed([told.event for told in tracker.observe(truth.executions()[0], 0.0)])
    assert (fill.base_fee, fill.commission) == (Decimal("0.001"), Decimal("0.1"))


def test_an_execution_beyond_the_order_is_not_told_and_is_counted_apart() -> None:
    truth = Truth(an_order(), ((Decimal(1), Decimal(100)),), "filled")
    tracker = OrderTracker(truth.order, MARKET, PATIENCE)
    tracker.observe(truth.executions()[0], 0.0)
    more = Execution(
        execution_id="strange",
        exchange_order_id="77",
        side="buy",
        quantity=Decimal("0.5"),
        price=Decimal(100),
        fee=Decimal(0),
        fee_currency=None,
        at=truth.executions()[0].at,
    )
    assert tracker.observe(more, 1.0) == []
    assert tracker.excess == Decimal("0.5")


def test_an_order_below_whose_quantity_the_exchange_closes_it_is_cut_to_what_was_filled() -> None:
    truth = Truth(an_order("1.0004"), ((Decimal(1), Decimal(100)),), "filled")
    tracker = OrderTracker(truth.order, MARKET, PATIENCE)
    tracker.observe(truth.report(1, final=True), 0.0)
    (fill,) = executed([told.event for told in tracker.observe(truth.executions()[0], 0.5)])
    assert fill.cut_to == Decimal(1)
    assert tracker.is_over


def test_an_open_report_that_comes_after_the_final_one_changes_nothing() -> None:
    truth = Truth(an_order(), (), "cancelled")
    tracker = OrderTracker(truth.order, MARKET, PATIENCE)
    assert len(tracker.observe(truth.report(0, final=True), 0.0)) == 2
    late: OrderReport = truth.report(0, final=False)
    assert tracker.observe(late, 1.0) == []
