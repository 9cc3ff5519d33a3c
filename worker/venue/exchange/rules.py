"""The rules an instrument sets for orders, in Decimal. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

from common.trading.money import CONTEXT, decimal_of
from common.trading.order import Order, Side
from worker.venue.exchange_port import Market

DECIMAL_PLACES = 2
SIGNIFICANT_DIGITS = 3
TICK_SIZE = 4
"""How ccxt says precision; its own numbers."""

FINEST_STEP = Decimal("1e-18")
"""Where an exchange names no step."""


def step_of(precision: Any, mode: int, reference: Decimal | None = None) -> Decimal:
    """The smallest difference of two values that `precision` in ccxt's `mode` allows.

    With significant digits the step depends on the value: `reference` is one of its size, None means 1. Raises
    ValueError for a precision that is no number or a step that is not positive.
    """
    if precision is None:
        return FINEST_STEP
    value = decimal_of(precision)
    if mode == TICK_SIZE:
        if value <= 0:
            raise ValueError(f"a price or quantity step of {value} is not positive")
        return value.normalize()
    digits = int(value)
    if mode == SIGNIFICANT_DIGITS:
        size = Decimal(1) if not reference else abs(reference)
        return Decimal(1).scaleb(size.adjusted() - digits + 1)
    return Decimal(1).scaleb(-digits)


def quantity_to_send(market: Market, quantity: Decimal) -> Decimal:
    """The largest quantity the instrument takes that is not more than asked."""
    return _to_step(quantity, market.amount_step, ROUND_FLOOR)


def limit_to_send(market: Market, price: Decimal, side: Side) -> Decimal:
    """The nearest price the instrument takes that is no worse than asked: lower for a buy, higher for a sell."""
    return _to_step(price, market.price_step, ROUND_FLOOR if side == "buy" else ROUND_CEILING)


def stop_to_send(market: Market, price: Decimal) -> Decimal:
    """The nearest price the instrument takes."""
    return _to_step(price, market.price_step, ROUND_HALF_EVEN)


def objection(market: Market, order: Order, reference: Decimal | None) -> str | None:
    """Why the exchange would refuse `order` by the instrument's rules; None when it would not.

    `reference` is the present price, for orders that name none; without any price the least cost is not checked.
    """
    quantity = quantity_to_send(market, order.quantity)
    if quantity <= 0:
        return (
            f"quantity {order.quantity} {market.base} is less than one step of {market.amount_step} of {market.symbol}"
        )
    if quantity < market.min_amount:
        return f"quantity {quantity} {market.base} is below the {market.min_amount} that {market.symbol} takes at least"
    if market.max_amount is not None and quantity > market.max_amount:
        return f"quantity {quantity} {market.base} is above the {market.max_amount} that {market.symbol} takes at most"
    for name, price in (("limit", order.limit_price), ("stop", order.stop_price)):
        if price is not None and price <= 0:
            return f"{name} price {price} is not positive"
    price = order.limit_price or order.stop_price or reference
    if price is None or _may_be_small(market, order):
        return None
    cost = quantity * price
    if cost < market.min_cost:
        return (
            f"{quantity} {market.base} at {price} is worth {cost.normalize():f} {market.quote}, "
            f"below the {market.min_cost} that {market.symbol} takes at least"
        )
    return None


def _may_be_small(market: Market, order: Order) -> bool:
    """An order that only reduces a perpetual position has no least cost."""
    return market.kind == "linear" and order.purpose == "exit"


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    with localcontext(CONTEXT):
        return (value / step).to_integral_value(rounding=rounding) * step
