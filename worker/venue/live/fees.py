"""What an execution cost, in the currency the book counts in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from worker.venue.exchange_port import Execution, Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Commission of one execution."""

    commission: Decimal
    """In quote currency."""
    base_fee: Decimal = Decimal(0)
    """What was kept back of the instrument itself, in its units; its worth is in `commission`."""
    estimated: bool = False
    """The exchange told none, or one in a currency without a price here; it is the market's rate × notional."""


def charge_of(execution: Execution, market: Market, rate: Decimal) -> Charge:
    """The charge for `execution`; `rate` is the fraction of the notional to assume where the fee cannot be counted."""
    fee, currency = execution.fee, execution.fee_currency
    if currency == market.quote or (currency is not None and fee == 0):
        return Charge(commission=fee)
    if currency == market.base:
        kept_back = fee if market.kind == "spot" else Decimal(0)  # a perpetual's position stays whole
        return Charge(commission=fee * execution.price, base_fee=kept_back)
    return estimate(execution.quantity, execution.price, rate)


def estimate(quantity: Decimal, price: Decimal, rate: Decimal) -> Charge:
    """The charge to assume for an execution whose fee is not known."""
    return Charge(commission=quantity * price * rate, estimated=True)
