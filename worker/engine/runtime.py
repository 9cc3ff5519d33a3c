"""backtrader's cerebro, set up for one bot: one feed, one strategy, no observers, bounded lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from common.spec import BotSpec
from common.spec.intervals import Interval
from worker.book.book import Book
from worker.engine.backtrader_import import bt
from worker.engine.bars import Bars
from worker.engine.broker import MirrorBroker
from worker.engine.feed import ClosedBars
from worker.engine.hub import Hub
from worker.engine.session import Session
from worker.feeds.bar import Bar
from worker.strategies.contract import BotStrategy, Desk


class Cerebro(bt.Cerebro):  # type: ignore[misc]  # backtrader is untyped
    """Without the summary that backtrader compiles for writers after each run."""

    def stop_writers(self, runstrats: list[Any]) -> None:
        """No writers are used."""


def run_strategy(
    spec: BotSpec,
    strategy: type[BotStrategy],
    desk: Desk,
    session: Session,
    stream: Bars,
    hub: Hub,
    book: Book,
    earlier: Iterator[Bar],
    plugin_dirs: Sequence[Path] = (),
) -> None:
    """Run `strategy` over `stream` until the data ends or the hub ends the loop. What the strategy raises comes out.

    `earlier` are bars before the stream's first, for the strategy's longer bars only; mixins of plugins are looked for
    in `plugin_dirs`.
    """
    cerebro = Cerebro(stdstats=False, quicknotify=True, exactbars=1, preload=False, runonce=False, live=True)
    timeframe, compression = timeframe_of(spec.data.bar_interval)
    feed = ClosedBars(stream=stream, name=spec.symbol, timeframe=timeframe, compression=compression)
    broker = MirrorBroker(book, session)
    broker.feed = feed
    hub.end_loop = cerebro.runstop
    cerebro.setbroker(broker)
    cerebro.addstore(hub)
    cerebro.adddata(feed)
    cerebro.addstrategy(strategy, desk=desk, spec=spec, loop=session, earlier=earlier, plugin_dirs=plugin_dirs)
    cerebro.run()


def timeframe_of(interval: Interval) -> tuple[int, int]:
    """backtrader's (timeframe, compression) of an interval."""
    if interval.by_calendar:
        return (bt.TimeFrame.Months if interval.length is None else bt.TimeFrame.Weeks), 1
    for seconds, timeframe in ((86_400, bt.TimeFrame.Days), (60, bt.TimeFrame.Minutes)):
        if interval.seconds % seconds == 0:
            return timeframe, interval.seconds // seconds
    return bt.TimeFrame.Seconds, interval.seconds
