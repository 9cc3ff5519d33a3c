"""One life's trading, bar by bar.

Within a bar: (a) orders that wait meet the open, (b) stop, trailing stop and target meet the range, (c) at the
close equity is marked and the strategy decides. At its end everything that happened is committed together with
a checkpoint; only then do new orders go to the venue.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from loguru import logger

from common.crash_points import reach
from common.spec import BotSpec
from common.trading.money import decimal_of, round_money
from common.trading.order import OrderType
from common.wire.facts import AnyFact, Checkpoint, FeedFinished, MetricsComputed
from worker.book.book import Book, Fill
from worker.engine import stages
from worker.engine.desk import TradingDesk
from worker.engine.metrics_schedule import MetricsSchedule
from worker.engine.resume import Resumption, checkpoint_state
from worker.feeds.bar import Bar
from worker.progress import Progress
from worker.risk.levels import has_levels, level_hit
from worker.strategies.contract import BotStrategy
from worker.venue.port import Ended, Executed, Venue, VenueEvent


class Commit(Protocol):
    """Records facts and the state after them, together or not at all.

    With `deliver` a checkpoint goes to the supervisor even without facts.
    """

    def __call__(self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False) -> None: ...


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
        self._commit = commit
        self._progress = progress
        self._checkpoint_bars = checkpoint_bars
        self._schedule = MetricsSchedule(metrics_interval)
        self._closed_by: str | None = None
        self._levels = has_levels(spec.risk)
        self._first_live = resumption.first_live
        self._revision = resumption.revision
        self._bar_at = resumption.bar_at
        self._bar_index = resumption.bar_index
        self._close = resumption.close
        self._unsaved_bars = 0
        self._untold = list(resumption.resent)
        self._strategy_state = resumption.strategy_state
        self._strategy: BotStrategy | None = None

    def begin(self, news: Sequence[AnyFact]) -> None:
        """Commit what is known before the first bar, if anything."""
        facts = (*self._book.collect(self._bar_at), *news) if self._book.has_news else tuple(news)
        if facts:
            self._record(facts)

    def attach(self, strategy: BotStrategy) -> None:
        """The runtime has made the strategy: hand it the state of the earlier life."""
        self._strategy = strategy
        if self._resumption.strategy_state is not None:
            strategy.restore(self._resumption.strategy_state)

    def open_bar(self, bar: Bar) -> None:
        """A bar has closed and is looked at: its open and its range first. Indicators are still those before it."""
        live = bar.index >= self._first_live
        self._desk.turn_to(bar, live)
        if bar.index == self._resumption.greet_at:
            self._greet()
        if not live:
            return
        book = self._book
        if book.orders:
            for event in self._venue.match(bar):
                self._take(event)
        if book.trade is not None and not self._desk.leaving:
            self._test_levels(bar)

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

    def report(self) -> None:
        """Tell that the venue has taken the orders of the last bar; called when the loop is about to wait."""
        if self._untold:
            self._tell_accepted()
            self._record(self._book.collect(self._desk.bar.opened_at))

    def finish(self) -> None:
        """The data has ended: what waits is dropped, what is open stays open."""
        at = self._bar_at
        for order in list(self._book.orders.values()):
            self._book.move(order.client_order_id, "expired", at or order.updated_at, "the data ended before its fill")
            self._venue.cancel(order.client_order_id)
        facts = (*self._book.collect(at), FeedFinished(last_bar_at=at))
        self._record(facts, deliver=True)

    def stop(self, apply_policy: bool) -> None:
        """This life ends between two bars; with `apply_policy` the bot was stopped for good."""
        policy = self._spec.trading.on_stop
        self._tell_accepted()
        if apply_policy and policy != "keep":
            self._drop_orders("entry")
            if policy == "close_position" and self._book.trade is not None:
                self._close_out()
        self._record(self._book.collect(self._bar_at), deliver=True)

    def _end_bar(self, bar: Bar) -> None:
        self._bar_at, self._bar_index, self._close = bar.opened_at, bar.index, bar.close
        for dropped in self._desk.dropped:
            self._venue.cancel(dropped)
        self._desk.dropped.clear()
        if self._untold:
            self._tell_accepted()
        self._unsaved_bars += 1
        if self._schedule.is_due(self._progress.last_round):
            self._book.tell_metrics(bar.opened_at)
        told = self._book.has_news
        if told:
            self._record(self._book.collect(bar.opened_at))
        elif self._unsaved_bars >= self._checkpoint_bars:
            self._record(())
        for order in self._desk.take_intents():
            reach("intent.recorded")
            self._venue.submit(order)
            stages.order_sent(order)
            reach("order.submitted")
            self._book.pass_on(order.client_order_id, "submitted", "accepted")
            self._untold.append(order.client_order_id)
            reach("order.accepted")
        if told or self._book.trade is not None or self._progress.equity is None:
            self._show()

    def _take(self, event: VenueEvent) -> None:
        """Apply what the venue reports."""
        book, bar = self._book, self._desk.bar
        if isinstance(event, Ended):
            order = book.move(event.client_order_id, event.status, bar.opened_at, event.reason)
            stages.order_ended(order)
            return
        if not isinstance(event, Executed):
            return
        if event.cut_to is not None:
            book.cut(event.client_order_id, event.cut_to)
        self._execute(event, bar.opened_at, bar.index)

    def _execute(self, event: Executed, at: datetime, index: int) -> None:
        fill = Fill(
            client_order_id=event.client_order_id,
            quantity=event.quantity,
            price=event.price,
            at=at,
            bar=index,
            quality=event.quality,
        )
        reach("fill.before_apply")
        applied = self._book.apply(fill)
        reach("fill.applied")
        order, trade, strategy = applied.order, applied.trade, self._strategy
        stages.filled(order, applied, event.quantity, event.price, self._desk.bar.opened_at)
        if applied.closed:
            self._closed_by = order.correlation_id
        position = self._desk.position
        if applied.opened and strategy is not None and position is not None:
            strategy.on_entry(position)
        if applied.closed and strategy is not None:
            strategy.on_exit(trade.exit_reason or "")

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
                    self._take(event)
        self._book.saw_high(high)

    def _greet(self) -> None:
        """Introduce a position to a strategy that does not know it."""
        position = self._desk.position
        if position is not None and self._strategy is not None:
            self._strategy.on_entry(position)

    def _tell_accepted(self) -> None:
        for client_order_id in self._untold:
            order = self._book.orders.get(client_order_id)
            if order is not None and order.status == "accepted":
                self._book.tell(client_order_id)
        self._untold.clear()

    def _drop_orders(self, purpose: str) -> None:
        for order in list(self._book.orders.values()):
            if order.purpose == purpose:
                at = self._bar_at or order.updated_at
                self._book.move(order.client_order_id, "cancelled", at, "the bot was stopped")
                self._venue.cancel(order.client_order_id)

    def _close_out(self) -> None:
        """Close what is held at the last close, reason `shutdown`."""
        at = self._bar_at
        if at is None or self._close is None or self._bar_index is None:
            logger.warning("no price is known in this market yet; the position stays open")
            return
        self._drop_orders("exit")
        last = Bar(self._bar_index, at, at, self._close, self._close, self._close, self._close, 0.0)
        self._desk.turn_to(last, False)
        order = self._desk.exit_order("shutdown", "market")
        self._book.place(order)
        stages.order_sent(order)
        self._book.pass_on(order.client_order_id, "submitted", "accepted")
        price = decimal_of(self._close)
        done = Executed(client_order_id=order.client_order_id, quantity=order.quantity, price=price)
        self._execute(done, at, self._bar_index)
        self._book.mark(price)

    def _record(self, facts: Sequence[AnyFact], *, deliver: bool = False) -> None:
        self._revision += 1
        self._unsaved_bars = 0
        if self._strategy is not None:
            self._strategy_state = self._strategy.state()
        state = checkpoint_state(
            self._spec,
            book=self._book.state(),
            venue=self._venue.state(),
            strategy_state=self._strategy_state,
            bar_index=self._bar_index,
            close=self._close,
            signal_ids=self._desk.signal_ids,
        )
        checkpoint = Checkpoint(revision=self._revision, bar_at=self._bar_at, state=state)
        if deliver:
            self._commit(facts, checkpoint, deliver=True)
        else:
            self._commit(facts, checkpoint)
        for fact in facts:
            if isinstance(fact, MetricsComputed):
                stages.metrics_written(self._closed_by, fact)
                self._closed_by = None

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
