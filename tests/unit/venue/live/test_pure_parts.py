"""Resolution, matching, fees and the examination of the account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from scripted_exchange import EPOCH, MARKET, PRICE, an_order

from worker.venue.exchange_port import Balance, Execution, OrderReport
from worker.venue.live.audit import FindingLog, strange_orders, uncovered_position
from worker.venue.live.fees import charge_of
from worker.venue.live.matching import Ambiguity, Match, match
from worker.venue.live.resolution import DENIALS, DENIED_FOR, Resolution

FILL = Execution(
    execution_id="e0",
    exchange_order_id="x0",
    side="buy",
    quantity=Decimal(1),
    price=PRICE,
    fee=Decimal("0.002"),
    fee_currency="BTC",
    at=EPOCH,
)
RATE = Decimal("0.001")


def a_report(name: str | None = None, number: int = 0) -> OrderReport:
    return OrderReport(
        exchange_order_id=f"x{number}",
        client_order_id=name,
        status="open",
        side="buy",
        quantity=Decimal(1),
        filled=Decimal(0),
        average_price=None,
        at=EPOCH,
        price=Decimal(90),
    )


@given(st.floats(0, 60), st.lists(st.tuples(st.sampled_from(["no", "silence", "several"]), st.floats(0, 0.99))))
def test_an_order_is_absent_only_after_denials_that_count(window: float, answers: list[tuple[str, float]]) -> None:
    resolution, now = Resolution(window), 0.0
    resolution.sent(now)
    counted: list[float] = []
    for answer, jitter in answers:
        now += max(0.0, resolution.pause(now, jitter))
        if answer == "no":
            resolution.denied(now)
            counted += [now] if now >= window else []
        elif answer == "silence":
            resolution.unanswered(now)
        else:
            resolution.undecided()
            counted = []
        if resolution.is_absent:
            assert len(counted) >= DENIALS
            assert counted[-1] - counted[0] >= DENIED_FOR
            assert counted[0] >= window


@given(st.floats(0, 60), st.lists(st.floats(0, 0.99), min_size=40, max_size=40))
def test_an_exchange_that_goes_on_denying_is_believed_in_the_end(window: float, jitters: list[float]) -> None:
    resolution, now = Resolution(window), 0.0
    resolution.sent(now)
    for jitter in jitters:
        if resolution.is_absent:
            break
        now += max(0.0, resolution.pause(now, jitter))
        resolution.denied(now)
    assert resolution.is_absent
    assert now <= window + 35


def test_no_denial_counts_before_it_is_known_that_the_request_is_out() -> None:
    resolution = Resolution(0.0)
    for second in range(100):
        resolution.denied(float(second))
    assert not resolution.is_absent


def test_only_a_single_exact_match_is_believed() -> None:
    order = an_order(order_type="limit", limit_price=Decimal(90))
    since = EPOCH - timedelta(seconds=60)
    assert match(order, MARKET, [a_report()], [], (), since) == Match("x0")
    assert isinstance(match(order, MARKET, [a_report(), a_report(number=1)], [], (), since), Ambiguity)
    assert match(order, MARKET, [a_report(), a_report(number=1)], [], {"x1"}, since) == Match("x0")
    assert match(order, MARKET, [a_report(name="somebody")], [], (), since) is None
    assert match(order, MARKET, [a_report()], [], (), EPOCH + timedelta(seconds=1)) is None
    part = replace(FILL, quantity=Decimal("0.5"))
    assert isinstance(match(an_order(), MARKET, [], [part], (), since), Ambiguity)
    assert match(an_order(), MARKET, [], [part, replace(part, execution_id="e1")], (), since) == Match("x0")


def test_fees_are_counted_in_quote_whatever_they_are_taken_in() -> None:
    in_base = charge_of(FILL, MARKET, RATE)
    assert (in_base.commission, in_base.base_fee, in_base.estimated) == (Decimal("0.2"), Decimal("0.002"), False)
    in_quote = charge_of(replace(FILL, fee_currency="USDT"), MARKET, RATE)
    assert (in_quote.commission, in_quote.base_fee, in_quote.estimated) == (Decimal("0.002"), 0, False)
    for currency in ("BNB", None):
        guessed = charge_of(replace(FILL, fee_currency=currency), MARKET, RATE)
        assert (guessed.commission, guessed.base_fee, guessed.estimated) == (Decimal("0.1"), 0, True)


def test_an_open_order_under_our_prefix_that_nobody_knows_is_a_finding_and_others_are_left_alone() -> None:
    reports = [a_report("b-lost"), a_report("b-known"), a_report("c-other"), a_report(None)]
    [finding] = strange_orders("b", {"b-known"}, reports)
    assert finding.details["client_order_id"] == "b-lost"
    assert finding.blocks_entries


def test_the_account_must_hold_what_the_book_holds_up_to_one_step() -> None:
    def holding(amount: str) -> Balance:
        return Balance(free={}, total={"BTC": Decimal(amount)})

    assert uncovered_position(MARKET, holding("0.999"), Decimal(1)) == []
    assert uncovered_position(MARKET, holding("7"), Decimal(1)) == []
    assert len(uncovered_position(MARKET, holding("0.9"), Decimal(1))) == 1
    assert uncovered_position(replace(MARKET, kind="linear"), holding("0"), Decimal(1)) == []


def test_a_finding_is_told_when_it_begins_and_when_it_is_over() -> None:
    log = FindingLog()
    found = strange_orders("b", set(), [a_report("b-lost")])
    assert log.take(found) == (found, [])
    assert log.take(found) == ([], [])
    assert log.obstacle == found[0].message
    assert log.take([]) == ([], found)
    assert log.obstacle is None
