"""Writing that waits for room: a full file system is waited for, since a restart would find it as full."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from loguru import logger

from common.clock import Clock
from common.wire.facts import AnyFact, Checkpoint
from worker.link.journal import Journal
from worker.link.segments import JournalError

ROOM_SECONDS = 300.0
"""How long trading waits for a journal that cannot be written before the life fails."""
_LOOK_AGAIN = 0.5


class PatientJournal:
    """A journal whose `append` tries again for a while. Belongs to the trading thread, as the journal does."""

    def __init__(
        self, journal: Journal, clock: Clock, leaving: Callable[[], bool], still_here: Callable[[], None]
    ) -> None:
        """`leaving`: whether waiting is pointless; `still_here` is called while it waits."""
        self._journal = journal
        self._clock = clock
        self._leaving = leaving
        self._still_here = still_here
        self._room = threading.Event()  # never set: a handler that set it could meet itself

    def append(self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool, durable: bool) -> None:
        """As `Journal.append`; with `durable` it is on the disk afterwards. Raises JournalError when it gives up."""
        self._insist(lambda: self._journal.append(facts, checkpoint, deliver=deliver))
        if durable:
            self._insist(self._journal.sync)

    def _insist(self, write: Callable[[], None]) -> None:
        give_up_at = self._clock.monotonic() + ROOM_SECONDS
        told = False
        while True:
            try:
                write()
            except JournalError as error:
                if self._clock.monotonic() >= give_up_at or self._leaving():
                    raise
                if not told:
                    logger.error("Trading waits: {}", error)
                told = True
                self._room.wait(_LOOK_AGAIN)
                self._still_here()
                continue
            if told:
                logger.info("The journal can be written again; trading goes on")
            return
