"""Entry size: fraction, clamps, caps and rounding."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.spec import RiskSpec, StrategySpec
from worker.risk.sizing import affordable, entry_fraction, entry_quantity

D = Decimal
PRICES = st.decimals("0.00000001", "100000", places=8)
MONEY = st.decimals("0.01", "1000000", places=8)


@pytest.mark.parametrize(
    ("size", "low", "high", "expected"),
    [
        ("0.1", None, None, "0.1"),
        ("0.5", None, None, "0.5"),
        ("0.5", None, "0.2", "0.2"),
        ("0.01", "0.05", None, "0.05"),
        ("0.5", "0.3", "0.2", "0.3"),  # upper first, then lower
    ],
)
def test_each_clamp_applies_alone_when_given(size, low, high, expected):
    spec = StrategySpec(position_size=D(size), min_position_size=low and D(low), max_position_size=high and D(high))
    assert entry_fraction(spec, 1.0, 1.0) == D(expected)


def test_confidence_and_multiplier_scale_the_fraction():
    assert entry_fraction(StrategySpec(position_size=D("0.1")), 0.5, 2.0) == D("0.1")


def test_one_unit_for_a_tenth_of_a_hundred_at_ten():
    assert entry_quantity(StrategySpec(), RiskSpec(), D(100), D(10), D("0.1")) == D(1)


@given(cash=MONEY, close=PRICES, cap=MONEY)
def test_quantity_times_close_never_exceeds_fraction_nor_cap(cash, close, cap):
    quantity = entry_quantity(StrategySpec(), RiskSpec(max_position_size=cap), cash, close, D("0.5"))
    assert quantity * close <= min(cap, cash / 2)
    assert quantity == quantity.quantize(D("0.00000001"))


@given(cash=MONEY, price=PRICES, wanted=PRICES)
def test_an_affordable_quantity_is_covered_and_the_next_step_is_not(cash, price, wanted):
    step, unit = D("0.00000001"), price * D("1.001")
    quantity = affordable(cash, price, D("0.001"), wanted, step)
    assert quantity * unit <= cash
    assert quantity <= wanted
    if quantity < wanted:
        assert (quantity + step) * unit > cash
