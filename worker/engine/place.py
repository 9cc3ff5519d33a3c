"""Where one life trades: its data, its venue, and the session that joins them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from common.clock import Clock
from common.spec import BotSpec
from worker.book.book import Book
from worker.engine.bars import Bars
from worker.engine.desk import TradingDesk
from worker.engine.hub import Hub
from worker.engine.recorder import Commit
from worker.engine.resume import Resumption
from worker.engine.session import Session
from worker.engine.stream import BarStream
from worker.feeds.source import Source
from worker.progress import Progress
from worker.risk.instrument import Instrument
from worker.risk.sizing import affordable, step_of
from worker.venue.port import Venue
from worker.venue.simulated import SimulatedVenue


class Place(Protocol):
    """A market to trade in. Belongs to the trading thread: `open`, then the others, `close` last whatever happened."""

    def open(self, last_decided: datetime | None, still_here: Callable[[], None]) -> Source:
        """Connect and read the past; `still_here` is called while it takes its time.

        `last_decided`: timestamp of the last bar that an earlier life decided on. Raises ConfigurationError and what
        the market answers when it cannot be traded.
        """

    @property
    def instrument(self) -> Instrument | None:
        """The market's rules for orders; None: it takes anything."""

    @property
    def now(self) -> Callable[[], datetime] | None:
        """The wall clock of a market that goes on by itself; None: its time is that of its bars."""

    def venue(self, book: Book) -> Venue:
        """Where `book`'s orders go."""

    def session(
        self,
        book: Book,
        desk: TradingDesk,
        resumption: Resumption,
        commit: Commit,
        progress: Progress,
        checkpoint_bars: int,
        metrics_interval: float,
    ) -> Session:
        """What joins them for one life."""

    def bars(self, resumption: Resumption) -> Bars:
        """The bars from where the life takes up."""

    def attend(self, hub: Hub, session: Session) -> None:
        """Let the loop notice what happens between bars."""

    def close(self) -> None:
        """Send nothing more and disconnect."""


class SimulatedPlace:
    """Recorded or generated bars, and fills by rule."""

    instrument: Instrument | None = None
    now: Callable[[], datetime] | None = None

    def __init__(self, spec: BotSpec, source: Callable[[], Source], clock: Clock) -> None:
        self._spec = spec
        self._open = source
        self._clock = clock
        self._source: Source
        self._venue: SimulatedVenue

    def open(self, last_decided: datetime | None, still_here: Callable[[], None]) -> Source:
        """See `Place.open`."""
        self._source = self._open()
        return self._source

    def venue(self, book: Book) -> Venue:
        """See `Place.venue`."""
        spec, step = self._spec, step_of(self._spec.strategy)
        self._venue = SimulatedVenue(
            spec.broker.paper,
            spec.data.interval_seconds,
            step,
            lambda price, wanted: affordable(book.cash, price, book.rate, wanted, step),
        )
        return self._venue

    def session(
        self,
        book: Book,
        desk: TradingDesk,
        resumption: Resumption,
        commit: Commit,
        progress: Progress,
        checkpoint_bars: int,
        metrics_interval: float,
    ) -> Session:
        """See `Place.session`."""
        return Session(
            self._spec,
            book,
            desk,
            self._venue,
            resumption,
            commit,
            progress,
            checkpoint_bars,
            metrics_interval,
        )

    def bars(self, resumption: Resumption) -> Bars:
        """See `Place.bars`."""
        return BarStream(self._source.bars(resumption.start), resumption.first_live, self._spec.data, self._clock)

    def attend(self, hub: Hub, session: Session) -> None:
        """Nothing happens between bars."""

    def close(self) -> None:
        """Nothing is open."""
