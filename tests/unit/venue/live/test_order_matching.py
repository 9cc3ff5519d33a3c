"""Orders at an exchange without our ids, fees, and what the examination of an account finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from live_orders import BEGIN, MARKET, Truth, an_order

from worker.venue.exchange_port import Execution, OrderReport
from worker.venue.live.audit import FindingLog, strange_orders, uncovered_position
from worker.venue.live.fees import charge_of
from worker.venue.live.matching import Ambiguity, Match, match

ORDER = an_order("1")
TRUTH = Truth(ORDER, ((Decimal("0.4"), Decimal(100)), (Decimal("0.6"), Decimal(101))), "filled")
FILLS = TRUTH.executions()
OPEN = replace(TRUTH.report(0, final=False), client_order_id=None, exchange_order_id="5")


def test_executions_that_make_up_the_order_are_the_order() -> None:
    assert match(ORDER, MARKET, [], FILLS, (), BEGIN) == Match("77")


def test_an_open_order_that_fits_is_the_order() -> None:
    assert match(ORDER, MARKET, [OPEN], [], (), BEGIN) == Match("5")


def test_what_is_known_to_be_another_order_is_not_taken_for_it() -> None:
    assert match(ORDER, MARKET, [OPEN], FILLS, ("5", "77"), BEGIN) is None


def test_what_fits_twice_or_in_part_decides_nothing() -> None:
    assert isinstance(match(ORDER, MARKET, [OPEN], FILLS, (), BEGIN), Ambiguity)
    assert isinstance(match(ORDER, MARKET, [], FILLS[:1], (), BEGIN), Ambiguity)


@pytest.mark.parametrize("change", [{"side": "sell"}, {"quantity": Decimal(3)}, {"at": BEGIN - timedelta(hours=1)}])
def test_what_is_another_order_is_not_taken_for_it(change: dict[str, object]) -> None:
    other: OrderReport = replace(OPEN, **change)  # type: ignore[arg-type]
    assert match(ORDER, MARKET, [other], [], (), BEGIN) is None


@pytest.mark.parametrize(
    ("fee", "currency", "commission", "kept", "estimated"),
    [
        ("0.05", "USDT", "0.05", "0", False),
        ("0.001", "BTC", "0.1", "0.001", False),
        ("0.7", "BNB", "0.1", "0", True),
        ("0", None, "0.1", "0", True),
        ("0", "BNB", "0", "0", False),
    ],
)
def test_a_fee_is_counted_in_quote_currency(
    fee: str, currency: str | None, commission: str, kept: str, estimated: bool
) -> None:
    execution = replace(FILLS[0], quantity=Decimal(1), price=Decimal(100), fee=Decimal(fee), fee_currency=currency)
    charge = charge_of(execution, MARKET, Decimal("0.001"))
    assert (charge.commission, charge.base_fee, charge.estimated) == (Decimal(commission), Decimal(kept), estimated)


def test_an_open_order_under_our_name_that_nobody_knows_is_found_once_and_over_when_it_is_gone() -> None:
    named = replace(OPEN, client_order_id="tag1bot1xx")
    log = FindingLog()
    new, over = log.take(strange_orders("tag1bot1", {"tag1bot1known"}, [named]))
    assert [finding.details["client_order_id"] for finding in new] == ["tag1bot1xx"]
    assert log.obstacle is not None
    assert log.take(strange_orders("tag1bot1", set(), [named])) == ([], [])
    assert [finding.key for finding in log.take([])[1]] == [new[0].key]
    assert log.obstacle is None
    assert over == []


@pytest.mark.parametrize("name", [None, "web_123", "tag1bot2xx", "tag1bot1known"])
def test_orders_of_others_and_known_ones_are_left_alone(name: str | None) -> None:
    assert strange_orders("tag1bot1", {"tag1bot1known"}, [replace(OPEN, client_order_id=name)]) == []


def test_a_position_that_the_account_does_not_hold_is_found_and_more_than_it_is_no_matter() -> None:
    def found(there: str) -> int:
        return len(uncovered_position(MARKET, Decimal(there), Decimal(1)))

    assert (found("0.5"), found("0.9995"), found("1"), found("7")) == (1, 0, 0, 0)


def test_of_a_perpetual_no_step_may_be_missing_for_no_fee_is_kept_of_it() -> None:
    perpetual = replace(MARKET, kind="linear")
    assert uncovered_position(perpetual, Decimal("0.999"), Decimal(1))[0].key == "uncovered-position"
    assert uncovered_position(perpetual, Decimal(1), Decimal(1)) == []


def test_a_fee_in_the_coin_of_a_perpetual_costs_its_worth_and_leaves_the_position_whole() -> None:
    execution = Execution(
        execution_id="1",
        exchange_order_id="x",
        side="buy",
        quantity=Decimal(10),
        price=Decimal(500),
        fee=Decimal("0.0045"),
        fee_currency=MARKET.base,
        at=FILLS[0].at,
    )
    spot = charge_of(execution, MARKET, Decimal("0.001"))
    assert (spot.commission, spot.base_fee) == (Decimal("2.25"), Decimal("0.0045"))
    perpetual = charge_of(execution, replace(MARKET, kind="linear"), Decimal("0.001"))
    assert (perpetual.commission, perpetual.base_fee) == (Decimal("2.25"), 0)
