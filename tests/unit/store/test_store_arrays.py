"""Many rows in one statement: whatever is in them arrives as it was, and what does not fit is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from ledger_facts import new_bot
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import DataError, StatementError

from supervisor.store.engine import open_engine, reading, writing
from supervisor.store.faults import is_poison
from supervisor.store.shape import Shape, read_shape
from supervisor.store.tables import dead_letters, incidents, trading_bots, trading_fills

NOW = datetime(2025, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
ODD = [
    "",
    " ",
    "NULL",
    "null",
    '"',
    '""',
    "\\",
    '\\"',
    "{",
    "}",
    "{}",
    ",",
    "a,b",
    "'",
    "%s",
    "%(x)s",
    ":x",
    "\n\t",
    "ä€😀",
]


@pytest.fixture
def postgres_engine(postgresql_url: str) -> Iterator[Engine]:
    opened = open_engine(postgresql_url)
    yield opened
    opened.dispose()


def shape_of(engine: Engine) -> Shape:
    with reading(engine) as connection:
        return read_shape(connection)


def write(engine: Engine, table: Any, rows: list[dict[str, Any]]) -> None:
    shape = shape_of(engine)
    with writing(engine) as connection:
        shape.write_many(connection, shape.insert(table), rows)


def incident(key: str, **values: Any) -> dict[str, Any]:
    row = {
        "key": key,
        "bot_id": None,
        "severity": "info",
        "error_class": "X",
        "message": "",
        "details": None,
        "at": NOW,
    }
    return row | values


def fill(bot_id: int, number: int, **values: Any) -> dict[str, Any]:
    row = {"bot_id": bot_id, "fill_id": f"f{number}", "client_order_id": "o", "symbol": "BTC/USDT", "side": "buy"}
    money = {"quantity": Decimal(1), "price": Decimal("0.1"), "commission": Decimal(0)}
    return row | money | {"quality": None, "executed_at": NOW} | values


def test_any_text_and_any_json_arrives_as_it_was(engine: Engine) -> None:
    rows = [
        incident(f"k{number}", message=text, details={text: [text, None, 1.5]}, bot_id=number if number % 2 else None)
        for number, text in enumerate(ODD)
    ]
    write(engine, incidents, rows)
    table = incidents.c
    with reading(engine) as connection:
        found = connection.execute(
            select(table.message, table.details, table.bot_id, table.at).order_by(table.id)
        ).all()
    assert [tuple(row) for row in found] == [(row["message"], row["details"], row["bot_id"], NOW) for row in rows]


def test_bytes_arrive_as_they_were(engine: Engine) -> None:
    payloads = [b"", b"\x00\xff", b"\\", b'{"a": 1}', bytes(range(256))]
    write(
        engine,
        dead_letters,
        [{"key": str(n), "bot_id": n, "reason": "r", "payload": one, "at": NOW} for n, one in enumerate(payloads)],
    )
    with reading(engine) as connection:
        found = connection.scalars(select(dead_letters.c.payload).order_by(dead_letters.c.id)).all()
    assert [bytes(one) for one in found] == payloads


def test_money_is_rounded_and_times_are_told_in_utc(engine: Engine) -> None:
    bot_id = new_bot(engine)
    east = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    amounts = ["0.000000025", "1E-8", "1.5E+3", "-0", "123456.78901234"]
    write(
        engine,
        trading_fills,
        [fill(bot_id, n, price=Decimal(text), executed_at=east if n else NOW) for n, text in enumerate(amounts)],
    )
    table = trading_fills.c
    with reading(engine) as connection:
        found = connection.execute(select(table.price, table.executed_at).order_by(table.id)).all()
    assert [row.price for row in found] == [Decimal(text).quantize(Decimal("1E-8")) for text in amounts]
    assert {row.executed_at for row in found} == {NOW}


def test_text_that_is_too_long_is_refused_and_never_cut(postgres_engine: Engine) -> None:
    bot_id = new_bot(postgres_engine)
    with pytest.raises(DataError) as refused:
        write(postgres_engine, trading_fills, [fill(bot_id, 1), fill(bot_id, 2, quality="q" * 21)])
    assert is_poison(refused.value)


@pytest.mark.parametrize(
    "values",
    [{"price": Decimal("1e12")}, {"executed_at": NOW.replace(tzinfo=None)}, {"quality": "a\x00b"}, {"side": None}],
    ids=["money", "no zone", "NUL", "nothing"],
)
def test_what_no_column_takes_is_poison(postgres_engine: Engine, values: dict[str, Any]) -> None:
    bot_id = new_bot(postgres_engine)
    with pytest.raises((StatementError, ValueError)) as refused:
        write(postgres_engine, trading_fills, [fill(bot_id, 1), fill(bot_id, 2, **values)])
    assert is_poison(refused.value)


def test_rows_are_laid_over_those_with_their_keys_and_the_last_one_counts(engine: Engine) -> None:
    first, second, gone = (new_bot(engine) for _ in range(3))
    shape = shape_of(engine)
    with writing(engine) as connection:
        owner = connection.scalar(select(trading_bots.c.user_id).where(trading_bots.c.id == first))
        told = ((first, owner, 7), (second, owner, 8), (first, owner, 9), (second, 999, 10), (gone, owner, 11))
        changes = [{"id": bot_id, "user_id": by, "total_pnl": Decimal(pnl)} for bot_id, by, pnl in told]
        connection.execute(delete(trading_bots).where(trading_bots.c.id == gone))
        shape.update_many(connection, trading_bots, ("id", "user_id"), changes)
        shape.update_many(connection, trading_bots, ("id", "user_id"), [])
        found = {
            row.id: row.total_pnl for row in connection.execute(select(trading_bots.c.id, trading_bots.c.total_pnl))
        }
    assert found == {first: Decimal(9), second: Decimal(8)}
