"""The life of an order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest

from common.trading.order import FINAL, TRANSITIONS, IllegalTransition, Order, OrderStatus

D = Decimal
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
STATUSES = get_args(OrderStatus)


def order(**changes):
    values = {
        "client_order_id": "a",
        "symbol": "X",
        "side": "buy",
        "order_type": "limit",
        "purpose": "entry",
        "quantity": D(10),
        "created_at": NOON,
        "updated_at": NOON,
        "reason": "",
        "correlation_id": "a",
        "limit_price": D("1.5"),
    }
    return Order(**{**values, **changes})


def test_the_table_knows_every_state_and_nothing_leaves_a_final_one():
    assert set(TRANSITIONS) == set(STATUSES)
    assert {status for status in STATUSES if not TRANSITIONS[status]} == FINAL


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_every_move_follows_the_table(before, after):
    if after in TRANSITIONS[before]:
        assert order(status=before).moved(after, NOON).status == after
    else:
        with pytest.raises(IllegalTransition, match=f"is {before}"):
            order(status=before).moved(after, NOON)


def test_every_state_but_the_final_ones_leads_to_an_end():
    for status in set(STATUSES) - FINAL:
        reached, frontier = set(), {status}
        while frontier:
            reached |= frontier
            frontier = {after for each in frontier for after in TRANSITIONS[each]} - reached
        assert reached & FINAL


def test_an_intent_cannot_be_filled_before_it_was_sent():
    with pytest.raises(IllegalTransition):
        order().executed(D(10), D(1), D(0), NOON)


def test_executions_add_up_and_average():
    made = order(status="accepted").executed(D(4), D(10), D("0.1"), NOON)
    assert (made.status, made.remaining) == ("partially_filled", D(6))
    made = made.executed(D(6), D(20), D("0.2"), NOON)
    assert (made.status, made.average_price, made.commission) == ("filled", D(16), D("0.3"))


@pytest.mark.parametrize("quantity", [D(0), D(-1), D(11)])
def test_an_execution_is_positive_and_within_the_order(quantity):
    with pytest.raises(IllegalTransition):
        order(status="accepted").executed(quantity, D(1), D(0), NOON)


def test_an_order_is_cut_and_never_grows():
    assert order().cut_to(D(5)).quantity == D(5)
    with pytest.raises(IllegalTransition):
        order().cut_to(D(11))


def test_an_order_comes_back_from_json_as_it_was():
    made = order(status="accepted").executed(D(4), D(10), D("0.1"), NOON)
    assert Order.from_state(json.loads(json.dumps(made.state()))) == made
