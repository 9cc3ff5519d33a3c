"""One life's trading as a whole: made from a spec and a ticket, run once, stopped from anywhere."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

from loguru import logger

from common.clock import Clock
from common.spec import BotSpec
from common.trading.money import CONTEXT
from common.wire.facts import AnyFact, Checkpoint
from common.wire.messages import Phase
from common.wire.ticket import Ticket
from worker.book.book import Book
from worker.book.labels import Labels
from worker.engine.adoption import adopt
from worker.engine.bell import Bell
from worker.engine.desk import TradingDesk
from worker.engine.earlier import earlier_bars
from worker.engine.hub import REST_AT_MOST, Hub
from worker.engine.order_ids import minting
from worker.engine.place import Place, SimulatedPlace
from worker.engine.recorder import Commit
from worker.engine.resume import Resumption, placed, resume_from
from worker.engine.runtime import run_strategy
from worker.engine.session import Session
from worker.feeds.source import Source, open_source
from worker.progress import Progress
from worker.strategies.contract import BotStrategy
from worker.strategies.registry import load
from worker.venue.port import Venue


class Outcome(StrEnum):
    """How a life's trading ended."""

    FINISHED = "finished"
    """The data came to its end."""
    STOPPED = "stopped"
    """Somebody asked for it."""
    UNSETTLED = "unsettled"
    """The same, and the stop policy waits for an answer of the venue."""


class _StoppedBefore(Exception):
    """A stop was asked for before the market was reached; nothing has happened yet."""


def _always() -> bool:
    return True


class Trading:
    """The trading of one life. `run` belongs to one thread; the other methods may be called from anywhere."""

    def __init__(
        self,
        spec: BotSpec,
        ticket: Ticket,
        checkpoint: Checkpoint | None,
        commit: Commit,
        progress: Progress,
        clock: Clock,
        *,
        strategy: type[BotStrategy] | None = None,
        source: Source | None = None,
        may_buy: Callable[[], bool] = _always,
    ) -> None:
        """`checkpoint` is the newest one known; `strategy` replaces the class that the spec's type names.

        `source` is the spec's data where it is open already; `may_buy`, asked from any thread, whether real entries
        may be sent at this moment.
        """
        self._spec = spec
        self._ticket = ticket
        self._checkpoint = checkpoint
        self._commit = commit
        self._progress = progress
        self._clock = clock
        self._strategy = strategy
        self._source = source
        self._may_buy = may_buy
        self._bell = Bell()
        self._desk: TradingDesk | None = None
        self._hub: Hub | None = None
        self._session: Session | None = None
        self._paused = ticket.paused
        self._throttle = 0.0
        settling = ticket.mode == "settle"
        self._stop = settling
        self._apply_on_stop = settling

    def request_stop(self, apply_on_stop: bool = False) -> None:
        """End between two bars; with `apply_on_stop` follow the bot's stop policy. Safe from a signal handler."""
        self._apply_on_stop = self._apply_on_stop or apply_on_stop
        self._stop = True
        self._bell.ring()

    def set_paused(self, paused: bool) -> None:
        """While paused no entry is made; positions are managed."""
        self._paused = paused
        self._progress.paused = paused
        if self._desk is not None:
            self._desk.paused = paused

    def set_throttle(self, seconds: float) -> None:
        """Wait after each bar: `seconds` (at most REST_AT_MOST), or without a pace of bars as long as was worked."""
        self._throttle = min(max(seconds, 0.0), REST_AT_MOST)
        if self._hub is not None:
            self._hub.rest = self._throttle

    def write_off(self, price: Decimal) -> None:
        """Close the trade at `price` without an order, once nothing of it is under way; from any thread."""
        if self._session is None:
            logger.warning("told to write the position off before trading has begun; nothing is done")
            return
        self._session.write_off(price)
        self._bell.ring()

    def nudge(self) -> None:
        """Have the loop begin a round now, to answer a question."""
        self._bell.ring()

    def run(self) -> Outcome:
        """Trade until the data ends or a stop is asked for.

        Raises ConfigurationError when the data or the past cannot be traded on, and whatever the strategy raises;
        then nothing of the bar in question is recorded.
        """
        decimal.setcontext(CONTEXT.copy())
        self._progress.phase = Phase.WARMING
        self._progress.paused = self._paused
        try:
            return self._run()
        finally:
            self._bell.close()

    def _run(self) -> Outcome:
        strategy, strategy_name = self._strategy_class()
        place = self._place(strategy)
        try:
            return self._trade(place, strategy, strategy_name)
        except _StoppedBefore:
            return Outcome.STOPPED
        finally:
            place.close()

    def _place(self, strategy: type[BotStrategy]) -> Place:
        spec = self._spec
        if spec.data.source != "exchange":
            return SimulatedPlace(spec, lambda: self._source or open_source(spec.data), self._clock)
        # The client library is large: it is imported by lives that trade at an exchange alone.
        from worker.engine.live_place import LivePlace

        return LivePlace(spec, self._ticket, self._clock, self._bell, self._may_buy, strategy.timeframes)

    def _trade(self, place: Place, strategy: type[BotStrategy], strategy_name: str) -> Outcome:
        spec, ticket = self._spec, self._ticket
        source = place.open(None if self._checkpoint is None else self._checkpoint.bar_at, self._still_here)
        book = Book(labels_of(spec, strategy_name), spec.broker.start_balance, spec.broker.commission_rate)
        venue = place.venue(book)
        resumption, news = self._resume(source, book, venue)
        desk = self._desk = TradingDesk(
            spec, book, minting(ticket), resumption.signal_ids, instrument=place.instrument, now=place.now
        )
        desk.paused = self._paused
        session = self._session = place.session(
            book, desk, resumption, self._commit, self._progress, ticket.checkpoint_bars, ticket.metrics_interval
        )
        session.begin(news)
        stream = place.bars(resumption)
        if not self._stop:
            hub = self._hub = Hub(stream, self._bell, self._progress, self._clock)
            hub.rest = self._throttle
            hub.stopping = lambda: self._stop
            hub.before_wait = session.report
            place.attend(hub, session)
            earlier = earlier_bars(source, resumption.start, strategy.timeframes, self._warming_on)
            run_strategy(spec, strategy, desk, session, stream, hub, book, earlier, ticket.plugin_dirs)
        self._progress.phase = Phase.STOPPING
        if stream.finished and not self._stop:
            session.finish()
            return Outcome.FINISHED
        return Outcome.STOPPED if session.stop(self._apply_on_stop) else Outcome.UNSETTLED

    def _still_here(self) -> None:
        self._progress.last_round = self._clock.monotonic()
        if self._stop and not self._apply_on_stop:
            raise _StoppedBefore

    def _warming_on(self) -> bool:
        """Show that a long warm-up lives, and whether it is still wanted."""
        self._progress.last_round = self._clock.monotonic()
        return not self._stop

    def _resume(self, source: Source, book: Book, venue: Venue) -> tuple[Resumption, list[AnyFact]]:
        checkpoint, rows = self._checkpoint, self._ticket.recovery.trades
        if checkpoint is not None:
            resumption = resume_from(self._spec, checkpoint, source, book, venue)
            logger.info("going on after {} with revision {}", resumption.bar_at, resumption.revision)
            return resumption, []
        if rows:
            resumption, news = adopt(self._spec, rows, source, book)
            logger.info("taking over {} recorded trades; going on after {}", len(rows), resumption.bar_at)
            return resumption, [*news, book.account_fact()]
        return placed(self._spec, source, book), [book.account_fact()]

    def _strategy_class(self) -> tuple[type[BotStrategy], str]:
        if self._strategy is not None:
            return self._strategy, self._spec.strategy.type
        loaded = load(self._spec.strategy.type, self._ticket.plugin_dirs)
        for warning in loaded.warnings:
            logger.warning("{}", warning)
        return loaded.cls, loaded.name


def labels_of(spec: BotSpec, strategy_name: str) -> Labels:
    """What every row of this bot carries: names, and the parameters its trades are made under."""
    logics = {"entry_logic": spec.strategy.entry, "exit_logic": spec.strategy.exit}
    details = {
        role: {"name": logic.name, "params": logic.params or logic.logic_params}
        for role, logic in logics.items()
        if logic is not None
    }
    entry, leave = spec.strategy.entry, spec.strategy.exit
    return Labels(
        symbol=spec.symbol,
        interval=spec.data.interval,
        trade_type=spec.broker.trading_mode,
        strategy_name=strategy_name,
        entry_logic_name=entry.name if entry is not None else strategy_name,
        exit_logic_name=leave.name if leave is not None else strategy_name,
        details=details,
    )
