"""What positions and metrics must say, computed anew from the bot's fills, orders and trades."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from database import moment, money
from world import World

STEP = Decimal("0.00000001")
"""Prices of fills are stored at 8 places, so what is computed from them may be off by half of one, times the size."""


@dataclass
class Holding:
    """A position as its executions make it: same side averages in, the other side realizes."""

    quantity: Decimal = Decimal(0)
    average: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    traded: Decimal = Decimal(0)
    opened_at: datetime | None = None
    last_at: datetime | None = None

    def buy(self, quantity: Decimal, price: Decimal, at: datetime | None) -> None:
        self.average = (self.average * self.quantity + price * quantity) / (self.quantity + quantity)
        self.quantity += quantity
        self.traded += quantity
        self.opened_at = self.opened_at or at

    def sell(self, quantity: Decimal, price: Decimal, at: datetime | None) -> None:
        assert quantity <= self.quantity, "more was sold than was held"
        self.realized += (price - self.average) * quantity
        self.quantity -= quantity
        self.last_at = at


def assert_positions_true(world: World, bot_id: int, *, adopted: int | None = None) -> None:
    """One position for each trade, as its executions make it; `adopted`: the trade that began elsewhere, by its row."""
    fills: dict[str, list[dict[str, Any]]] = {}
    for fill in world.database.rows(
        "SELECT f.*, o.correlation_id FROM trading_fills f JOIN trading_orders o ON o.client_order_id = "
        "f.client_order_id WHERE f.bot_id = ? ORDER BY f.executed_at, f.id",
        bot_id,
    ):
        fills.setdefault(fill["correlation_id"], []).append(fill)
    rows = world.database.rows("SELECT * FROM trading_positions WHERE bot_id = ? ORDER BY id", bot_id)
    positions = {row["id"]: row for row in rows}
    trades = world.trades(bot_id)
    assert sorted(trade["position_id"] for trade in trades) == sorted(positions), "each trade has a position of its own"
    for trade in trades:
        holding = Holding()
        if trade["id"] == adopted:
            holding.buy(_exact(trade["size"]), _exact(trade["entry_price"]), moment(trade["entry_time"]))
        for fill in fills.pop((trade["extra_metadata"] or {})["correlation_id"]):
            act = holding.buy if fill["side"] == "buy" else holding.sell
            act(_exact(fill["quantity"]), _exact(fill["price"]), moment(fill["executed_at"]))
        _compare(positions[trade["position_id"]], trade, holding)
    assert not fills, "every execution belongs to a trade"


def _compare(position: dict[str, Any], trade: dict[str, Any], holding: Holding) -> None:
    off = STEP * (1 + holding.traded)
    assert position["status"] == trade["status"] == ("open" if holding.quantity else "closed")
    assert money(position["qty_open"]) == money(holding.quantity)
    assert abs(_exact(position["realized_pnl"]) - holding.realized) <= off
    assert moment(position["opened_at"]) == moment(trade["entry_time"]) == holding.opened_at
    if holding.quantity:
        assert abs(_exact(position["avg_price"]) - holding.average) <= STEP
        assert position["closed_at"] is None
        return
    assert position["avg_price"] is None
    assert moment(position["closed_at"]) == moment(trade["exit_time"]) == holding.last_at
    assert money(position["realized_pnl"]) == money(trade["gross_pnl"])


def assert_metrics_true(world: World, bot_id: int, start: Decimal) -> None:
    """One row for each closed trade, each with the figures of the trades closed until then."""
    closed = sorted(
        (trade for trade in world.trades(bot_id) if trade["status"] == "closed"),
        key=lambda trade: (str(trade["exit_time"]), str(trade["entry_time"])),
    )
    rows = world.database.rows("SELECT * FROM trading_performance_metrics WHERE bot_id = ? ORDER BY id", bot_id)
    assert [row["metrics"]["total_trades"] for row in rows] == list(range(1, len(closed) + 1))
    total, won, lost = Decimal(0), 0, 0
    for number, (row, trade) in enumerate(zip(rows, closed, strict=True), 1):
        net = _exact(trade["net_pnl"])
        total, won, lost = total + net, won + (net > 0), lost + (net < 0)
        figures = row["metrics"]
        assert (figures["winning_trades"], figures["losing_trades"]) == (won, lost)
        assert abs(figures["win_rate"] - 100 * won / number) <= 0.00006
        assert abs(Decimal(repr(figures["total_pnl"])) - total) <= STEP * number
        assert abs(Decimal(repr(figures["current_balance"])) - start - total) <= STEP * number
        assert 0 <= figures["current_drawdown"] <= figures["max_drawdown"]
        assert moment(figures["last_updated"]) == moment(row["calculated_at"]) == moment(trade["exit_time"])


def _exact(value: Any) -> Decimal:
    number = money(value)
    assert number is not None
    return number
