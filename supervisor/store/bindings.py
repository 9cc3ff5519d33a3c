"""Which rows of `trading_trades` and `trading_positions` the workers' keys mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from loguru import logger
from sqlalchemy import Connection, and_, bindparam, func, select, update

from common.wire.facts import PositionChanged, TradeChanged
from supervisor.store.commands import RecordIncident
from supervisor.store.folding import BotKey
from supervisor.store.incidents import record_incidents
from supervisor.store.shape import Shape
from supervisor.store.tables import trade_keys, trading_positions, trading_trades

_CHUNK = 5000
_LOST = "RecordedRowLost"


@dataclass(slots=True)
class Binding:
    """The rows that a key means; ids are those of rows that are there and belong to the key's bot."""

    trade_id: int | None = None
    position_id: int | None = None
    touched: bool = False


Bindings = dict[BotKey, Binding]
_Adoptable = TradeChanged | PositionChanged


@dataclass(frozen=True, slots=True)
class _Lost:
    key: BotKey
    column: str
    """Of `trade_keys`."""
    row_id: int


_OWN_TRADE = and_(trading_trades.c.id == trade_keys.c.trade_id, trading_trades.c.bot_id == trade_keys.c.bot_id)
_OWN_POSITION = and_(
    trading_positions.c.id == trade_keys.c.position_id, trading_positions.c.bot_id == trade_keys.c.bot_id
)
_QUERY = (
    select(
        *(trade_keys.c[name] for name in ("bot_id", "trade_key", "trade_id", "position_id")),
        trading_trades.c.id.label("own_trade"),
        trading_positions.c.id.label("own_position"),
    )
    .select_from(trade_keys)
    .outerjoin(trading_trades, _OWN_TRADE)
    .outerjoin(trading_positions, _OWN_POSITION)
)


def bindings_of(connection: Connection, shape: Shape, keys: Iterable[BotKey], at: datetime) -> Bindings:
    """What is known of the keys. A row that was removed, or is another bot's now, is forgotten, and that is told."""
    bindings = {key: Binding() for key in keys}
    lost: list[_Lost] = []
    names = iter([name for _, name in bindings])
    while chunk := list(islice(names, _CHUNK)):
        for row in connection.execute(_QUERY.where(trade_keys.c.trade_key.in_(chunk))):
            key = (row.bot_id, row.trade_key)
            if key in bindings:
                bindings[key] = Binding(row.own_trade, row.own_position)
                lost += _lost(key, "trade_id", row.trade_id, row.own_trade)
                lost += _lost(key, "position_id", row.position_id, row.own_position)
    _unbind(connection, shape, lost, at)
    return bindings


def _lost(key: BotKey, column: str, bound: int | None, own: int | None) -> list[_Lost]:
    return [] if bound is None or own is not None else [_Lost(key, column, bound)]


def unbind_from(connection: Connection, shape: Shape, column: str, first: int, at: datetime) -> None:
    """Rows numbered `first` and up are about to be made: whatever key points there, its row was removed."""
    query = select(trade_keys.c.bot_id, trade_keys.c.trade_key, trade_keys.c[column].label("row_id"))
    stale = connection.execute(query.where(trade_keys.c[column] >= first)).all()
    _unbind(connection, shape, [_Lost((row.bot_id, row.trade_key), column, row.row_id) for row in stale], at)


def _unbind(connection: Connection, shape: Shape, lost: list[_Lost], at: datetime) -> None:
    for column in {one.column for one in lost}:
        statement = update(trade_keys).where(
            trade_keys.c.bot_id == bindparam("owner"), trade_keys.c.trade_key == bindparam("name")
        )
        names = [{"owner": one.key[0], "name": one.key[1]} for one in lost if one.column == column]
        connection.execute(statement.values({column: None}), names)
    record_incidents(connection, shape, [_incident(one, at) for one in lost])


def _incident(lost: _Lost, at: datetime) -> RecordIncident:
    bot_id, name = lost.key
    table = trading_trades if lost.column == "trade_id" else trading_positions
    message = (
        f"row {lost.row_id} of {table.name}, which held {name}, was removed or given to another bot by somebody; "
        "what becomes of it is recorded in a new row"
    )
    logger.bind(bot_id=bot_id).warning(message)
    return RecordIncident(
        key=f"{bot_id}/lost/{table.name}/{lost.row_id}/{name}",
        bot_id=bot_id,
        severity="warning",
        error_class=_LOST,
        message=message,
        details={"table": table.name, "row": lost.row_id, "key": name},
        at=at,
    )


def adopt(connection: Connection, shape: Shape, bindings: Bindings, facts: Mapping[BotKey, _Adoptable]) -> None:
    """Bind keys of trades that the earlier service opened to their rows, and to the positions of those."""
    wanted = {
        (key[0], fact.adopted_row_id): bindings[key]
        for key, fact in facts.items()
        if fact.adopted_row_id is not None and bindings[key].trade_id is None
    }
    if not wanted:
        return
    table, place = trading_trades.c, trading_positions.c
    query: Any = select(table.id, table.bot_id)
    if shape.has(trading_trades, "position_id"):
        own = and_(place.id == table.position_id, place.bot_id == table.bot_id)
        query = select(table.id, table.bot_id, place.id.label("position_id")).outerjoin(trading_positions, own)
    for row in connection.execute(query.where(table.id.in_([row_id for _, row_id in wanted]))):
        bound = wanted.get((row.bot_id, row.id))
        if bound is not None:
            bound.trade_id, bound.touched = row.id, True
            bound.position_id = bound.position_id or row._mapping.get("position_id")


def remember(connection: Connection, shape: Shape, bindings: Bindings) -> None:
    """Write the keys whose rows were made or found now."""
    values = [
        {"bot_id": bot_id, "trade_key": name, "trade_id": row.trade_id, "position_id": row.position_id}
        for (bot_id, name), row in bindings.items()
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
