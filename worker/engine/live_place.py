"""A market that goes on by itself: its candles as they close, orders at an exchange or in a simulated account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from common.clock import Clock
from common.errors import ConfigurationError
from common.identity import client_order_prefix
from common.spec import BotSpec
from common.wire.ticket import Ticket
from worker.book.book import Book
from worker.engine.arriving import ArrivingBars
from worker.engine.bars import Bars
from worker.engine.bell import Bell
from worker.engine.desk import TradingDesk
from worker.engine.hub import Hub
from worker.engine.live_session import LiveSession
from worker.engine.recorder import Commit
from worker.engine.resume import Resumption
from worker.engine.session import Session
from worker.feeds.bar_grid import BarGrid
from worker.feeds.bar_inbox import BarInbox
from worker.feeds.live_candles import LiveCandles
from worker.feeds.live_source import LiveSource, first_live, history_length
from worker.feeds.source import Source
from worker.progress import Progress
from worker.risk.instrument import Instrument
from worker.venue.exchange.exchange import CcxtExchange
from worker.venue.exchange_port import Exchange, ExchangeUnavailable, MarginTerms
from worker.venue.live.live_venue import LiveVenue
from worker.venue.live.terms import Terms
from worker.venue.paper import PaperExchange
from worker.venue.port import Venue

CONNECT_SECONDS = 60.0
"""How long a life tries to reach its exchange before it leaves the next try to its successor."""
_LOOK = 0.2


class LivePlace:
    """One market at an exchange; with real orders when the bot is live, else with simulated fills."""

    def __init__(
        self,
        spec: BotSpec,
        ticket: Ticket,
        clock: Clock,
        bell: Bell,
        may_buy: Callable[[], bool],
        timeframes: Sequence[str],
    ) -> None:
        """`may_buy`: whether the lease allows new risk, from any thread; `timeframes`: longer bars of the strategy."""
        self._spec = spec
        self._clock = clock
        self._bell = bell
        self._settle_grace = ticket.settle_grace
        self._grid = BarGrid(spec.data.bar_interval)
        self._inbox = BarInbox(bell.ring)
        market = _market_of(spec, ticket, clock)
        simulated = ticket.exchange is not None and ticket.exchange.mode == "public"
        exchange: Exchange = PaperExchange(market, spec.broker, clock) if simulated else market
        prefix = client_order_prefix(ticket.install_tag, ticket.row.bot_id)
        terms = Terms(limit_timeout=spec.trading.limit_timeout or spec.data.interval_seconds)
        self._venue = LiveVenue(exchange, _account(spec), prefix, terms, clock, bell.ring, may_buy)
        market.on_outage = self._venue.outage
        wanted = history_length(spec.data.lookback_bars, spec.data.bar_interval, timeframes)
        self._candles = LiveCandles(exchange, self._grid, wanted, clock, self._inbox, self._venue.report)
        self._venue.thread.also(self._candles.run)
        self._source: LiveSource

    def open(self, last_decided: datetime | None, still_here: Callable[[], None]) -> Source:
        """See `Place.open`."""
        give_up_at = self._clock.monotonic() + CONNECT_SECONDS
        if last_decided is not None:
            self._candles.reach_back(last_decided)
        self._venue.start(CONNECT_SECONDS, still_here)
        while not self._candles.loaded.wait(_LOOK):
            still_here()
            if self._venue.thread.failure is not None:
                raise self._venue.thread.failure
            if self._clock.monotonic() > give_up_at:
                where = f"{self._spec.symbol} at {self._spec.broker.exchange}"
                raise ExchangeUnavailable(f"no candles of {where} within {CONNECT_SECONDS:.0f} s")
        history = self._candles.history
        live_from = first_live(self._grid, history, self._candles.now(), last_decided)
        self._source = LiveSource(self._grid, history, self._spec.data.lookback_bars, live_from)
        return self._source

    @property
    def instrument(self) -> Instrument | None:
        """See `Place.instrument`."""
        market = self._venue.market
        return Instrument(
            amount_step=market.amount_step,
            price_step=market.price_step,
            min_amount=market.min_amount,
            max_amount=market.max_amount,
            min_cost=market.min_cost,
            small_exits=market.kind == "linear",
        )

    @property
    def now(self) -> Callable[[], datetime] | None:
        """See `Place.now`."""
        return self._clock.now

    def venue(self, book: Book) -> Venue:
        """See `Place.venue`."""
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
        instrument = self.instrument
        if instrument is None:
            raise ConfigurationError("the market is not known")
        book.too_little = instrument.too_little
        desk.blocked = self._venue.blocked
        session = LiveSession(
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
        session.equip(
            instrument,
            self._clock,
            self._bell.wait,
            durable=self._spec.broker.live,
            settle_grace=self._settle_grace,
        )
        return session

    def bars(self, resumption: Resumption) -> Bars:
        """See `Place.bars`."""
        return ArrivingBars(self._source.bars(resumption.start), resumption.first_live, self._inbox)

    def attend(self, hub: Hub, session: Session) -> None:
        """See `Place.attend`."""
        if isinstance(session, LiveSession):
            hub.each_round = session.pump

    def close(self) -> None:
        """See `Place.close`."""
        self._venue.close()


def _market_of(spec: BotSpec, ticket: Ticket, clock: Clock) -> CcxtExchange:
    if ticket.exchange is None:
        raise ConfigurationError(
            f"bot {ticket.row.bot_id} trades at {spec.broker.exchange} and was given no access to it; restart it"
        )
    broker = spec.broker
    terms = MarginTerms(leverage=spec.trading.leverage, margin_mode=broker.margin_mode)
    return CcxtExchange(ticket.exchange, spec.symbol, broker.market_type, spec.data.interval, clock, terms)


def _account(spec: BotSpec) -> str:
    broker = spec.broker
    mode = "simulated" if not broker.live else "test network" if broker.testnet else "live"
    owner = f", {broker.credentials}" if broker.credentials is not None else ""
    return f"{broker.exchange} {mode}{owner}, {broker.market_type} {spec.symbol}"
