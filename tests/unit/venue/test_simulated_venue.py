"""The simulated venue by itself: chance is a function of the order, and survives a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from common.spec import PaperSpec
from common.trading.order import Order
from worker.feeds.bar import Bar
from worker.venue.imperfections import IDEAL, fate_of, grade
from worker.venue.port import Ended, Executed
from worker.venue.simulated import SimulatedVenue

D = Decimal
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
ROUGH = PaperSpec(
    slippage_model="linear",
    base_slippage=D("0.001"),
    min_latency_ms=10.0,
    max_latency_ms=100.0,
    partial_fill_probability=0.5,
    reject_probability=0.2,
    seed=11,
)


def order(**changes):
    values = {
        "client_order_id": "a",
        "symbol": "X",
        "side": "buy",
        "order_type": "market",
        "purpose": "entry",
        "quantity": D(100),
        "created_at": NOON,
        "updated_at": NOON,
        "reason": "",
        "correlation_id": "a",
    }
    return Order(**{**values, **changes})


def bar(price=10.0, index=1):
    opened = NOON + timedelta(minutes=index)
    return Bar(index, opened, opened + timedelta(minutes=1), price, price, price, price, 1.0)


def venue(paper=PaperSpec(), funds=lambda price, wanted: wanted, step=D("0.00000001")):
    return SimulatedVenue(paper, 60, step, funds)


def test_nothing_is_left_to_chance_unless_asked_for():
    assert fate_of(order(), PaperSpec(seed=5)) is IDEAL


def test_an_orders_fate_depends_on_seed_time_side_and_ordinal_and_on_nothing_else():
    fate = fate_of(order(), ROUGH)
    assert fate == fate_of(order(client_order_id="another life", correlation_id="b", reason="other"), ROUGH)
    others = [
        fate_of(order(), ROUGH.model_copy(update={"seed": 12})),
        fate_of(order(created_at=NOON + timedelta(minutes=1)), ROUGH),
        fate_of(order(side="sell"), ROUGH),
        fate_of(order(ordinal=1), ROUGH),
    ]
    assert fate not in others


@pytest.mark.parametrize(("model", "part"), [("fixed", "0.001"), ("sqrt", "0.002"), ("linear", "0.0011")])
def test_the_base_part_of_slippage_follows_the_model(model, part):
    paper = PaperSpec(slippage_model=model, base_slippage=D("0.001"))
    assert D(part) / 2 <= fate_of(order(), paper).slippage <= D(part) * D("1.5")


def test_market_impact_grows_with_the_quantity():
    paper = PaperSpec(market_impact_enabled=True, market_impact_factor=D("0.0001"))
    assert D("0.005") <= fate_of(order(), paper).slippage <= D("0.015")


@pytest.mark.parametrize(
    ("slippage", "word"), [("0.0009", "excellent"), ("0.001", "good"), ("0.0099", "fair"), ("0.01", "poor")]
)
def test_fills_are_graded_by_basis_points(slippage, word):
    from dataclasses import replace

    assert grade(replace(IDEAL, slippage=D(slippage)), PaperSpec()) == word
    assert grade(IDEAL, PaperSpec(enable_execution_quality=False)) is None


def test_working_orders_go_on_in_another_life_as_they_would_have():
    paper = PaperSpec(min_latency_ms=130_000.0, max_latency_ms=130_001.0)
    first = venue(paper)
    first.submit(order())
    assert list(first.match(bar(10.0, 1))) == []
    state = first.state()
    second = venue(paper)
    second.restore(state, {"a": order()})
    assert list(second.match(bar(11.0, 2))) == list(first.match(bar(11.0, 2))) == []
    (event,) = second.match(bar(12.0, 3))
    assert isinstance(event, Executed)
    assert event.price == D(12)


def test_a_cancelled_order_is_worked_no_further():
    here = venue()
    here.submit(order())
    here.cancel("a")
    here.cancel("unknown")
    assert list(here.match(bar())) == []


def test_funds_cut_an_order_before_it_is_parted():
    here = venue(PaperSpec(partial_fill_probability=1.0), funds=lambda price, wanted: min(wanted, D(40)), step=D(1))
    here.submit(order())
    (first,) = here.match(bar())
    assert isinstance(first, Executed)
    assert first.cut_to == D(40)
    assert D(20) <= first.quantity <= D(38)
    (second,) = here.match(bar(index=2))
    assert isinstance(second, Executed)
    assert first.quantity + second.quantity == D(40)
    assert list(here.match(bar(index=3))) == []


def test_without_funds_the_order_is_rejected_and_the_rest_of_a_parted_one_cancelled():
    here = venue(funds=lambda price, wanted: D(0))
    here.submit(order())
    (event,) = here.match(bar())
    assert isinstance(event, Ended)
    assert event.status == "rejected"
    here.restore({"a": 1}, {"a": order(status="partially_filled", filled_quantity=D(60))})
    (event,) = here.match(bar())
    assert isinstance(event, Ended)
    assert event.status == "cancelled"


def test_a_stop_slips_and_a_target_does_not():
    paper = PaperSpec(slippage_model="fixed", base_slippage=D("0.01"))
    (stop,) = venue(paper).trigger(order(side="sell", order_type="stop", purpose="exit"), D(100))
    (target,) = venue(paper).trigger(order(side="sell", order_type="take_profit", purpose="exit"), D(100))
    assert isinstance(stop, Executed)
    assert isinstance(target, Executed)
    assert stop.price < 100
    assert target.price == 100
