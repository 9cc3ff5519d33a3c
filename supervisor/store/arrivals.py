"""Journal entries between their arrival and their COMMIT."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence

from supervisor.store.delivery import read_submission
from supervisor.store.holding import EVERYBODY, Holds
from supervisor.store.submissions import Submission


class Arrivals:
    """Each bot's entries in order: what waits, what is held back by somebody's lock, what is being written.

    Owned by the recorder's thread. Times are monotonic seconds.
    """

    def __init__(self, waiting: deque[tuple[int, int, bytes]], batch: int) -> None:
        self._waiting = waiting
        self._batch = batch
        self._held: dict[int, list[Submission]] = {}
        """Of bots with locked rows; what comes later of such a bot goes behind."""
        self._holds = Holds("entries")
        self._current: list[Submission] = []
        """Being written; kept until the COMMIT is known."""
        self._was_retry = False
        self._tried = False
        """Whether the database was asked to write them, and nothing was heard yet."""
        self.repeated = False
        """Whether they may have been committed before, the answer lost."""

    def taken(self) -> int:
        """How many are not written yet, without those that wait to be taken."""
        return len(self._current) + sum(map(len, self._held.values()))

    def ready(self, now: float) -> bool:
        """Whether there is something to try now."""
        held = self._holds.held(now)
        if EVERYBODY in held:
            return False
        return bool(self._current or self._waiting) or not held.issuperset(self._held)

    def next_due(self) -> float | None:
        """When entries held back are tried again; None when there are none."""
        return self._holds.next_due()

    def take(self, now: float) -> Sequence[Submission]:
        """The entries to write now: those not known to be written, those held long enough, else those that wait.

        What is tried again goes by itself, so that a lock that still stands costs the others nothing.
        """
        if not self.ready(now):
            return ()
        if not self._current:
            self._current = self._next(now)
        self._tried = bool(self._current)
        return self._current

    def written(self, deferred: Sequence[Submission], locked: Collection[int], now: float) -> None:
        """The batch is committed but for `deferred`, in whose way the locks on the bots `locked` are."""
        self._holds.free({EVERYBODY, *(item.bot_id for item in self._current)}.difference(locked))
        self._holds.hold(locked, now)
        self._defer(deferred)
        self._current = []
        self._tried = self.repeated = False

    def locked_out(self, now: float) -> None:
        """Nothing of the batch was written, for a lock that is no bot's in particular."""
        self._tried = False
        self._holds.hold([EVERYBODY], now)

    def doubt(self) -> None:
        """The connection is lost: what was tried may or may not have been committed."""
        self.repeated = self.repeated or self._tried
        self._tried = False

    def _next(self, now: float) -> list[Submission]:
        """First those that only came behind others' locks in a batch; what met a lock takes turns with what is new."""
        innocent = [bot_id for bot_id in self._held if bot_id not in self._holds]
        if innocent:
            return self._again(innocent)
        if self._was_retry and (fresh := self._fresh()):
            self._was_retry = False
            return fresh
        held = self._holds.held(now)
        retried = self._again([bot_id for bot_id in self._held if bot_id not in held])
        self._was_retry = bool(retried)
        return retried or self._fresh()

    def _again(self, bots: Iterable[int]) -> list[Submission]:
        return [item for bot_id in bots for item in self._held.pop(bot_id)]

    def _fresh(self) -> list[Submission]:
        taken: list[Submission] = []
        while self._waiting and len(taken) < self._batch:
            item = read_submission(*self._waiting.popleft())
            self._held.get(item.bot_id, taken).append(item)
        return taken

    def _defer(self, items: Iterable[Submission]) -> None:
        for item in items:
            self._held.setdefault(item.bot_id, []).append(item)
