"""Which fork servers hang: those that owe an answer, and those that do not bury a child that is dead."""

from __future__ import annotations

import time
from collections.abc import Collection

from supervisor.processes.child import is_alive
from supervisor.processes.port import ProcessIdentity
from supervisor.processes.server import ServerProcess

_LOOK_EVERY = 5.0


class Muteness:
    """What was seen of the fork servers' children at the last look."""

    def __init__(self, patience: float) -> None:
        """A child that is dead at two looks has not been buried; `patience` seconds lie between them, 5 at most."""
        self._pause = min(_LOOK_EVERY, patience)
        self._look_at = time.monotonic() + self._pause
        self._dead: frozenset[ProcessIdentity] = frozenset()

    def found(self, servers: Collection[ServerProcess]) -> list[ServerProcess]:
        """Those that hang now. What they have said must have been read before."""
        now = time.monotonic()
        late = [server for server in servers if server.word_due is not None and server.word_due <= now]
        return [*late, *(server for server in self._careless(servers, now) if server not in late)]

    def _careless(self, servers: Collection[ServerProcess], now: float) -> list[ServerProcess]:
        if now < self._look_at:
            return []
        self._look_at = now + self._pause
        children = {child for server in servers for child in server.children.values()}
        before, self._dead = self._dead, frozenset(child for child in children if not is_alive(child))
        long_dead = before & self._dead
        return [server for server in servers if not long_dead.isdisjoint(server.children.values())]
