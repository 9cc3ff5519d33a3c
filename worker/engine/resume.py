"""Where a life takes up: from a checkpoint, from the trades of an earlier service, or from nothing.

Bars up to and including the last decided one warm indicators up and nothing else. A cursor of another market is
worthless, the money is not: then new data starts at its beginning while balance, counters and position stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from loguru import logger

from common.errors import ConfigurationError
from common.spec import BotSpec
from common.wire.facts import Checkpoint
from worker.book.book import Book
from worker.feeds.source import Source
from worker.venue.port import Venue

STATE_VERSION = 1
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """Everything a life needs to know about the lives before it, beside the book."""

    start: int
    """Number of the first bar that is read at all."""
    first_live: int
    """Number of the first bar that is traded."""
    greet_at: int | None
    """Bar at whose open a position is introduced to the strategy; None: it knows it, or there is none."""
    revision: int
    """Of the checkpoint resumed from; 0 in a first life."""
    bar_at: datetime | None
    """Timestamp of the last decided bar."""
    bar_index: int | None
    close: float | None
    """Last price known."""
    strategy_state: dict[str, Any] | None
    """None: unknown, or of another strategy."""
    resent: tuple[str, ...] = ()
    """Orders whose intent is all that was recorded; the venue has them again."""
    signal_ids: tuple[str, ...] = ()
    """Ids of signals that were followed already, oldest first."""


def strategy_mark(spec: BotSpec) -> list[str | None]:
    """Names under which a strategy's state makes sense: another exit logic has to meet an open position anew."""
    leave = spec.strategy.exit
    return [spec.strategy.type, None if leave is None else leave.name]


def checkpoint_state(
    spec: BotSpec,
    *,
    book: dict[str, Any],
    venue: dict[str, Any],
    strategy_state: dict[str, Any] | None,
    bar_index: int | None,
    close: float | None,
    signal_ids: Sequence[str] = (),
) -> dict[str, Any]:
    """The document a checkpoint carries."""
    return {
        "version": STATE_VERSION,
        "market": spec.data.market_identity,
        "symbol": spec.symbol,
        "bar": bar_index,
        "close": close,
        "book": book,
        "venue": venue,
        "strategy": {"mark": strategy_mark(spec), "state": strategy_state, "signal_ids": list(signal_ids)},
    }


def resume_from(spec: BotSpec, checkpoint: Checkpoint, source: Source, book: Book, venue: Venue) -> Resumption:
    """Take book and venue back from `checkpoint` and find the place to go on.

    Raises ConfigurationError when a position is open in another symbol than the config names.
    """
    state = checkpoint.state
    _refuse_other_version(spec, state)
    book.restore(_document(state, "book"))
    _warn_of_other_balance(spec, book)
    if book.trade is not None:
        refuse_other_symbol(spec, str(state.get("symbol")), f"a position of {book.trade.open_quantity}")
    _refuse_to_abandon(spec, state, book, venue)
    if state.get("market") != spec.data.market_identity:
        return _in_new_market(spec, checkpoint, source, book)
    resent = _send_again(book, venue, _document(state, "venue"))
    strategy = _document(state, "strategy")
    same = strategy.get("mark") == strategy_mark(spec)
    known = strategy.get("state") if same else None
    bar = state.get("bar")
    index, shift = _place(source, checkpoint.bar_at, bar if isinstance(bar, int) else None)
    if shift:
        logger.warning("the data has {} rows more before the last decided bar than it had; going on by time", shift)
        known = None
        if book.trade is not None:
            book.trade.entry_bar += shift
    return placed(
        spec,
        source,
        book,
        decided=0 if index is None else index + 1,
        revision=checkpoint.revision,
        bar_at=checkpoint.bar_at,
        bar_index=index,
        close=_price(state),
        strategy_state=known if isinstance(known, dict) else None,
        resent=resent,
        signal_ids=tuple(strategy.get("signal_ids", ())) if same else (),
    )


def placed(
    spec: BotSpec,
    source: Source,
    book: Book,
    *,
    decided: int = 0,
    revision: int = 0,
    bar_at: datetime | None = None,
    bar_index: int | None = None,
    close: float | None = None,
    strategy_state: dict[str, Any] | None = None,
    resent: tuple[str, ...] = (),
    signal_ids: tuple[str, ...] = (),
) -> Resumption:
    """The resumption of a life whose first `decided` bars are decided already."""
    first_live = max(decided, _first_tradable(spec, source))
    start = 0
    if source.warm_up_limit is not None:
        start = max(0, first_live - max(source.warm_up_limit, spec.data.lookback_bars))
    if source.live_from is not None and book.trade is not None and decided:
        start = min(start, decided)  # nobody saw the bars since then, and their highs count for a trailing stop
    greet_at = None
    if book.trade is not None and strategy_state is None:
        entry = source.rows_until(book.trade.entry_time) - 1
        known = start <= entry < first_live and entry == book.trade.entry_bar
        greet_at = entry if known else first_live
    return Resumption(
        start=start,
        first_live=first_live,
        greet_at=greet_at,
        revision=revision,
        bar_at=bar_at,
        bar_index=bar_index,
        close=close,
        strategy_state=strategy_state,
        resent=resent,
        signal_ids=signal_ids,
    )


def _first_tradable(spec: BotSpec, source: Source) -> int:
    return history_bars(spec, source) if source.live_from is None else source.live_from


def history_bars(spec: BotSpec, source: Source) -> int:
    """How many bars at the beginning are history only; none when the data has no more than that."""
    if not spec.data.history:
        return 0
    length = source.length
    return spec.data.lookback_bars if length is None or length > spec.data.lookback_bars else 0


def refuse_other_symbol(spec: BotSpec, symbol: str, what: str) -> None:
    """Raises ConfigurationError when `symbol` is not the config's."""
    if symbol != spec.symbol:
        raise ConfigurationError(
            f"bot {spec.bot_id} holds {what} in {symbol}, but its config trades {spec.symbol}; "
            f"set the symbol back to {symbol} until the position is closed (on_stop: close_position closes it)"
        )


def _refuse_to_abandon(spec: BotSpec, state: Mapping[str, Any], book: Book, venue: Venue) -> None:
    """Raises ConfigurationError when real orders or a real position would be left without anybody to manage them."""
    before = _document(state, "venue").get("account")
    if before == venue.account or not (book.orders or book.trade is not None):
        return
    held = f"{len(book.orders)} open orders" if book.trade is None else f"a position of {book.trade.open_quantity}"
    raise ConfigurationError(
        f"bot {spec.bot_id} has {held} in {before or 'a simulated account'}, but its config now names "
        f"{venue.account or 'a simulated account'}; set broker and data back until they are closed "
        "(disabling the bot with on_stop: close_position closes them)"
    )


def _refuse_other_version(spec: BotSpec, state: Mapping[str, Any]) -> None:
    if state.get("version") != STATE_VERSION:
        raise ConfigurationError(
            f"the checkpoint of bot {spec.bot_id} has version {state.get('version')!r}, this program reads "
            f"{STATE_VERSION}; run the version that wrote it, or delete the bot's row in bot_states to start afresh"
        )


def _warn_of_other_balance(spec: BotSpec, book: Book) -> None:
    if book.start_balance != spec.broker.start_balance:
        logger.warning(
            "the config starts with {}, the account was started with {} and keeps its money",
            spec.broker.start_balance,
            book.start_balance,
        )


def _send_again(book: Book, venue: Venue, state: dict[str, Any]) -> tuple[str, ...]:
    """Give the venue the open orders; the ids of those that it may never have seen.

    A venue outside may have seen each of them: what was not answered is in doubt, and nothing is sent again.
    """
    venue.restore(state, dict(book.orders))
    if not venue.answers_at_once:
        _doubt(book)
        return ()
    resent = tuple(key for key, order in book.orders.items() if order.status == "intended")
    for key in resent:
        book.pass_on(key, "submitted", "accepted")
    return resent


def _doubt(book: Book) -> None:
    """A life that died between sending and hearing back left these."""
    for key, order in list(book.orders.items()):
        if order.status in ("intended", "submitted"):
            book.pass_on(key, *(("submitted", "unknown") if order.status == "intended" else ("unknown",)))
            book.tell(key)


def _in_new_market(spec: BotSpec, checkpoint: Checkpoint, source: Source, book: Book) -> Resumption:
    """Other data than before: orders are dropped, the position goes on from the first live bar."""
    logger.warning("the bot's data is not what it was; it starts at the beginning of the new data with its money")
    for order in list(book.orders.values()):
        book.move(order.client_order_id, "cancelled", order.updated_at, "the bot's data was changed")
    first_live = _first_tradable(spec, source)
    bar = checkpoint.state.get("bar")
    if book.trade is not None and isinstance(bar, int):
        book.trade.entry_bar = first_live - 1 - (bar - book.trade.entry_bar)
    return placed(spec, source, book, revision=checkpoint.revision, close=_price(checkpoint.state))


def _place(source: Source, bar_at: datetime | None, bar: int | None) -> tuple[int | None, int]:
    """Number of the last decided bar in today's data, and by how much it moved."""
    if bar_at is None:
        return None, 0
    index = source.rows_until(bar_at) - 1
    exact = source.rows_until(bar_at - _INSTANT) == index
    return index, (index - bar if bar is not None and exact else 0)


def _document(state: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = state.get(name)
    return value if isinstance(value, dict) else {}


def _price(state: Mapping[str, Any]) -> float | None:
    close = state.get("close")
    return close if isinstance(close, float) else None
