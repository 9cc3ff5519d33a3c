"""Comparing what the database holds with what the reference prescribes, column by column, to the last digit."""

from __future__ import annotations

from typing import Any

from database import moment, money
from reference.simulator import Result
from reference.trade import MONEY_COLUMNS, TEXT_COLUMNS, TIME_COLUMNS
from world import World


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """The columns of one trade that the rules determine, in one form for both databases and the reference."""
    result: dict[str, Any] = {name: row[name] for name in TEXT_COLUMNS}
    result |= {name: moment(row[name]) for name in TIME_COLUMNS}
    result |= {name: money(row[name]) for name in MONEY_COLUMNS}
    return result | {"pnl_percentage": money(row["pnl_percentage"], 4)}


def assert_traded_as(world: World, bot_id: int, expected: Result) -> None:
    """The bot's rows are exactly the reference's trades, the balance follows, positions and orders agree."""
    actual = [comparable(row) for row in world.trades(bot_id)]
    wanted = [comparable(row) for row in expected.all_trades]
    for number, (mine, theirs) in enumerate(zip(actual, wanted, strict=False)):
        different = {name: (mine[name], theirs[name]) for name in theirs if mine[name] != theirs[name]}
        assert not different, f"trade {number} of bot {bot_id} (recorded, prescribed): {different}"
    assert len(actual) == len(wanted), f"{len(actual)} trades recorded, {len(wanted)} prescribed"
    bot = world.bot(bot_id)
    assert money(bot["current_balance"]) == money(expected.balance)
    assert money(bot["total_pnl"]) == money(expected.balance - expected.start_balance)
