"""Rows of trades and positions that somebody removed behind our back, or that belong to another bot by now."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from ledger_facts import START, closed, deliver, entries, new_bot, position, round_trip, rows, trade
from legacy import execute
from sqlalchemy import Engine

from supervisor.store.engine import open_engine
from supervisor.store.ledger import Outcome

LOST = "RecordedRowLost"


def shell(url: str, statement: str) -> None:
    """What somebody types into `sqlite3`, which does not heed foreign keys."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute(statement)
        connection.commit()


def trades(engine: Engine) -> set[tuple[int, str, str]]:
    return {(row["bot_id"], row["status"], row["strategy_name"]) for row in rows(engine, "trading_trades")}


def lost(engine: Engine) -> list[dict[str, Any]]:
    return [row for row in rows(engine, "incidents") if row["error_class"] == LOST]


def keys(engine: Engine) -> dict[tuple[int, str], int]:
    return {(row["bot_id"], row["trade_key"]): row["trade_id"] for row in rows(engine, "trade_keys")}


@pytest.fixture
def lite(sqlite_url: str) -> Any:
    opened = open_engine(sqlite_url)
    yield opened
    opened.dispose()


@pytest.mark.parametrize("own", [False, True], ids=["another bot", "the same bot"])
def test_a_removed_trade_whose_number_was_given_again_leaves_the_new_owner_alone(
    lite: Engine, sqlite_url: str, own: bool
) -> None:
    first = new_bot(lite)
    second = first if own else new_bot(lite)
    deliver(lite, first, entries([(trade("a", START, strategy_name="A"),)]))
    shell(sqlite_url, "DELETE FROM trading_trades")
    deliver(lite, second, entries([(trade("b", START, strategy_name="B"),)], "j2"))
    (taken,) = rows(lite, "trading_trades")
    done = deliver(lite, first, entries([(closed("a", START, START, strategy_name="A"),)], first=2))
    assert done == [Outcome.RECORDED]
    assert trades(lite) == {(second, "open", "B"), (first, "closed", "A")}
    assert keys(lite)[second, "b"] == taken["id"]
    assert keys(lite)[first, "a"] != taken["id"]
    (told,) = lost(lite)
    assert told["bot_id"] == first
    assert told["details"] == {"table": "trading_trades", "row": taken["id"], "key": "a"}


def test_a_removed_trade_is_recorded_anew_and_told_once(lite: Engine, sqlite_url: str) -> None:
    bot_id = new_bot(lite)
    moments = entries(round_trip("t", 1))
    deliver(lite, bot_id, moments[:2])
    shell(sqlite_url, "DELETE FROM trading_trades")
    shell(sqlite_url, "DELETE FROM trading_positions")
    assert deliver(lite, bot_id, moments[2:]) == [Outcome.RECORDED] * 2
    assert [row["status"] for row in rows(lite, "trading_trades")] == ["closed"]
    (place,) = rows(lite, "trading_positions")
    assert place["status"] == "closed"
    assert rows(lite, "trading_trades")[0]["position_id"] == place["id"]
    assert sorted(row["details"]["table"] for row in lost(lite)) == ["trading_positions", "trading_trades"]
    assert rows(lite, "dead_letters") == []


def test_a_position_of_a_removed_trade_is_recorded(lite: Engine, sqlite_url: str) -> None:
    bot_id = new_bot(lite)
    deliver(lite, bot_id, entries([(trade("t", START),)]))
    shell(sqlite_url, "DELETE FROM trading_trades")
    assert deliver(lite, bot_id, entries([(position("t", START),)], first=2)) == [Outcome.RECORDED]
    assert len(rows(lite, "trading_positions")) == 1
    assert keys(lite) == {(bot_id, "t"): None}


def test_rows_that_somebody_gave_to_another_bot_are_left_to_it(engine: Engine, database_url: str) -> None:
    first, second = new_bot(engine), new_bot(engine)
    moments = entries(round_trip("t", 1))
    deliver(engine, first, moments[:2])
    for table in ("trading_trades", "trading_positions"):
        execute(database_url, f"UPDATE {table} SET bot_id = {second} RETURNING id")
    assert deliver(engine, first, moments[2:]) == [Outcome.RECORDED] * 2
    for table in ("trading_trades", "trading_positions"):
        assert {(row["bot_id"], row["status"]) for row in rows(engine, table)} == {(first, "closed"), (second, "open")}
    assert len(lost(engine)) == 2
    deliver(engine, first, entries([(closed("t1", START, START),)], first=5))
    assert len(rows(engine, "trading_trades")) == 2
    assert len(lost(engine)) == 2
