"""What the instrument's market accepts: steps and least amounts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.trading.money import round_down
from worker.risk.denial import Denial

_LEAST_COST = "min_notional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Quantities in units of the instrument, prices and costs in quote currency; 0 = no such rule."""

    amount_step: Decimal
    """Quantities are multiples of it."""
    price_step: Decimal = Decimal(0)
    """Prices are multiples of it."""
    min_amount: Decimal = Decimal(0)
    max_amount: Decimal | None = None
    min_cost: Decimal = Decimal(0)
    """Least quantity × price of an order."""
    small_exits: bool = False
    """Whether an order that closes a position may be worth less than that, as with perpetuals."""

    def amount(self, quantity: Decimal) -> Decimal:
        """`quantity` rounded down to the step, at most the largest order."""
        if self.max_amount is not None:
            quantity = min(quantity, self.max_amount)
        return round_down(quantity, self.amount_step) if quantity > 0 else Decimal(0)

    def price(self, price: Decimal) -> Decimal:
        """`price` rounded down to the step: a buyer never bids more than was decided."""
        return round_down(price, self.price_step) if self.price_step > 0 else price

    def refuses(self, quantity: Decimal, price: Decimal) -> Denial | None:
        """Why the market takes no order of `quantity` at `price`; None when it does."""
        if quantity < self.min_amount or quantity <= 0:
            message = f"{quantity:f} is less than the {self.min_amount:f} that the market takes"
            return Denial(rule="min_amount", message=message, limit=f"{self.min_amount:f}", value=f"{quantity:f}")
        cost = quantity * price
        if cost < self.min_cost:
            message = f"{quantity:f} at {price:f} is worth {cost:f}; the market takes no order below {self.min_cost:f}"
            return Denial(rule=_LEAST_COST, message=message, limit=f"{self.min_cost:f}", value=f"{cost:f}")
        return None

    def too_little(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether `quantity` cannot be sold at `price`."""
        denial = self.refuses(self.amount(quantity), price)
        return denial is not None and not (self.small_exits and denial.rule == _LEAST_COST)
