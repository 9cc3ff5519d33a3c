"""Rows of `trading_trades` and `trading_positions`, found again by the worker's own keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, select

from common.wire.facts import PositionChanged, TradeChanged
from supervisor.store.arrays import all_given, parameters
from supervisor.store.bindings import Binding, Bindings, adopt, bindings_of, remember, unbind_from
from supervisor.store.folding import BotKey
from supervisor.store.shape import Shape
from supervisor.store.tables import trading_positions, trading_trades

_CHUNK = 5000
_ENTRY_SIDE = frozenset(
    {
        "trade_type",
        "strategy_name",
        "entry_logic_name",
        "exit_logic_name",
        "symbol",
        "interval",
        "direction",
        "size",
        "entry_time",
        "entry_price",
        "entry_value",
        "buy_order_created",
        "buy_order_closed",
    }
)
"""What an adopted row keeps as the earlier service wrote it."""
_KEY_OF = {trading_trades.name: "trade_id", trading_positions.name: "position_id"}


def clipped(column: Column[Any], text: str | None) -> str | None:
    """`text` as long as the column takes it."""
    length = getattr(column.type, "length", None)
    return text if text is None or length is None else text[:length]


def write_trades(
    connection: Connection,
    shape: Shape,
    trades: Mapping[BotKey, TradeChanged],
    positions: Mapping[BotKey, PositionChanged],
    at: datetime,
) -> None:
    """Insert new trades and positions, update known ones, link each trade to its position."""
    keys = dict.fromkeys([*trades, *positions])
    if not keys:
        return
    rows = bindings_of(connection, shape, keys, at)
    adopt(connection, shape, rows, {**positions, **trades})
    relinked = _positions(connection, shape, rows, positions, at)
    new = {key: fact for key, fact in trades.items() if rows[key].trade_id is None}
    _update_trades(connection, shape, rows, {key: fact for key, fact in trades.items() if key not in new}, at)
    _new_trades(connection, shape, rows, new, at)
    _link(connection, shape, rows, [key for key in relinked if key not in trades])
    remember(connection, shape, rows)


def _positions(
    connection: Connection, shape: Shape, rows: Bindings, positions: Mapping[BotKey, PositionChanged], at: datetime
) -> list[BotKey]:
    """Write positions; answers the keys whose position is new."""
    new = [key for key in positions if rows[key].position_id is None]
    known = [key for key in positions if rows[key].position_id is not None]
    made = _insert(connection, shape, trading_positions, [_new_position(key, positions[key]) for key in new], at)
    for key, position_id in zip(new, made, strict=True):
        rows[key].position_id, rows[key].touched = position_id, True
    changes = [{"id": rows[key].position_id, **_position(key, positions[key])} for key in known]
    _update(connection, shape, trading_positions, changes)
    return new


def _position(key: BotKey, fact: PositionChanged) -> dict[str, Any]:
    return {
        "bot_id": key[0],
        "trade_type": fact.trade_type,
        "symbol": clipped(trading_positions.c.symbol, fact.symbol),
        "direction": fact.direction,
        "opened_at": fact.opened_at,
        "closed_at": fact.closed_at,
        "qty_open": fact.qty_open,
        "avg_price": fact.avg_price,
        "realized_pnl": fact.realized_pnl,
        "status": fact.status,
    }


def _new_position(key: BotKey, fact: PositionChanged) -> dict[str, Any]:
    origin = {"correlation_id": fact.correlation_id} if fact.correlation_id is not None else None
    return _position(key, fact) | {"extra_metadata": origin}


def _new_trades(
    connection: Connection,
    shape: Shape,
    rows: Bindings,
    new: Mapping[BotKey, TradeChanged],
    at: datetime,
) -> None:
    values = [_trade(key, fact, rows[key], at) for key, fact in new.items()]
    for key, trade_id in zip(new, _insert(connection, shape, trading_trades, values, at), strict=True):
        rows[key].trade_id, rows[key].touched = trade_id, True


def _trade(key: BotKey, fact: TradeChanged, rows: Binding, at: datetime) -> dict[str, Any]:
    table = trading_trades.c
    return {
        "bot_id": key[0],
        "trade_type": fact.trade_type,
        "strategy_name": clipped(table.strategy_name, fact.strategy_name),
        "entry_logic_name": clipped(table.entry_logic_name, fact.entry_logic_name),
        "exit_logic_name": clipped(table.exit_logic_name, fact.exit_logic_name),
        "symbol": clipped(table.symbol, fact.symbol),
        "interval": fact.interval,
        "entry_time": fact.entry_time,
        "exit_time": fact.exit_time,
        "buy_order_created": fact.buy_order_created,
        "buy_order_closed": fact.buy_order_closed,
        "sell_order_created": fact.sell_order_created,
        "sell_order_closed": fact.sell_order_closed,
        "entry_price": fact.entry_price,
        "exit_price": fact.exit_price,
        "entry_value": fact.entry_value,
        "exit_value": fact.exit_value,
        "size": fact.size,
        "direction": fact.direction,
        "commission": fact.commission,
        "gross_pnl": fact.gross_pnl,
        "net_pnl": fact.net_pnl,
        "pnl_percentage": fact.pnl_percentage,
        "exit_reason": clipped(table.exit_reason, fact.exit_reason),
        "status": fact.status,
        "extra_metadata": fact.details or None,
        "updated_at": at,
        "position_id": rows.position_id,
    }


def _update_trades(
    connection: Connection,
    shape: Shape,
    rows: Bindings,
    known: Mapping[BotKey, TradeChanged],
    at: datetime,
) -> None:
    """Lay facts over their rows; extra_metadata is merged, an adopted row keeps its entry side."""
    before = _metadata(connection, shape, [rows[key].trade_id for key in known])
    whole, exit_side = [], []
    for key, fact in known.items():
        change = _trade(key, fact, rows[key], at) | {"id": rows[key].trade_id}
        kept = before.get(change["id"])
        if isinstance(kept, dict):
            change["extra_metadata"] = kept | fact.details
        if fact.adopted_row_id is None:
            whole.append(change)
        else:
            exit_side.append({name: value for name, value in change.items() if name not in _ENTRY_SIDE})
    _update(connection, shape, trading_trades, whole)
    _update(connection, shape, trading_trades, exit_side)


def _metadata(connection: Connection, shape: Shape, ids: Iterable[int | None]) -> dict[int | None, object]:
    if not shape.has(trading_trades, "extra_metadata"):
        return {}
    table = trading_trades.c
    found: dict[int | None, object] = {}
    remaining = iter(ids)
    while chunk := list(islice(remaining, _CHUNK)):
        query = select(table.id, table.extra_metadata).where(table.id.in_(chunk))
        found.update((row.id, row.extra_metadata) for row in connection.execute(query))
    return found


def _link(connection: Connection, shape: Shape, rows: Bindings, keys: Iterable[BotKey]) -> None:
    """Give trades recorded earlier the position that came now."""
    links = [
        {"id": rows[key].trade_id, "bot_id": key[0], "position_id": rows[key].position_id}
        for key in keys
        if rows[key].trade_id is not None
    ]
    if shape.has(trading_trades, "position_id"):
        _update(connection, shape, trading_trades, links)


def _insert(
    connection: Connection, shape: Shape, table: Table, rows: Sequence[dict[str, Any]], at: datetime
) -> list[int]:
    """Insert and answer the new ids in the order of the rows."""
    if not rows:
        return []
    present = [shape.only(table, row) for row in rows]
    if shape.is_postgresql:
        names = tuple(present[0])
        # Numbered as they are given: the order of a query is that in which its rows are inserted.
        statement = insert(table).from_select(names, all_given(table, names, in_order=True)).returning(table.c.id)
        return sorted(connection.scalars(statement, parameters(connection.dialect, table, names, present)))
    # The write lock is ours since the transaction began, so the next ids are known; SQLite would take the same.
    first = (connection.scalar(select(func.max(table.c.id))) or 0) + 1
    unbind_from(connection, shape, _KEY_OF[table.name], first, at)
    ids = list(range(first, first + len(rows)))
    connection.execute(insert(table), [row | {"id": row_id} for row, row_id in zip(present, ids, strict=True)])
    return ids


def _update(connection: Connection, shape: Shape, table: Table, changes: Sequence[dict[str, Any]]) -> None:
    """Lay the changes over rows of the bots that they name."""
    shape.update_many(connection, table, ("id", "bot_id"), [shape.only(table, change) for change in changes])
