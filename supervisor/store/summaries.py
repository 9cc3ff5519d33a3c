"""The figures of a summary, from the ledger's rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from supervisor.store.service_tables import trading_bots, trading_trades
from supervisor.store.shape import Shape

_OFF = frozenset({"stopped", "disabled"})


def was_about(connection: Connection, shape: Shape, bot_id: int, end: datetime) -> bool:
    """Whether the bot is on, and was there before `end`."""
    columns = [trading_bots.c.status]
    made = shape.has(trading_bots, "created_at")
    columns += [trading_bots.c.created_at] if made else []
    row = connection.execute(select(*columns).where(trading_bots.c.id == bot_id)).first()
    if row is None or row.status in _OFF:
        return False
    return not made or row.created_at is None or row.created_at < end


def summary_figures(
    connection: Connection, shape: Shape, bot_id: int, begin: datetime, end: datetime, *, by_our_clock: bool
) -> dict[str, Any]:
    """Trades closed from `begin` until before `end`, summed; money as text.

    `by_our_clock`: the time counts at which the close was recorded, for markets whose time is not ours.
    """
    table = trading_trades.c
    ours = by_our_clock and shape.has(trading_trades, "updated_at")
    when = table.updated_at if ours else table.exit_time
    query = select(table.net_pnl, table.commission, table.pnl_percentage).where(
        table.bot_id == bot_id, table.status == "closed", when >= begin, when < end
    )
    trades = wins = losses = 0
    pnl = fees = percents = Decimal(0)
    best = worst = None
    for row in connection.execute(query):
        net = row.net_pnl or Decimal(0)
        trades, wins, losses = trades + 1, wins + (net > 0), losses + (net < 0)
        pnl, fees, percents = pnl + net, fees + (row.commission or 0), percents + (row.pnl_percentage or 0)
        best = net if best is None else max(best, net)
        worst = net if worst is None else min(worst, net)
    return {
        "trades": trades,
        "wins": wins,
        "losses": losses,
        "net_pnl": str(pnl),
        "fees": str(fees),
        "best": None if best is None else str(best),
        "worst": None if worst is None else str(worst),
        "mean_pct": None if not trades else f"{percents / trades:.4f}",
        **_now(connection, shape, bot_id),
    }


def _now(connection: Connection, shape: Shape, bot_id: int) -> dict[str, Any]:
    table = trading_trades.c
    count = select(func.count()).where(table.bot_id == bot_id, table.status == "open")
    figures: dict[str, Any] = {"open_trades": connection.scalar(count) or 0}
    if shape.has(trading_bots, "current_balance"):
        balance = connection.scalar(select(trading_bots.c.current_balance).where(trading_bots.c.id == bot_id))
        figures["balance"] = None if balance is None else str(balance)
    return figures
