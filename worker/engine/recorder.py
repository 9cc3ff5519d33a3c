"""What a life writes down: facts together with the state after them, and how far in the data that state is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from common.spec import BotSpec
from common.wire.facts import AnyFact, Checkpoint
from worker.book.book import Book
from worker.engine.desk import TradingDesk
from worker.engine.resume import Resumption, checkpoint_state
from worker.feeds.bar import Bar
from worker.strategies.contract import BotStrategy
from worker.venue.port import Venue


class Commit(Protocol):
    """Records facts and the state after them, together or not at all.

    With `deliver` a checkpoint goes to the supervisor even without facts; with `durable` it is on the disk when the
    call returns.
    """

    def __call__(
        self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, durable: bool = False
    ) -> None: ...


class Recorder:
    """The state of one life as the next one will find it."""

    def __init__(
        self, spec: BotSpec, book: Book, desk: TradingDesk, venue: Venue, resumption: Resumption, commit: Commit
    ) -> None:
        self._spec = spec
        self._book = book
        self._desk = desk
        self._venue = venue
        self._commit = commit
        self._revision = resumption.revision
        self._strategy_state: dict[str, Any] | None = resumption.strategy_state
        self.strategy: BotStrategy | None = None
        """None before the runtime has made it: then its state is the one resumed from."""
        self.bar_at: datetime | None = resumption.bar_at
        """Timestamp of the last decided bar."""
        self.bar_index: int | None = resumption.bar_index
        self.close: float | None = resumption.close
        self.unsaved_bars = 0
        """Bars decided since the last record."""

    def decided(self, bar: Bar) -> None:
        """`bar` is decided; the next record says so."""
        self.bar_at, self.bar_index, self.close = bar.opened_at, bar.index, bar.close
        self.unsaved_bars += 1

    def record(self, facts: Sequence[AnyFact], *, deliver: bool = False, durable: bool = False) -> None:
        """Commit `facts` with the present state. Raises JournalError."""
        self._revision += 1
        self.unsaved_bars = 0
        if self.strategy is not None:
            self._strategy_state = self.strategy.state()
        state = checkpoint_state(
            self._spec,
            book=self._book.state(),
            venue=self._venue.state(),
            strategy_state=self._strategy_state,
            bar_index=self.bar_index,
            close=self.close,
            signal_ids=self._desk.signal_ids,
        )
        checkpoint = Checkpoint(revision=self._revision, bar_at=self.bar_at, state=state)
        self._commit(facts, checkpoint, deliver=deliver, durable=durable)
