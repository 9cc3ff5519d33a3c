"""Spot: currencies change hands at once, and nobody sells what is not there."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from worker.exchange_sim.clearing import cost_of
from worker.exchange_sim.market import Market
from worker.exchange_sim.order import SimFill, SimOrder
from worker.exchange_sim.refusal import rejected
from worker.exchange_sim.setup import CENT, FeeSetup


class SpotClearing:
    """See `Clearing`."""

    def __init__(self, market: Market, fees: FeeSetup) -> None:
        self._market, self._fees = market, fees

    def reserve(self, order: SimOrder) -> None:
        """See `Clearing.reserve`."""
        order.locked_asset = self._market.setup.quote if order.is_buy else self._market.setup.base
        needed = self._needs(order)
        order.account.lock(order.locked_asset, needed)
        order.locked = needed

    def allowed(self, order: SimOrder) -> Decimal:
        """See `Clearing.allowed`."""
        return order.remaining

    def settle(self, order: SimOrder, fill: SimFill) -> SimFill:
        """See `Clearing.settle`."""
        setup, account = self._market.setup, order.account
        extra = fill.commission if order.is_buy and fill.commission_asset == setup.quote else Decimal(0)
        paid = fill.cost + extra if order.is_buy else fill.quantity
        reserved = min(order.locked, paid)
        if account.free.get(order.locked_asset, Decimal(0)) < paid - reserved:
            raise rejected("Account has insufficient balance for requested action.")
        self._unlock(order, reserved)
        account.take(order.locked_asset, paid)
        if order.is_buy:
            account.give(setup.base, fill.quantity - (fill.commission - extra))
        else:
            account.give(setup.quote, fill.cost - fill.commission)
        return fill

    def spare(self, order: SimOrder) -> None:
        """See `Clearing.spare`."""
        self._unlock(order, order.locked - min(order.locked, self._needs(order)))

    def release(self, order: SimOrder) -> None:
        """See `Clearing.release`."""
        self._unlock(order, order.locked)

    def _needs(self, order: SimOrder) -> Decimal:
        """What the rest of the order may cost."""
        if not order.is_buy:
            return order.remaining
        fee = max(self._fees.maker, self._fees.taker) if self._fees.asset == "quote" else Decimal(0)
        return (cost_of(self._market, order, order.remaining) * (1 + fee)).quantize(CENT, ROUND_UP)

    @staticmethod
    def _unlock(order: SimOrder, amount: Decimal) -> None:
        order.account.unlock(order.locked_asset, amount)
        order.locked -= amount
