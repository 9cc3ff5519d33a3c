"""Rows of `trading_trades` and `trading_positions`, found again by the worker's own keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, func, insert, select, update

from common.wire.facts import PositionChanged, TradeChanged
from supervisor.store.folding import BotKey
from supervisor.store.shape import Shape
from supervisor.store.tables import trade_keys, trading_positions, trading_trades

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


@dataclass(slots=True)
class _Rows:
    """Which rows a key means."""

    trade_id: int | None = None
    position_id: int | None = None
    touched: bool = False


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
    rows = _known(connection, keys)
    _adopt(connection, shape, rows, trades)
    relinked = _positions(connection, shape, rows, positions)
    new = {key: fact for key, fact in trades.items() if rows[key].trade_id is None}
    _update_trades(connection, shape, rows, {key: fact for key, fact in trades.items() if key not in new}, at)
    _new_trades(connection, shape, rows, new, at)
    _link(connection, shape, rows, [key for key in relinked if key not in trades])
    _remember(connection, shape, rows)


def _known(connection: Connection, keys: Iterable[BotKey]) -> dict[BotKey, _Rows]:
    rows = {key: _Rows() for key in keys}
    names = iter([name for _, name in rows])
    columns = trade_keys.c
    while chunk := list(islice(names, _CHUNK)):
        query = select(columns.bot_id, columns.trade_key, columns.trade_id, columns.position_id)
        for bot_id, name, trade_id, position_id in connection.execute(query.where(columns.trade_key.in_(chunk))):
            if (bot_id, name) in rows:
                rows[bot_id, name] = _Rows(trade_id, position_id)
    return rows


def _adopt(
    connection: Connection, shape: Shape, rows: Mapping[BotKey, _Rows], trades: Mapping[BotKey, TradeChanged]
) -> None:
    """Bind keys of trades that the earlier service opened to their rows, and to the positions of those."""
    wanted = {
        (key[0], fact.adopted_row_id): rows[key]
        for key, fact in trades.items()
        if fact.adopted_row_id is not None and rows[key].trade_id is None
    }
    if not wanted:
        return
    table = trading_trades.c
    linked = [table.position_id] if shape.has(trading_trades, "position_id") else []
    query = select(table.id, table.bot_id, *linked).where(table.id.in_([row_id for _, row_id in wanted]))
    for row in connection.execute(query):
        bound = wanted.get((row.bot_id, row.id))
        if bound is not None:
            bound.trade_id, bound.touched = row.id, True
            bound.position_id = bound.position_id or row._mapping.get("position_id")


def _positions(
    connection: Connection, shape: Shape, rows: Mapping[BotKey, _Rows], positions: Mapping[BotKey, PositionChanged]
) -> list[BotKey]:
    """Write positions; answers the keys whose position is new."""
    new = [key for key in positions if rows[key].position_id is None]
    known = [key for key in positions if rows[key].position_id is not None]
    made = _insert(connection, shape, trading_positions, [_position(key, positions[key]) for key in new])
    for key, position_id in zip(new, made, strict=True):
        rows[key].position_id, rows[key].touched = position_id, True
    changes = [{"row_id": rows[key].position_id, **_position(key, positions[key])} for key in known]
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


def _new_trades(
    connection: Connection,
    shape: Shape,
    rows: Mapping[BotKey, _Rows],
    new: Mapping[BotKey, TradeChanged],
    at: datetime,
) -> None:
    values = [_trade(key, fact, rows[key], at) for key, fact in new.items()]
    for key, trade_id in zip(new, _insert(connection, shape, trading_trades, values), strict=True):
        rows[key].trade_id, rows[key].touched = trade_id, True


def _trade(key: BotKey, fact: TradeChanged, rows: _Rows, at: datetime) -> dict[str, Any]:
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
    rows: Mapping[BotKey, _Rows],
    known: Mapping[BotKey, TradeChanged],
    at: datetime,
) -> None:
    """Lay facts over their rows; extra_metadata is merged, an adopted row keeps its entry side."""
    before = _metadata(connection, shape, [rows[key].trade_id for key in known])
    whole, exit_side = [], []
    for key, fact in known.items():
        change = _trade(key, fact, rows[key], at) | {"row_id": rows[key].trade_id}
        kept = before.get(change["row_id"])
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


def _link(connection: Connection, shape: Shape, rows: Mapping[BotKey, _Rows], keys: Iterable[BotKey]) -> None:
    """Give trades recorded earlier the position that came now."""
    links = [rows[key] for key in keys if rows[key].trade_id is not None]
    if links and shape.has(trading_trades, "position_id"):
        _update(
            connection,
            shape,
            trading_trades,
            [{"row_id": link.trade_id, "position_id": link.position_id} for link in links],
        )


def _remember(connection: Connection, shape: Shape, rows: Mapping[BotKey, _Rows]) -> None:
    values = [
        {"bot_id": bot_id, "trade_key": name, "trade_id": row.trade_id, "position_id": row.position_id}
        for (bot_id, name), row in rows.items()
        if row.touched
    ]
    if not values:
        return
    statement = shape.insert(trade_keys)
    changes = {
        name: func.coalesce(statement.excluded[name], trade_keys.c[name]) for name in ("trade_id", "position_id")
    }
    upsert = statement.on_conflict_do_update(index_elements=["bot_id", "trade_key"], set_=changes)
    shape.write_many(connection, upsert, values)


def _insert(connection: Connection, shape: Shape, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert and answer the new ids in the order of the rows."""
    if not rows:
        return []
    present = [shape.only(table, row) for row in rows]
    if shape.is_postgresql:
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return [row.id for row in connection.execute(statement, present)]
    # The write lock is ours since the transaction began, so the next ids are known; SQLite would take the same.
    first = (connection.scalar(select(func.max(table.c.id))) or 0) + 1
    ids = list(range(first, first + len(rows)))
    connection.execute(insert(table), [row | {"id": row_id} for row, row_id in zip(present, ids, strict=True)])
    return ids


def _update(connection: Connection, shape: Shape, table: Table, changes: Sequence[dict[str, Any]]) -> None:
    if changes:
        statement = update(table).where(table.c.id == bindparam("row_id"))
        present = [shape.only(table, change) | {"row_id": change["row_id"]} for change in changes]
        connection.execute(statement, present)
