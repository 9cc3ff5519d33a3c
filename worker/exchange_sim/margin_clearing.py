"""Linear perpetuals: one position per account and market, its margin set aside, its profit paid as it is closed.

One-way and with the margin of the whole account (cross). There is no funding and no forced closing here; a person does
the latter by `/sim/positions`.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_UP, Decimal

from worker.exchange_sim.clearing import cost_of
from worker.exchange_sim.market import Market
from worker.exchange_sim.order import SimFill, SimOrder
from worker.exchange_sim.refusal import Refusal, no_margin
from worker.exchange_sim.setup import CENT, FeeSetup


class MarginClearing:
    """See `Clearing`."""

    def __init__(self, market: Market, fees: FeeSetup) -> None:
        self._market, self._fees = market, fees

    def reserve(self, order: SimOrder) -> None:
        """See `Clearing.reserve`."""
        if order.account.hedged:
            raise Refusal(-4061, "Order's position side does not match user's setting.")
        if order.reduce_only and self._closing(order, order.quantity) <= 0:
            raise Refusal(-2022, "ReduceOnly Order is rejected.")
        order.locked_asset = self._market.setup.quote
        needed = self._needs(order)
        if order.account.free.get(order.locked_asset, Decimal(0)) < needed:
            raise no_margin()
        order.account.lock(order.locked_asset, needed)
        order.locked = needed

    def allowed(self, order: SimOrder) -> Decimal:
        """See `Clearing.allowed`."""
        return self._closing(order, order.remaining) if order.reduce_only else order.remaining

    def settle(self, order: SimOrder, fill: SimFill) -> SimFill:
        """See `Clearing.settle`."""
        account, asset = order.account, order.locked_asset
        opened = fill.quantity - self._closing(order, fill.quantity)
        margin = self._margin(order, fill.price * opened)
        if account.free.get(asset, Decimal(0)) + order.locked < margin:
            raise no_margin()
        self._unlock(order, min(order.locked, margin))
        change = fill.quantity if order.is_buy else -fill.quantity
        profit = account.move_position(self._market.market_id, asset, change, fill.price)
        account.free[asset] -= fill.commission
        return replace(fill, profit=profit)

    def spare(self, order: SimOrder) -> None:
        """See `Clearing.spare`."""
        self._unlock(order, order.locked - min(order.locked, self._needs(order)))

    def release(self, order: SimOrder) -> None:
        """See `Clearing.release`."""
        self._unlock(order, order.locked)

    def _needs(self, order: SimOrder) -> Decimal:
        """Margin and commission of what the rest of the order may open."""
        if order.reduce_only:
            return Decimal(0)
        opening = order.remaining - self._closing(order, order.remaining)
        cost = cost_of(self._market, order, opening)
        return self._margin(order, cost) + (cost * max(self._fees.maker, self._fees.taker)).quantize(CENT, ROUND_UP)

    def _margin(self, order: SimOrder, cost: Decimal) -> Decimal:
        return order.account.margin_for(self._market.market_id, cost)

    def _closing(self, order: SimOrder, quantity: Decimal) -> Decimal:
        """How much of `quantity` would close an open position."""
        change = quantity if order.is_buy else -quantity
        return order.account.position_in(self._market.market_id).closed_by(change)

    @staticmethod
    def _unlock(order: SimOrder, amount: Decimal) -> None:
        if amount and order.locked_asset:
            order.account.unlock(order.locked_asset, amount)
            order.locked -= amount
