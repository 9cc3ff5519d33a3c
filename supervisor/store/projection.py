"""Writing a folded batch: each kind of row in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_

from common.wire.facts import EntryDenied, FillReported, MetricsComputed, OrderChanged
from supervisor.store.folding import Batch, BotKey, Saved
from supervisor.store.incidents import record_incidents
from supervisor.store.shape import Shape
from supervisor.store.tables import (
    bot_states,
    trading_bots,
    trading_denials,
    trading_fills,
    trading_orders,
    trading_performance_metrics,
)
from supervisor.store.trades import clipped, write_trades

_ORDER_KEY = "client_order_id"


def write_batch(connection: Connection, shape: Shape, batch: Batch, at: datetime) -> None:
    """Write everything in the batch; `at` becomes the updated_at of rows that have no market time of their own."""
    _orders(connection, shape, batch.orders.values())
    _fills(connection, shape, batch.fills)
    write_trades(connection, shape, batch.trades, batch.positions, at)
    _metrics(connection, shape, batch.metrics)
    _denials(connection, shape, batch.denials)
    record_incidents(connection, shape, batch.incidents)
    _accounts(connection, shape, batch, at)
    _signals(connection, shape, batch.signals)
    _checkpoints(connection, shape, batch.checkpoints, at)


def _orders(connection: Connection, shape: Shape, orders: Iterable[tuple[int, OrderChanged]]) -> None:
    rows = [_order(bot_id, order) for bot_id, order in orders]
    if not rows:
        return
    insert = shape.insert(trading_orders)
    changes = {name: insert.excluded[name] for name in rows[0] if name not in (_ORDER_KEY, "bot_id", "created_at")}
    same_bot = trading_orders.c.bot_id == insert.excluded.bot_id
    statement = insert.on_conflict_do_update(index_elements=[_ORDER_KEY], set_=changes, where=same_bot)
    shape.write_many(connection, statement, rows)


def _order(bot_id: int, order: OrderChanged) -> dict[str, Any]:
    return {
        "bot_id": bot_id,
        "client_order_id": order.client_order_id,
        "parent_id": order.parent_id,
        "venue_order_id": order.venue_order_id,
        "symbol": order.symbol,
        "side": order.side,
        "order_type": order.order_type,
        "purpose": order.purpose,
        "status": order.status,
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "filled_quantity": order.filled_quantity,
        "average_price": order.average_price,
        "commission": order.commission,
        "reason": order.reason,
        "correlation_id": order.correlation_id,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def _fills(connection: Connection, shape: Shape, fills: Mapping[BotKey, FillReported]) -> None:
    rows = [
        {
            "bot_id": bot_id,
            "fill_id": fill_id,
            "client_order_id": fill.client_order_id,
            "symbol": fill.symbol,
            "side": fill.side,
            "quantity": fill.quantity,
            "price": fill.price,
            "commission": fill.commission,
            "quality": fill.quality,
            "executed_at": fill.executed_at,
        }
        for (bot_id, fill_id), fill in fills.items()
    ]
    if rows:
        insert = shape.insert(trading_fills)
        shape.write_many(connection, insert.on_conflict_do_nothing(index_elements=["bot_id", "fill_id"]), rows)


def _metrics(connection: Connection, shape: Shape, metrics: Iterable[tuple[int, MetricsComputed]]) -> None:
    table = trading_performance_metrics
    rows = [
        {
            "bot_id": bot_id,
            "trade_type": fact.trade_type,
            "symbol": clipped(table.c.symbol, fact.symbol),
            "interval": fact.interval,
            "entry_logic_name": clipped(table.c.entry_logic_name, fact.entry_logic_name),
            "exit_logic_name": clipped(table.c.exit_logic_name, fact.exit_logic_name),
            "metrics": fact.metrics,
            "calculated_at": fact.calculated_at,
        }
        for bot_id, fact in metrics
    ]
    if rows:
        shape.write_many(connection, shape.insert(table), [shape.only(table, row) for row in rows])


def _denials(connection: Connection, shape: Shape, denials: Mapping[BotKey, EntryDenied]) -> None:
    rows = [{"bot_id": bot_id, **denial.model_dump(exclude={"kind"})} for (bot_id, _), denial in denials.items()]
    if rows:
        insert = shape.insert(trading_denials)
        shape.write_many(connection, insert.on_conflict_do_nothing(index_elements=["bot_id", "denial_key"]), rows)


def _accounts(connection: Connection, shape: Shape, batch: Batch, at: datetime) -> None:
    rows = [
        {"id": bot_id, "current_balance": account.balance, "total_pnl": account.total_pnl, "updated_at": at}
        for bot_id, account in batch.accounts.items()
    ]
    shape.update_many(connection, trading_bots, ("id",), [shape.only(trading_bots, row) for row in rows])


def _signals(connection: Connection, shape: Shape, signals: Mapping[int, datetime]) -> None:
    if not signals:
        return
    insert = shape.insert(bot_states)
    state = bot_states.c.last_signal_at
    statement = insert.on_conflict_do_update(
        index_elements=["bot_id"],
        set_={"last_signal_at": insert.excluded.last_signal_at},
        where=or_(state.is_(None), state < insert.excluded.last_signal_at),
    )
    rows = [{"bot_id": bot_id, "last_signal_at": when} for bot_id, when in signals.items()]
    shape.write_many(connection, statement, rows)


def _checkpoints(connection: Connection, shape: Shape, checkpoints: Mapping[int, Saved], at: datetime) -> None:
    rows = [
        {
            "bot_id": bot_id,
            "state": saved.checkpoint.state,
            "revision": saved.checkpoint.revision,
            "bar_at": saved.checkpoint.bar_at,
            "journal_id": saved.journal_id,
            "seq": saved.seq,
            "updated_at": at,
        }
        for bot_id, saved in checkpoints.items()
    ]
    if not rows:
        return
    insert = shape.insert(bot_states)
    older = func.coalesce(bot_states.c.revision, -1) < insert.excluded.revision
    changes = {name: insert.excluded[name] for name in rows[0] if name != "bot_id"}
    statement = insert.on_conflict_do_update(index_elements=["bot_id"], set_=changes, where=older)
    shape.write_many(connection, statement, rows)
