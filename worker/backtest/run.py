"""One back-test: the engine over the whole history, then the trades marked on it."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Sequence
from pathlib import Path

from common.clock import Clock, SystemClock
from common.errors import ConfigurationError
from common.spec import BotSpec, read_spec
from common.trading.equity_figures import EquityStatistics
from common.trading.equity_walk import EquityWalk
from common.trading.money import CONTEXT
from common.trading.round_trip import RoundTrip
from common.wire.backtest import BacktestDone, BacktestLine, BacktestRequest, BarsDone, TradeMade
from common.wire.facts import Checkpoint
from common.wire.ticket import LinkTicket, Places, RowFacts, Ticket
from worker.backtest.chart import Chart
from worker.backtest.ledger import Ledger
from worker.engine.resume import history_bars
from worker.engine.run import Trading
from worker.feeds.source import Source, open_source
from worker.progress import Progress

_DAY = 86_400
_DAYS_PER_YEAR = {"crypto": 365, "stock": 252}
_CHECKPOINT_BARS = 256
_TELL_SECONDS = 0.1

Tell = Callable[[BacktestLine], None]


def backtest(request: BacktestRequest, tell: Tell, clock: Clock | None = None) -> BacktestDone:
    """Trade the request's history (or mark its recorded trades) and tell each trade; returns the last line.

    Raises ConfigurationError when config or data cannot be traded on, and whatever the strategy raises.
    """
    decimal.setcontext(CONTEXT.copy())
    spec = _spec_of(request)
    source = open_source(spec.data)
    total = source.length
    if total is None:
        raise ConfigurationError(
            "the simulated market has no end: give data.todate (--to), or a number of bars (--bars)"
        )
    if total == 0:
        raise ConfigurationError("there is no bar to trade: fromdate and todate leave nothing of the data")
    denials: dict[str, int] = {}
    trades: Sequence[RoundTrip] = request.recorded or ()
    if request.recorded is None:
        trades, denials = _trade(spec, request, source, total, tell, clock or SystemClock())
    for trade in trades:
        tell(TradeMade(trade=trade))
    return _marked(spec, source, total, trades, denials, request.most_points)


def _spec_of(request: BacktestRequest) -> BotSpec:
    reading = read_spec(request.config, request.row)
    if reading.spec is None:
        raise ConfigurationError("; ".join(problem.message for problem in reading.errors))
    return reading.spec


def _trade(
    spec: BotSpec, request: BacktestRequest, source: Source, total: int, tell: Tell, clock: Clock
) -> tuple[list[RoundTrip], dict[str, int]]:
    progress = Progress()
    told_at = clock.monotonic()

    def on_commit(checkpoint: Checkpoint | None) -> None:
        nonlocal told_at
        now = clock.monotonic()
        if now - told_at >= _TELL_SECONDS:
            told_at = now
            tell(BarsDone(bars=progress.bars, total=total, bar_at=progress.last_bar_at))

    ledger = Ledger(on_commit)
    tell(BarsDone(bars=0, total=total, bar_at=None))
    Trading(spec, _ticket(request), None, ledger.commit, progress, clock, source=source).run()
    tell(BarsDone(bars=progress.bars, total=total, bar_at=progress.last_bar_at))
    return ledger.trades(), ledger.denials


def _marked(
    spec: BotSpec,
    source: Source,
    total: int,
    trades: Sequence[RoundTrip],
    denials: dict[str, int],
    most_points: int,
) -> BacktestDone:
    start = spec.broker.start_balance
    intraday = spec.data.interval_seconds <= _DAY
    statistics = EquityStatistics(start, _DAYS_PER_YEAR[spec.strategy.asset_type] if intraday else None)
    walk, chart = EquityWalk(start, trades), Chart(total, most_points)
    first = history_bars(spec, source)
    for bar in source.bars():
        equity = walk.close(bar.opened_at, bar.close)
        drawdown = 0.0
        if bar.index >= first:
            drawdown = float(statistics.take(bar.opened_at, bar.open, bar.close, equity, walk.in_position))
        chart.take(bar, float(equity), drawdown)
    return BacktestDone(
        equity=statistics.figures(), denials=denials, chart=chart.points(), bars_per_point=chart.bars_per_point
    )


def _ticket(request: BacktestRequest) -> Ticket:
    """The ticket of a life without a supervisor: there is nobody to reach and nothing to keep."""
    nowhere = Path()
    return Ticket(
        row=RowFacts(bot_id=request.row.bot_id or 1),
        config={},
        bot_uid="backtest",
        install_tag="back",
        incarnation=1,
        generation="",
        link=LinkTicket(endpoint="", token="", heartbeat_interval=1.0, credit=1, orphan_grace=0.0, lease=0.0),
        places=Places(state_dir=nowhere, pid_file=nowhere, log_file=nowhere, output_file=nowhere),
        checkpoint_bars=_CHECKPOINT_BARS,
        process_title="",
        plugin_dirs=request.plugin_dirs,
    )
