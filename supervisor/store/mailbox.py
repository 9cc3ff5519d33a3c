"""What passes between the control thread and the recorder's."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from supervisor.store.claims import Claimant, Liveness
from supervisor.store.commands import Command
from supervisor.store.engine import PoolSettings
from supervisor.store.events import Event
from supervisor.store.outbox import NewsDesk
from supervisor.store.secrets import Keys
from supervisor.store.wake import Wake


class RecorderMeter(Protocol):
    """Who wants to know how fast the database is."""

    def committed(self, entries: int, seconds: float, connections: int) -> None:
        """One transaction of the ledger."""

    def statement(self, seconds: float) -> None:
        """One statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderOptions:
    """How the recorder works."""

    url: str
    pool: PoolSettings = field(default_factory=PoolSettings)
    upgrade: bool = True
    """Bring the schema up to date at start; without it an old schema is refused."""
    claimant: Claimant
    is_alive: Liveness
    takeover: bool = False
    """Take the database from a supervisor of another host that did not release it."""
    expected_uuid: str | None = None
    """Uuid that the state folder remembers; another one is refused. None: first start on this state folder."""
    incarnation_block: int = 1000
    poll_interval: float = 5.0
    """Seconds between full reads of the bots' rows."""
    watch_interval: float = 0.05
    """Seconds between looks at SQLite's data_version."""
    batch_entries: int = 2000
    keys: Keys = tuple
    """Tells the keys of stored credentials, on the recorder's thread."""
    meter: RecorderMeter | None = None
    """Told of transactions and statements, on the recorder's thread."""
    desk: NewsDesk | None = None
    """Without one nothing is put into the outbox."""


class Inbox:
    """Filled by the control thread, emptied by the recorder's; deques are safe for both."""

    def __init__(self) -> None:
        self.entries: deque[tuple[int, int, bytes]] = deque()
        self.commands: deque[Command] = deque()
        self.stop_at: float | None = None
        self.in_work = 0
        self.wake = Wake()


class Outbox:
    """Filled by the recorder's thread, emptied by the control thread."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self.wake = Wake()

    def put(self, event: Event) -> None:
        self._events.append(event)
        self.wake.set()

    def take(self) -> list[Event]:
        self.wake.clear()
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events
