"""A customer's money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

from worker.exchange_sim.position import Position
from worker.exchange_sim.refusal import insufficient
from worker.exchange_sim.setup import CENT, AccountSetup


class Account:
    """What one customer has, free or reserved for open orders; no amount is ever negative."""

    def __init__(self, setup: AccountSetup, balances: Mapping[str, Decimal]) -> None:
        self.name = setup.name
        self.api_key = setup.api_key
        self.secret = setup.secret
        self.listen_key = f"listen-{setup.name}-{setup.api_key}"
        """Names its user stream where that is not asked for with a signature."""
        self.free: dict[str, Decimal] = dict(balances)
        self.locked: dict[str, Decimal] = {}
        self.hedged = setup.hedged
        """Perpetuals: whether long and short positions are kept apart."""
        self.positions: dict[str, Position] = {}
        """Perpetuals, by market id."""
        self.leverage: dict[str, int] = {}
        self.margin_modes: dict[str, str] = {}
        """CROSSED or ISOLATED, by market id; kept and told, without effect here."""
        self._usual_leverage = setup.leverage

    def lock(self, asset: str, amount: Decimal) -> None:
        """Reserve. Raises Refusal when so much is not free."""
        self.take(asset, amount)
        self.locked[asset] = self.locked.get(asset, Decimal(0)) + amount

    def unlock(self, asset: str, amount: Decimal) -> None:
        """What was reserved becomes free."""
        self.locked[asset] -= amount
        self.give(asset, amount)

    def take(self, asset: str, amount: Decimal) -> None:
        """Pay from what is free. Raises Refusal when it is too little."""
        if self.free.get(asset, Decimal(0)) < amount:
            raise insufficient()
        self.free[asset] = self.free.get(asset, Decimal(0)) - amount

    def give(self, asset: str, amount: Decimal) -> None:
        """Receive."""
        self.free[asset] = self.free.get(asset, Decimal(0)) + amount

    def position_in(self, market_id: str) -> Position:
        """What is held of this perpetual."""
        return self.positions.setdefault(market_id, Position())

    def leverage_of(self, market_id: str) -> int:
        """What a position's cost is divided by for its margin."""
        return self.leverage.get(market_id, self._usual_leverage)

    def margin_for(self, market_id: str, cost: Decimal) -> Decimal:
        """What is set aside for a position of this cost, in quote currency."""
        return (cost / self.leverage_of(market_id)).quantize(CENT, ROUND_UP)

    def move_position(self, market_id: str, asset: str, change: Decimal, price: Decimal) -> Decimal:
        """Change a position by so much (signed) at `price`: margin and profit in `asset`. The profit."""
        position = self.position_in(market_id)
        closed = position.closed_by(change)
        opened = abs(change) - closed
        margin = self.margin_for(market_id, opened * price)
        freed, profit = position.close(closed, price)
        position.open(opened if change > 0 else -opened, price, margin)
        self.free[asset] = self.free.get(asset, Decimal(0)) + freed + profit - margin
        self.locked[asset] = self.locked.get(asset, Decimal(0)) + margin - freed
        return profit

    @property
    def assets(self) -> list[str]:
        """Every currency that was ever there."""
        return sorted({*self.free, *self.locked})
