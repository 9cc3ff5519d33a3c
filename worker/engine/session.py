"""One life's trading, bar by bar.

Within a bar: (a) orders that wait meet the open, (b) stop, trailing stop and target meet the range, (c) at the
close equity is marked and the strategy decides. At its end everything that happened is committed together with
a checkpoint; only then do new orders go to the venue.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from loguru import logger

from common.spec import BotSpec
from common.trading.money import decimal_of, round_money
from common.trading.order import OrderType
from common.wire.facts import AnyFact, FeedFinished, MetricsComputed
from worker.book.book import Book
from worker.engine import stages
from worker.engine.desk import TradingDesk
from worker.engine.metrics_schedule import MetricsSchedule
from worker.engine.order_flow import OrderFlow
from worker.engine.recorder import Commit, Recorder
from worker.engine.resume import Resumption
from worker.feeds.bar import Bar
from worker.progress import Progress
from worker.risk.levels import has_levels, level_hit
from worker.strategies.contract import BotStrategy
from worker.venue.port import Executed, Venue


class Session:
    """Book, desk, venue and strategy of one life, and what happens to them on a bar."""

    def __init__(
        self,
        spec: BotSpec,
        book: Book,
        desk: TradingDesk,
        venue: Venue,
        resumption: Resumption,
        commit: Commit,
        progress: Progress,
        checkpoint_bars: int,
        metrics_interval: float = 0.0,
    ) -> None:
        """`metrics_interval`: seconds between metrics that no closed trade asks for, 0 = none."""
        self._spec = spec
        self._book = book
        self._desk = desk
        self._venue = venue
        self._resumption = resumption
        self._progress = progress
        self._checkpoint_bars = checkpoint_bars
        self._schedule = MetricsSchedule(metrics_interval)
        self._levels = has_levels(spec.risk)
        self._recorder = Recorder(spec, book, desk, venue, resumption, commit)
        self._flow = OrderFlow(book, desk, venue, resumption.resent)
        self._strategy: BotStrategy | None = None
        self._durable = False

    def begin(self, news: Sequence[AnyFact]) -> None:
        """Commit what is known before the first bar, if anything."""
        facts = (*self._book.collect(self._recorder.bar_at), *news) if self._book.has_news else tuple(news)
        if facts:
            self._record(facts)

    def write_off(self, price: Decimal) -> None:
        """Close the trade at `price` without an order; from any thread, and only where orders leave the process."""
        logger.warning("told to write the position off at {}; its fills are simulated here, so it is there", price)

    def attach(self, strategy: BotStrategy) -> None:
        """The runtime has made the strategy: hand it the state of the earlier life."""
        self._strategy = self._flow.strategy = self._recorder.strategy = strategy
        if self._resumption.strategy_state is not None:
            strategy.restore(self._resumption.strategy_state)

    def open_bar(self, bar: Bar) -> None:
        """A bar has closed and is looked at: its open and its range first. Indicators are still those before it."""
        live = bar.index >= self._resumption.first_live
        self._desk.turn_to(bar, live)
        if bar.index == self._resumption.greet_at:
            self._greet()
        if live:
            self._meet(bar)

    def close_bar(self, ready: bool) -> None:
        """Indicators have taken the bar in: mark, decide, record."""
        desk, progress = self._desk, self._progress
        bar = desk.bar
        progress.bars += 1
        progress.last_bar_at = bar.opened_at
        if not desk.may_evaluate:
            return
        book = self._book
        if book.trade is not None or book.curve.equity is not book.cash:
            book.mark(decimal_of(bar.close))
        if ready and self._strategy is not None:
            desk.deciding = True
            try:
                self._strategy.on_bar()
            finally:
                desk.deciding = False
        self._end_bar(bar)

    def pump(self) -> None:
        """Nothing happens between the bars of a recorded market."""

    def report(self) -> None:
        """Tell that the venue has taken the orders of the last bar; called when the loop is about to wait."""
        if self._flow.has_untold:
            self._flow.tell_accepted()
            self._record(self._book.collect(self._desk.bar.opened_at))

    def finish(self) -> None:
        """The data has ended: what waits is dropped, what is open stays open."""
        at = self._recorder.bar_at
        for order in list(self._book.orders.values()):
            self._book.move(order.client_order_id, "expired", at or order.updated_at, "the data ended before its fill")
            self._venue.cancel(order.client_order_id)
        self._record((*self._book.collect(at), FeedFinished(last_bar_at=at)), deliver=True)

    def stop(self, apply_policy: bool) -> bool:
        """This life ends between two bars; with `apply_policy` the bot was stopped for good.

        False when the venue still owes an answer that a stopped bot must not be without.
        """
        policy = self._spec.trading.on_stop
        self._flow.tell_accepted()
        if apply_policy and policy != "keep":
            self._flow.drop("entry", self._recorder.bar_at, "the bot was stopped")
            if policy == "close_position" and self._book.trade is not None:
                self._close_out()
        self._record(self._book.collect(self._recorder.bar_at), deliver=True)
        return True

    def _meet(self, bar: Bar) -> None:
        """What a live bar does to orders and levels."""
        book = self._book
        if book.orders:
            for event in self._venue.match(bar):
                self._flow.take(event, bar.opened_at, bar.index)
        if book.trade is not None and not self._desk.leaving:
            self._test_levels(bar)

    def _end_bar(self, bar: Bar) -> None:
        recorder, flow = self._recorder, self._flow
        recorder.decided(bar)
        for dropped in self._desk.dropped:
            self._venue.cancel(dropped)
        self._desk.dropped.clear()
        if flow.has_untold:
            flow.tell_accepted()
        if self._schedule.is_due(self._progress.last_round):
            self._book.tell_metrics(bar.opened_at)
        told = self._book.has_news
        if told:
            self._record(self._book.collect(bar.opened_at), durable=self._durable)
        elif recorder.unsaved_bars >= self._checkpoint_bars:
            self._record(())
        self._send_intents()
        if told or self._book.trade is not None or self._progress.equity is None:
            self._show()

    def _send_intents(self) -> None:
        """Orders whose intent is recorded go to the venue."""
        for order in self._desk.take_intents():
            self._flow.send(order)

    def _test_levels(self, bar: Bar) -> None:
        """(b): levels known before the bar against its range, then its high into the trade's highest."""
        trade = self._book.trade
        if trade is None:
            return
        high = decimal_of(bar.high)
        if self._levels:
            prices = decimal_of(bar.open), high, decimal_of(bar.low)
            fresh = bar.index == trade.entry_bar
            hit = level_hit(self._spec.risk, trade.entry_price, trade.highest, prices, fresh)
            if hit is not None:
                self._desk.drop_entries("the position is being left")
                kind: OrderType = "take_profit" if hit.reason == "take_profit" else "stop"
                order = self._desk.exit_order(hit.reason, kind, hit.level)
                self._book.place(order)
                stages.order_sent(order)
                self._book.pass_on(order.client_order_id, "submitted", "accepted")
                for event in self._venue.trigger(order, hit.price):
                    self._flow.take(event, bar.opened_at, bar.index)
        self._book.saw_high(high)

    def _greet(self) -> None:
        """Introduce a position to a strategy that does not know it."""
        position = self._desk.position
        if position is not None and self._strategy is not None:
            self._strategy.on_entry(position)

    def _close_out(self) -> None:
        """Close what is held at the last close, reason `shutdown`."""
        at, close, index = self._recorder.bar_at, self._recorder.close, self._recorder.bar_index
        if at is None or close is None or index is None:
            logger.warning("no price is known in this market yet; the position stays open")
            return
        self._flow.drop("exit", at, "the bot was stopped")
        self._desk.turn_to(Bar(index, at, at, close, close, close, close, 0.0), False)
        order = self._desk.exit_order("shutdown", "market")
        self._book.place(order)
        stages.order_sent(order)
        self._book.pass_on(order.client_order_id, "submitted", "accepted")
        price = decimal_of(close)
        done = Executed(client_order_id=order.client_order_id, quantity=order.quantity, price=price)
        self._flow.execute(done, at, index)
        self._book.mark(price)

    def _record(self, facts: Sequence[AnyFact], *, deliver: bool = False, durable: bool = False) -> None:
        self._recorder.record(facts, deliver=deliver, durable=durable)
        for fact in facts:
            if isinstance(fact, MetricsComputed):
                stages.metrics_written(self._flow.closed_by, fact)
                self._flow.closed_by = None

    def _show(self) -> None:
        """Refresh what the heartbeat carries."""
        progress, trade = self._progress, self._book.trade
        progress.equity = text_of(self._book.curve.equity)
        if trade is None:
            progress.position = None
        else:
            progress.position = f"long {text_of(trade.open_quantity)} @ {text_of(trade.entry_price)}"


def text_of(amount: Decimal) -> str:
    """`amount` rounded to 8 places without trailing zeros."""
    return f"{round_money(amount).normalize():f}"
