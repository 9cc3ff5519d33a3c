"""Who listens to which account, and telling them."""

from __future__ import annotations

import json
from typing import Any

from worker.exchange_sim.account import Account
from worker.exchange_sim.connection import Connection


class UserStreams:
    """Subscriptions to the events of accounts. Owned by the server's event loop."""

    def __init__(self) -> None:
        self._listeners: dict[Connection, tuple[Account, int | None]] = {}
        """Whose events, and the subscription's number where they are wrapped with it."""
        self._count = 0

    def subscribe(self, connection: Connection, account: Account, *, wrapped: bool = True) -> int:
        """The subscription's number; `wrapped`: each event is sent with it."""
        number = self._count
        self._count += 1
        self._listeners[connection] = (account, number if wrapped else None)
        return number

    def unsubscribe(self, connection: Connection) -> None:
        self._listeners.pop(connection, None)

    def tell(self, account: Account, event: dict[str, Any]) -> None:
        """An event of this account."""
        inner = event.get("o")
        order = inner if isinstance(inner, dict) else event
        facts = {
            "account": account.name,
            "symbol": order.get("s", ""),
            "side": order.get("S", ""),
            "type": order.get("o", ""),
        }
        for connection, (whose, number) in list(self._listeners.items()):
            if whose is account:
                told = event if number is None else {"subscriptionId": number, "event": event}
                connection.publish(json.dumps(told), facts)
