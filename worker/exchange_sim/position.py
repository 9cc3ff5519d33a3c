"""What a customer holds of a perpetual."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from worker.exchange_sim.setup import CENT


@dataclass(slots=True)
class Position:
    """Of one account in one market."""

    quantity: Decimal = Decimal(0)
    """In base currency; negative when short."""
    entry_price: Decimal = Decimal(0)
    """Mean price, 0 when there is none."""
    margin: Decimal = Decimal(0)
    """Set aside for it, in quote currency."""

    def closed_by(self, change: Decimal) -> Decimal:
        """How much of a change (signed) closes what is held, unsigned."""
        against = self.quantity * change < 0
        return min(abs(change), abs(self.quantity)) if against else Decimal(0)

    def open(self, quantity: Decimal, price: Decimal, margin: Decimal) -> None:
        """Grow; `quantity` has the position's sign."""
        if not quantity:
            return
        cost = abs(self.quantity) * self.entry_price + abs(quantity) * price
        self.quantity += quantity
        self.entry_price = cost / abs(self.quantity)
        self.margin += margin

    def close(self, quantity: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
        """Shrink by `quantity` (unsigned, not more than there is). What margin it frees, and the profit."""
        if not quantity:
            return Decimal(0), Decimal(0)
        freed = (self.margin * quantity / abs(self.quantity)).quantize(CENT, ROUND_DOWN)
        profit = self.profit_at(price) * quantity / abs(self.quantity)
        self.quantity -= quantity if self.quantity > 0 else -quantity
        if not self.quantity:
            freed, self.entry_price = self.margin, Decimal(0)
        self.margin -= freed
        return freed, profit.quantize(CENT, ROUND_DOWN)

    def profit_at(self, price: Decimal) -> Decimal:
        """What closing all of it at `price` brings, in quote currency."""
        return (price - self.entry_price) * self.quantity
