"""One request, whichever way it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from worker.exchange_sim.account import Account
from worker.exchange_sim.faults import Fault
from worker.exchange_sim.house import House
from worker.exchange_sim.order import SimOrder
from worker.exchange_sim.refusal import Refusal, missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an operation is given to work on."""

    house: House
    params: Mapping[str, str]
    customer: Account | None = None
    """Whose key it bears; set for every signed operation."""
    fault: Fault | None = None
    """What a new order shall suffer from."""
    known_until: int | None = None
    """A fault: orders made after this moment (ms) are not seen by this request."""

    @property
    def account(self) -> Account:
        """Raises Refusal without a key."""
        if self.customer is None:
            raise Refusal(-2014, "API-key format invalid.", 401)
        return self.customer

    def refuse_by_fault(self) -> None:
        """Raises the Refusal that a fault wants for a new order."""
        if self.fault is not None and self.fault.rule.fault == "reject":
            raise Refusal(self.fault.rule.code, self.fault.rule.message)

    def text(self, name: str) -> str:
        """Raises Refusal when it was not sent."""
        value = self.params.get(name, "")
        if not value:
            raise missing(name)
        return value

    def whole(self, name: str) -> int | None:
        """None when it was not sent. Raises Refusal when it is no number."""
        value = self.params.get(name, "")
        if not value:
            return None
        try:
            return int(value)
        except ValueError:
            raise Refusal(-1100, f"Illegal characters found in parameter '{name}'.") from None

    def limit(self, default: int, most: int) -> int:
        """The parameter of that name, within bounds."""
        given = self.whole("limit")
        return default if given is None else max(1, min(given, most))

    def sees(self, order: SimOrder) -> bool:
        """Whether this request may know of this order."""
        mine = order.account is self.customer and not order.forgotten
        return mine and (self.known_until is None or order.created <= self.known_until)

    def my_orders(self, market_id: str | None = None) -> list[SimOrder]:
        """Oldest first."""
        return [
            order
            for order in self.house.orders.values()
            if self.sees(order) and (market_id is None or order.symbol == market_id)
        ]
