"""Taking over a bot of the earlier service, which left trades in the database and no checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from common.errors import ConfigurationError
from common.spec import BotSpec
from common.wire.facts import AnyFact, IncidentReported
from common.wire.ticket import TradeRow
from worker.book.book import Book
from worker.book.trade import Trade
from worker.engine.resume import Resumption, placed, refuse_other_symbol
from worker.feeds.source import Source

_INSTANT = timedelta(microseconds=1)


def adopt(spec: BotSpec, rows: Sequence[TradeRow], source: Source, book: Book) -> tuple[Resumption, list[AnyFact]]:
    """Rebuild money, counters and the open position from `rows` (oldest first), and find the place to go on.

    The data is replayed after the entry of the open trade, else after the last exit, when that moment lies inside
    the data; from its beginning otherwise. Raises ConfigurationError for an open trade that cannot be managed.
    """
    _replay_closed([row for row in rows if row.status == "closed"], book)
    open_rows = [row for row in rows if row.status == "open"]
    news: list[AnyFact] = []
    moment = max((at for row in rows if (at := _aware(row.exit_time)) is not None), default=None)
    trade = None
    if open_rows:
        trade = _open_trade(spec, open_rows[-1], book)
        moment = trade.entry_time
        news += [_left_behind(row, trade) for row in open_rows[:-1]]
    decided = _decided(source, moment)
    if trade is not None:
        trade.entry_bar = source.rows_until(trade.entry_time) - 1 if decided else 0
        book.trade = trade
        book.cash -= trade.entry_value + trade.entry_commission
        news.append(trade.position_fact(book.labels))
    if not decided:
        return placed(spec, source, book), news
    last = next(source.bars(decided - 1), None)
    if last is None or last.index >= decided:  # a live market's past begins later than that
        return placed(spec, source, book, decided=decided), news
    resumption = placed(
        spec, source, book, decided=decided, bar_at=last.opened_at, bar_index=last.index, close=last.close
    )
    return resumption, news


def _replay_closed(rows: Sequence[TradeRow], book: Book) -> None:
    moments: list[tuple[datetime, Decimal | None]] = []
    for row in rows:
        entered, left = _aware(row.entry_time), _aware(row.exit_time)
        if entered is not None:
            moments.append((entered, None))
        if left is not None:
            moments.append((left, row.net_pnl or Decimal(0)))
        book.performance = book.performance.with_trade(row.net_pnl or Decimal(0))
    for at, net in sorted(moments, key=lambda moment: moment[0]):
        if net is None:
            book.day.entered(at)
        else:
            book.day.closed(at, net)
            book.cash += net
            book.curve.mark(book.cash)
    book.cash = book.balance
    book.curve.mark(book.cash)


def _open_trade(spec: BotSpec, row: TradeRow, book: Book) -> Trade:
    refuse_other_symbol(spec, row.symbol, f"an open trade (row {row.row_id})")
    remedy = f"mend or close row {row.row_id} of trading_trades"
    if row.direction != "long":
        raise ConfigurationError(f"the open trade in row {row.row_id} is {row.direction}, not long; {remedy}")
    size, price, at = row.size, row.entry_price, _aware(row.entry_time)
    if size is None or price is None or at is None or size <= 0 or price <= 0:
        raise ConfigurationError(
            f"the open trade in row {row.row_id} lacks a positive size, an entry price or an entry time; {remedy}"
        )
    value = size * price
    book.day.entered(at)
    return Trade(
        key=f"row-{row.row_id}",
        adopted_row_id=row.row_id,
        entry_time=at,
        entry_bar=0,
        size=size,
        entry_value=value,
        entry_commission=value * book.rate if row.commission is None else row.commission,
        highest=price,
        notes={"adopted": True},
    )


def _decided(source: Source, moment: datetime | None) -> int:
    """How many bars the earlier service had behind it; 0 when the moment lies outside the data."""
    if moment is None:
        return 0
    rows, length = source.rows_until(moment), source.length
    beyond = length is not None and rows == length and source.rows_until(moment - _INSTANT) == length
    return 0 if beyond else rows


def _left_behind(row: TradeRow, adopted: Trade) -> IncidentReported:
    return IncidentReported(
        incident_key=f"unmanaged-trade-{row.row_id}",
        severity="warning",
        error_class="UnmanagedTrade",
        message=f"trade row {row.row_id} is open beside row {adopted.adopted_row_id}; a bot manages one position, "
        "the newest; close the other row by hand",
        details={"row_id": row.row_id, "managed_row_id": adopted.adopted_row_id},
        at=adopted.entry_time,
    )


def _aware(at: datetime | None) -> datetime | None:
    """Times of the database without a zone are UTC."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)
