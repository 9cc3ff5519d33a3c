"""What the database knows of bots' pasts, for lives whose local journal may be missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loguru import logger
from pydantic import ValidationError
from sqlalchemy import Connection, Row, select

from common.wire.facts import Checkpoint
from common.wire.ticket import Recovery, TradeRow
from supervisor.store.shape import Shape
from supervisor.store.tables import bot_states, trading_trades


def read_recoveries(connection: Connection, shape: Shape, ids: Iterable[int]) -> dict[int, Recovery]:
    """Newest checkpoint of each bot; of those without one all trades, oldest first."""
    wanted = list(ids)
    checkpoints = _checkpoints(connection, wanted)
    without = [bot_id for bot_id in wanted if bot_id not in checkpoints]
    trades = _trades(connection, shape, without) if without else {}
    return {
        bot_id: Recovery(checkpoint=checkpoints.get(bot_id), trades=tuple(trades.get(bot_id, ()))) for bot_id in wanted
    }


def _checkpoints(connection: Connection, ids: list[int]) -> dict[int, Checkpoint]:
    state = bot_states.c
    query = select(state.bot_id, state.revision, state.bar_at, state.state)
    found = {}
    for row in connection.execute(query.where(state.bot_id.in_(ids), state.revision.is_not(None))):
        try:
            found[row.bot_id] = Checkpoint(revision=row.revision, bar_at=row.bar_at, state=row.state)
        except ValidationError as error:
            logger.bind(bot_id=row.bot_id).warning("the bot's state in bot_states cannot be read: {}", error)
    return found


def _trades(connection: Connection, shape: Shape, ids: list[int]) -> dict[int, list[TradeRow]]:
    query = select(*shape.present(trading_trades)).where(trading_trades.c.bot_id.in_(ids))
    trades: dict[int, list[TradeRow]] = {}
    for row in connection.execute(query.order_by(trading_trades.c.entry_time, trading_trades.c.id)):
        trades.setdefault(row.bot_id, []).append(_trade(row))
    return trades


def _trade(row: Row[Any]) -> TradeRow:
    def value(name: str) -> Any:
        return row._mapping.get(name)

    return TradeRow(
        row_id=row.id,
        symbol=str(value("symbol") or ""),
        direction=str(value("direction") or "long").lower(),
        status=str(value("status") or "").lower(),
        size=value("size"),
        entry_time=value("entry_time"),
        entry_price=value("entry_price"),
        exit_time=value("exit_time"),
        net_pnl=value("net_pnl"),
        commission=value("commission"),
    )
