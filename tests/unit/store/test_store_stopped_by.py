"""Who stopped a bot is known after a restart, whatever becomes of extra_metadata."""

from __future__ import annotations

import pytest
from ledger_facts import NOW, new_bot, rows
from legacy import execute
from sqlalchemy import Engine, text

from supervisor.reconcile.desire import RowView, SupervisionView, Wish, wish_of
from supervisor.store.bots import read_rows
from supervisor.store.commands import WriteStatus
from supervisor.store.engine import open_engine, reading, writing
from supervisor.store.schema import VERSION_TABLE, current, head, upgrade
from supervisor.store.shape import read_shape
from supervisor.store.status import write_status
from supervisor.store.supervision import Supervision, read_supervision, write_supervision


def say(engine: Engine, bot_id: int, status: str | None, by: str | None) -> None:
    marks = {"metadata_set": {"stopped_by": by}} if by else {"metadata_remove": ("stopped_by", "finished")}
    command = WriteStatus(bot_id=bot_id, expected=None, status=status, at=NOW, generation="g1", **marks)  # type: ignore[arg-type]
    with writing(engine) as connection:
        assert write_status(connection, read_shape(connection), command).done


def remembered(engine: Engine) -> list[str | None]:
    return [row["stopped_by"] for row in rows(engine, "bot_supervision")]


def next_wish(engine: Engine) -> Wish:
    """What a supervisor that starts now makes of the row."""
    with reading(engine) as connection:
        (row,) = read_rows(connection, read_shape(connection))
    memory = row.supervision
    view = SupervisionView(
        last_status=memory.last_status, observed_generation=memory.observed_generation, stopped_by=memory.stopped_by
    )
    seen = RowView(bot_id=row.id, status=row.status, extra_metadata=dict(row.extra_metadata), generation="g1")
    return wish_of(seen, view, crash_start=False, resume=True)


SPOILED = ["UPDATE trading_bots SET extra_metadata = NULL", "UPDATE trading_bots SET extra_metadata = '[1]'"]


@pytest.mark.parametrize("spoil", SPOILED, ids=["emptied", "no object"])
def test_an_operator_s_stop_survives_the_loss_of_extra_metadata(engine: Engine, spoil: str) -> None:
    bot_id = new_bot(engine)
    say(engine, bot_id, "stopped", "operator")
    with writing(engine) as connection:
        connection.execute(text(spoil))
    assert not next_wish(engine).on
    say(engine, bot_id, "starting", None)
    assert remembered(engine) == [None]
    say(engine, bot_id, "stopped", "service")
    with writing(engine) as connection:
        connection.execute(text(spoil))
    assert next_wish(engine).on


def test_an_operator_s_stop_survives_where_there_is_no_extra_metadata(engine: Engine) -> None:
    bot_id = new_bot(engine)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE trading_bots DROP COLUMN extra_metadata"))
    say(engine, bot_id, "stopped", "operator")
    assert remembered(engine) == ["operator"]
    assert not next_wish(engine).on


def test_a_mark_in_the_row_is_heeded_before_the_memory() -> None:
    memory = SupervisionView(last_status="stopped", observed_generation="g1", stopped_by="operator")

    def asked(**marks: bool | str) -> Wish:
        row = RowView(bot_id=1, status="stopped", extra_metadata=marks, generation="g1")
        return wish_of(row, memory, crash_start=False, resume=True)

    assert asked(stopped_by="service").on
    assert (asked().on, asked().apply_on_stop) == (False, True)
    assert (asked(finished=True).on, asked(finished=True).apply_on_stop) == (False, False)


def test_the_mark_is_not_overwritten_by_the_supervisor_s_other_memories(engine: Engine) -> None:
    bot_id = new_bot(engine)
    say(engine, bot_id, "stopped", "operator")
    with writing(engine) as connection:
        write_supervision(connection, read_shape(connection), [Supervision(bot_id=bot_id, failures=3)], NOW)
        memory = read_supervision(connection)[bot_id]
    assert (memory.stopped_by, memory.last_status, memory.failures) == ("operator", "stopped", 3)


def test_a_status_that_says_nothing_of_it_leaves_the_mark(engine: Engine) -> None:
    bot_id = new_bot(engine)
    say(engine, bot_id, "stopped", "operator")
    with writing(engine) as connection:
        command = WriteStatus(bot_id=bot_id, expected=None, status="error", at=NOW, error="x")
        write_status(connection, read_shape(connection), command)
    assert remembered(engine) == ["operator"]


def test_a_database_of_the_revision_before_gets_the_column(database_url: str) -> None:
    execute(database_url, "ALTER TABLE bot_supervision DROP COLUMN stopped_by")
    execute(database_url, f"UPDATE {VERSION_TABLE} SET version_num = '0003'")
    opened = open_engine(database_url)
    upgrade(opened)
    assert current(opened) == head()
    assert remembered(opened) == []
    opened.dispose()
