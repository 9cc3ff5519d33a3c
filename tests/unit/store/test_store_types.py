from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import StatementError

from supervisor.store.engine import open_engine, reading, writing
from supervisor.store.tables import bot_states, trading_bots, usr_users
from supervisor.store.types import Money, UtcDateTime, decode_json, utc_of

NOW = datetime(2025, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


def a_bot(engine: Engine, **values: Any) -> int:
    with writing(engine) as connection:
        owner = connection.scalar(select(usr_users.c.id))
        row: dict[str, Any] = {"user_id": owner, "status": "stopped", "config": {}} | values
        return int(connection.execute(insert(trading_bots).values(row).returning(trading_bots.c.id)).scalar_one())


def read(engine: Engine, bot_id: int, column: str) -> Any:
    with reading(engine) as connection:
        return connection.scalar(select(trading_bots.c[column]).where(trading_bots.c.id == bot_id))


@pytest.mark.parametrize(
    ("given_amount", "kept"),
    [
        ("0.000000005", "0.00000000"),
        ("0.000000015", "0.00000002"),
        ("0.000000025", "0.00000002"),
        ("-1.234567885", "-1.23456788"),
        ("123456.78901234", "123456.78901234"),
        ("0.1", "0.10000000"),
    ],
)
def test_money_is_rounded_half_even_to_eight_places(engine: Engine, given_amount: str, kept: str) -> None:
    bot_id = a_bot(engine, total_pnl=Decimal(given_amount))
    assert f"{read(engine, bot_id, 'total_pnl'):f}" == kept


def test_money_that_does_not_fit_is_refused_on_both_databases(engine: Engine) -> None:
    with pytest.raises(StatementError, match="does not fit"):
        a_bot(engine, total_pnl=Decimal("1e12"))


def test_times_are_aware_utc_in_code_and_naive_utc_in_the_column(engine: Engine) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-7)))
    bot_id = a_bot(engine, started_at=elsewhere, created_at=elsewhere)
    assert read(engine, bot_id, "started_at") == NOW
    assert read(engine, bot_id, "created_at") == NOW
    with reading(engine) as connection:
        raw = connection.scalar(text("SELECT CAST(started_at AS text) FROM trading_bots"))
    assert raw == "2025-03-04 05:06:07.890123"


def test_a_naive_time_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        a_bot(engine, started_at=datetime(2025, 1, 1))


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        ("2025-03-04 05:06:07", datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2025-03-04T05:06:07.5Z", datetime(2025, 3, 4, 5, 6, 7, 500000, tzinfo=UTC)),
        ("2025-03-04T05:06:07+02:00", datetime(2025, 3, 4, 3, 6, 7, tzinfo=UTC)),
        ("2025-03-04", datetime(2025, 3, 4, tzinfo=UTC)),
        (1741064767, datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)),
        (1741064767000, datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("some day", None),
        (True, None),
        (1e300, None),
    ],
)
def test_any_iso_text_or_epoch_number_reads_as_utc(stored: object, meant: datetime | None) -> None:
    assert utc_of(stored) == meant


@pytest.mark.parametrize(
    ("stored", "meant"), [("1.5", "1.50000000"), (2, "2.00000000"), (0.1, "0.10000000"), ("x", None)]
)
def test_sqlite_amounts_of_any_storage_class_read_as_decimals(sqlite_url: str, stored: Any, meant: str | None) -> None:
    engine = open_engine(sqlite_url)
    bot_id = a_bot(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE trading_bots SET total_pnl = :value"), {"value": stored})
    found = read(engine, bot_id, "total_pnl")
    assert (None if found is None else str(found)) == meant
    engine.dispose()


def test_broken_json_in_a_row_reads_as_the_text_that_it_is(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    bot_id = a_bot(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE trading_bots SET config = '{broken', description = CAST(x'ff41' AS TEXT)")
    assert read(engine, bot_id, "config") == "{broken"
    assert read(engine, bot_id, "description") == "\ufffdA"
    engine.dispose()


@pytest.mark.parametrize(
    ("text_in_column", "meant"),
    [
        ('{"a": 1}', {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('"plain"', "plain"),
        ("[1]", [1]),
        ("null", None),
        ("", ""),
        (b'{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_json_is_decoded_once_or_twice_and_never_raises(text_in_column: object, meant: object) -> None:
    assert decode_json(text_in_column) == meant


def test_an_encoded_object_in_a_json_string_is_decoded_on_both_databases(engine: Engine) -> None:
    bot_id = a_bot(engine, config='{"name": "twice"}')
    assert read(engine, bot_id, "config") == {"name": "twice"}


def test_a_checkpoint_state_keeps_every_float_as_it_was(engine: Engine) -> None:
    bot_id = a_bot(engine)
    state = {"zero": -0.0, "tiny": 5e-324, "third": 1 / 3, "big": 1.7976931348623157e308, "b": 1, "a": 2}
    with writing(engine) as connection:
        connection.execute(insert(bot_states).values(bot_id=bot_id, state=state))
    with reading(engine) as connection:
        found = connection.scalar(select(bot_states.c.state))
    assert repr(found) == repr(state)


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=12))
def test_writing_money_twice_changes_nothing(amount: Decimal) -> None:
    column = Money()
    dialect: Any = open_engine("postgresql://h/n").dialect
    once = column.process_bind_param(amount, dialect)
    assert column.process_bind_param(once, dialect) == once
    assert column.process_result_value(repr(once).split("'")[1], dialect) == once


def test_reading_a_time_gives_the_same_instant_whatever_the_zone() -> None:
    column = UtcDateTime()
    dialect: Any = open_engine("postgresql://h/n").dialect
    assert column.process_result_value(NOW.astimezone(timezone(timedelta(hours=9))), dialect) == NOW
