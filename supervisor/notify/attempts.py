"""Attempts under way, each on a thread of its own, at most one for each target.

Belongs to the postman's thread; the threads hand their receipts over by a queue. An attempt that does not end in time
is told as late and awaited no longer; its target stays busy until the thread has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from supervisor.notify.parcel import Parcel, Receipt
from supervisor.notify.sender import Sender
from supervisor.store.post_office import Claimed

_MOST = 32
"""Attempts that are awaited at once."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One message on its way."""

    target: str
    channel: str
    claimed: Sequence[Claimed]
    deadline: float
    """Monotonic."""
    late: bool = False


class Attempts:
    """Starts them and collects what became of them."""

    def __init__(self, sender: Sender, wake: Callable[[], None]) -> None:
        self._sender = sender
        self._wake = wake
        self._under_way: dict[str, Attempt] = {}
        self._done: SimpleQueue[tuple[Attempt, Receipt]] = SimpleQueue()

    @property
    def room(self) -> bool:
        """Whether another may begin."""
        return self.awaited < _MOST

    @property
    def awaited(self) -> int:
        """How many are not late yet."""
        return sum(not attempt.late for attempt in self._under_way.values())

    def next_deadline(self) -> float | None:
        """Monotonic time at which the next of them is late."""
        return min((one.deadline for one in self._under_way.values() if not one.late), default=None)

    def begin(self, attempt: Attempt, parcel: Parcel) -> None:
        """Send it. Raises RuntimeError when the system allows no further thread."""
        name = f"news to {attempt.channel}"
        thread = threading.Thread(target=self._send, args=(attempt, parcel), name=name, daemon=True)
        self._under_way[attempt.target] = attempt
        try:
            thread.start()
        except RuntimeError:
            del self._under_way[attempt.target]
            raise

    def _send(self, attempt: Attempt, parcel: Parcel) -> None:
        receipt = self._sender.send(parcel)
        self._done.put((attempt, receipt))
        self._wake()

    def ended(self) -> Iterator[tuple[Attempt, Receipt]]:
        """Those that have ended since the last call, also late ones."""
        while True:
            try:
                attempt, receipt = self._done.get_nowait()
            except Empty:
                return
            del self._under_way[attempt.target]
            yield attempt, receipt

    def not_settled(self, attempt: Attempt, receipt: Receipt) -> None:
        """What became of it could not be written down: it is told again."""
        self._under_way[attempt.target] = attempt
        self._done.put((attempt, receipt))

    def newly_late(self, now: float) -> list[Attempt]:
        """Those that have become late, each once."""
        late = [one for one in self._under_way.values() if not one.late and now >= one.deadline]
        for attempt in late:
            attempt.late = True
        return late
