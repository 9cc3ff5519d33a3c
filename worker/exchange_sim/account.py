"""A customer's money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from worker.exchange_sim.refusal import insufficient
from worker.exchange_sim.setup import AccountSetup


class Account:
    """What one customer has, free or reserved for open orders; no amount is ever negative."""

    def __init__(self, setup: AccountSetup, balances: Mapping[str, Decimal]) -> None:
        self.name = setup.name
        self.api_key = setup.api_key
        self.secret = setup.secret
        self.free: dict[str, Decimal] = dict(balances)
        self.locked: dict[str, Decimal] = {}

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

    @property
    def assets(self) -> list[str]:
        """Every currency that was ever there."""
        return sorted({*self.free, *self.locked})
