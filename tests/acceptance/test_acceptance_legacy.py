"""A database of the earlier service is used as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import a_bot
from database import Database, money
from earlier_service import make_legacy, shape
from judging import assert_traded_as
from postgres import Postgres
from recomputing import assert_positions_true
from recorded_bots import ETH_BTC, as_in_the_documents, needs_recordings
from reference.simulator import simulate
from world import World


@pytest.fixture(params=["sqlite", "postgresql"])
def old_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.create())
    world = World(Database(url))
    yield world
    world.close()


def insert_old(world: World, config: dict[str, Any], status: str) -> int:
    return int(
        world.database.row(
            "INSERT INTO trading_bots (user_id, type, status, config, colour, extra_metadata) "
            "VALUES (1, 'paper', ?, ?, 'green', ?) RETURNING id",
            status,
            json.dumps(config),
            json.dumps({"theirs": {"keep": True}}),
        )["id"]
    )


FOREIGN = (
    "SELECT id, user_id, type, colour, description, CAST(config AS TEXT) AS config_text FROM trading_bots ORDER BY id"
)


@needs_recordings
def test_the_old_tables_are_used_unchanged(old_world: World) -> None:
    tables = make_legacy(old_world.database)
    config = as_in_the_documents()
    finishing = insert_old(old_world, config, "running")
    lasting = insert_old(old_world, a_bot(), "running")
    off = insert_old(old_world, a_bot(), "disabled")
    old_world.database.execute(
        "INSERT INTO trading_trades (bot_id, trade_type, entry_logic_name, exit_logic_name, symbol, interval, "
        "direction, status, net_pnl) VALUES (?, 'paper', 'Unknown', 'Unknown', 'BTCUSDT', '1h', 'long', 'closed', 1.5)",
        off,
    )
    before, rows = shape(old_world.database, tables), old_world.database.rows(FOREIGN)
    kept_trade = old_world.database.rows("SELECT * FROM trading_trades WHERE bot_id = ?", off)
    whole = old_world.database.rows("SELECT * FROM trading_bots WHERE id = ?", off)
    old_world.start()
    old_world.until_running(lasting)
    old_world.until_finished(finishing)
    assert old_world.stop() == 0
    assert shape(old_world.database, tables) == before
    assert old_world.database.rows(FOREIGN) == rows
    assert old_world.database.rows("SELECT * FROM trading_trades WHERE bot_id = ?", off) == kept_trade
    assert old_world.database.rows("SELECT * FROM trading_bots WHERE id = ?", off) == whole
    assert old_world.database.rows("SELECT title, body FROM family_recipes") == [
        {"title": "borscht", "body": "beetroot, slowly"}
    ]
    assert old_world.notes(lasting)["theirs"] == {"keep": True}, "extra_metadata is merged key by key"
    assert_traded_as(old_world, finishing, simulate(config, ETH_BTC))


@needs_recordings
def test_an_open_trade_of_the_earlier_service_is_managed_to_its_end(old_world: World) -> None:
    """The bot starts with this position and opens no second one."""
    make_legacy(old_world.database)
    config = a_bot(ETH_BTC, risk_management={"take_profit_pct": 1})
    bot_id = insert_old(old_world, config, "running")
    old_world.database.execute(
        "INSERT INTO trading_trades (bot_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, symbol, "
        "interval, direction, status, entry_time, entry_price, entry_value, size, commission) VALUES (?, 'paper', "
        "'CustomStrategy', 'RSIOrBBEntryMixin', 'TimeBasedExitMixin', 'ETHBTC', '5m', 'long', 'open', "
        "'2018-01-09 00:00:00', 0.05, 5, 100, 0.005)",
        bot_id,
    )
    (opened,) = old_world.trades(bot_id)
    old_world.database.execute(
        "INSERT INTO trading_positions (bot_id, trade_type, symbol, direction, opened_at, qty_open, avg_price, status) "
        "VALUES (?, 'paper', 'ETHBTC', 'long', '2018-01-09 00:00:00', 100, 0.05, 'open')",
        bot_id,
    )
    place = old_world.database.row("SELECT id FROM trading_positions")["id"]
    old_world.database.execute("UPDATE trading_trades SET position_id = ? WHERE id = ?", place, opened["id"])
    old_world.start()
    old_world.until_finished(bot_id)
    first, *others = old_world.trades(bot_id)
    assert (first["id"], first["status"]) == (opened["id"], "closed")
    assert (money(first["size"]), first["position_id"]) == (100, place)
    assert all(trade["entry_time"] >= first["exit_time"] for trade in others)
    assert_positions_true(old_world, bot_id, adopted=first["id"])


@pytest.mark.slow
def test_adding_a_bot_supplies_the_old_type_column(old_world: World, tmp_path: Path) -> None:
    """An INSERT must supply `type` where the column exists."""
    make_legacy(old_world.database)
    old_world.migrate()
    path = tmp_path / "bot.json"
    path.write_text(json.dumps(a_bot()))
    old_world.botctl("add", str(path), "--user", "1")
    assert old_world.database.row("SELECT type FROM trading_bots")["type"] == "paper"
