"""Whose money an order moves: reserved when it enters, paid when it is filled, free again when it ends."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import Protocol

from worker.exchange_sim.market import Market
from worker.exchange_sim.order import SimFill, SimOrder
from worker.exchange_sim.setup import CENT


class Clearing(Protocol):
    """Of one market."""

    def reserve(self, order: SimOrder) -> None:
        """Set aside what a new order may cost. Raises Refusal when the account cannot pay or it may not be."""

    def allowed(self, order: SimOrder) -> Decimal:
        """Most of the order that may be filled now, in base currency."""

    def settle(self, order: SimOrder, fill: SimFill) -> SimFill:
        """Pay for a fill that is not among the order's yet. Raises Refusal when the account cannot.

        The fill, with what it earned.
        """

    def spare(self, order: SimOrder) -> None:
        """Give back what the rest of a partly filled order no longer needs."""

    def release(self, order: SimOrder) -> None:
        """Give back everything that was set aside for it."""


def cost_of(market: Market, order: SimOrder, quantity: Decimal) -> Decimal:
    """What `quantity` of the order costs at worst, in quote currency without commission."""
    price = order.price or order.stop_price
    if price:
        return (price * quantity).quantize(CENT, ROUND_UP)
    cost, left = Decimal(0), quantity
    for level in market.levels(order.side):
        taken = left if market.endless else min(left, level.quantity)
        cost, left = cost + level.price * taken, left - taken
    return cost.quantize(CENT, ROUND_UP)
