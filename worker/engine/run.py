"""One life's trading as a whole: made from a spec and a ticket, run once, stopped from anywhere."""

from __future__ import annotations

import decimal
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
from worker.engine.recorder import Commit
from worker.engine.resume import Resumption, placed, resume_from
from worker.engine.runtime import run_strategy
from worker.engine.session import Session
from worker.engine.stream import BarStream
from worker.feeds.source import Source, open_source
from worker.progress import Progress
from worker.risk.sizing import affordable, step_of
from worker.strategies.contract import BotStrategy
from worker.strategies.registry import load
from worker.venue.simulated import SimulatedVenue


class Outcome(StrEnum):
    """How a life's trading ended."""

    FINISHED = "finished"
    """The data came to its end."""
    STOPPED = "stopped"
    """Somebody asked for it."""


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
    ) -> None:
        """`checkpoint` is the newest one known; `strategy` replaces the class that the spec's type names.

        `source` is the spec's data where it is open already.
        """
        self._spec = spec
        self._ticket = ticket
        self._checkpoint = checkpoint
        self._commit = commit
        self._progress = progress
        self._clock = clock
        self._strategy = strategy
        self._source = source
        self._bell = Bell()
        self._desk: TradingDesk | None = None
        self._hub: Hub | None = None
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
            return self._run(self._source or open_source(self._spec.data))
        finally:
            self._bell.close()

    def _run(self, source: Source) -> Outcome:
        spec, ticket = self._spec, self._ticket
        strategy, strategy_name = self._strategy_class()
        book = Book(labels_of(spec, strategy_name), spec.broker.start_balance, spec.broker.commission_rate)
        step = step_of(spec.strategy)
        venue = SimulatedVenue(
            spec.broker.paper,
            spec.data.interval_seconds,
            step,
            lambda price, wanted: affordable(book.cash, price, book.rate, wanted, step),
        )
        resumption, news = self._resume(source, book, venue)
        desk = self._desk = TradingDesk(spec, book, minting(ticket), resumption.signal_ids)
        desk.paused = self._paused
        session = Session(
            spec,
            book,
            desk,
            venue,
            resumption,
            self._commit,
            self._progress,
            ticket.checkpoint_bars,
            ticket.metrics_interval,
        )
        session.begin(news)
        stream = BarStream(source.bars(resumption.start), resumption.first_live, spec.data, self._clock)
        if not self._stop:
            hub = self._hub = Hub(stream, self._bell, self._progress, self._clock)
            hub.rest = self._throttle
            hub.stopping = lambda: self._stop
            hub.before_wait = session.report
            earlier = earlier_bars(source, resumption.start, strategy.timeframes, self._warming_on)
            run_strategy(spec, strategy, desk, session, stream, hub, book, earlier, ticket.plugin_dirs)
        self._progress.phase = Phase.STOPPING
        if stream.finished and not self._stop:
            session.finish()
            return Outcome.FINISHED
        session.stop(self._apply_on_stop)
        return Outcome.STOPPED

    def _warming_on(self) -> bool:
        """Show that a long warm-up lives, and whether it is still wanted."""
        self._progress.last_round = self._clock.monotonic()
        return not self._stop

    def _resume(self, source: Source, book: Book, venue: SimulatedVenue) -> tuple[Resumption, list[AnyFact]]:
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
