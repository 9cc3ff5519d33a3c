"""Everything the ledger says of a bot, in a form in which two runs can be compared to the last digit."""

from __future__ import annotations

from collections import Counter
from typing import Any

from database import Database, moment, money

Row = tuple[tuple[str, str], ...]
Bookings = dict[str, Counter[Row]]
"""Table → its rows, with how often each occurs."""

_ORDERS = (
    "symbol side order_type purpose status reason quantity limit_price stop_price filled_quantity average_price "
    "commission entry_price take_profit stop_loss entry_time exit_time exit_price exit_reason pnl created_at updated_at"
)
_TRADES = (
    "trade_type strategy_name entry_logic_name exit_logic_name symbol interval entry_time exit_time buy_order_created "
    "buy_order_closed sell_order_created sell_order_closed entry_price exit_price entry_value exit_value size "
    "direction commission gross_pnl net_pnl pnl_percentage exit_reason status"
)
_TABLES = {
    "trading_trades": _TRADES,
    "trading_orders": _ORDERS,
    "trading_positions": "trade_type symbol direction opened_at closed_at qty_open avg_price realized_pnl status",
    "trading_fills": "symbol side quantity price commission quality executed_at",
    "trading_denials": "symbol side rule message limit value decided_at",
    "dead_letters": "reason",
}
"""Table → columns that the market determines. Ids, and what carries the number of a life, differ between two runs."""


def ledger(database: Database, bot_id: int) -> Bookings:
    """Table → its rows of this bot with how often each occurs, and the bot's balance."""
    found: Bookings = {}
    for table, columns in _TABLES.items():
        rows = database.rows(f"SELECT * FROM {table} WHERE bot_id = ?", bot_id)
        found[table] = Counter(_row(row, columns.split()) for row in rows)
    (bot,) = database.rows("SELECT current_balance, total_pnl FROM trading_bots WHERE id = ?", bot_id)
    found["balance"] = Counter([_row(bot, ["current_balance", "total_pnl"])])
    return found


def differences(found: Bookings, undisturbed: Bookings) -> list[str]:
    """What is too much and what is missing, in words; empty when the two are equal."""
    told: list[str] = []
    for table, expected in undisturbed.items():
        too_many, missing = found[table] - expected, expected - found[table]
        for word, rows in (("too much", too_many), ("missing", missing)):
            told += [f"{table}, {word} ×{count}: {dict(row)}" for row, count in list(rows.items())[:3]]
    return told


def _row(row: dict[str, Any], columns: list[str]) -> Row:
    return tuple((name, _text(name, row[name])) for name in columns if name in row)


def _text(name: str, value: Any) -> str:
    if value is None or name.endswith(("_time", "_at", "_created", "_closed")):
        return str(moment(value))
    if isinstance(value, str) and not name.endswith(("price", "quantity", "value", "pnl", "size", "balance")):
        return value
    return f"{money(value, 4 if name == 'pnl_percentage' else 8):f}"
