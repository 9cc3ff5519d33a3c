"""Who listens to which account, and telling them."""

from __future__ import annotations

import json
from typing import Any

from worker.exchange_sim.account import Account
from worker.exchange_sim.connection import Connection


class UserStreams:
    """Subscriptions of the websocket API. Owned by the server's event loop."""

    def __init__(self) -> None:
        self._listeners: dict[Connection, tuple[Account, int]] = {}
        self._count = 0

    def subscribe(self, connection: Connection, account: Account) -> int:
        """The subscription's number."""
        number = self._count
        self._count += 1
        self._listeners[connection] = (account, number)
        return number

    def unsubscribe(self, connection: Connection) -> None:
        self._listeners.pop(connection, None)

    def tell(self, account: Account, event: dict[str, Any]) -> None:
        """An event of this account."""
        facts = {
            "account": account.name,
            "symbol": event.get("s", ""),
            "side": event.get("S", ""),
            "type": event.get("o", ""),
        }
        for connection, (whose, number) in list(self._listeners.items()):
            if whose is account:
                connection.publish(json.dumps({"subscriptionId": number, "event": event}), facts)
