from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from ledger_facts import NOW, START, closed, deliver, entries, new_bot, round_trip, rows, trade
from legacy import dump, execute, make_legacy
from sqlalchemy import Engine, insert, text, update

from common.errors import ConfigurationError
from supervisor.store.bots import insert_bot, read_rows
from supervisor.store.commands import Beat, WriteStatus
from supervisor.store.engine import open_engine, reading, writing
from supervisor.store.events import StatusWritten
from supervisor.store.schema import upgrade
from supervisor.store.shape import read_shape
from supervisor.store.status import write_beats, write_status
from supervisor.store.tables import trading_bots, usr_users


def set_status(engine: Engine, bot_id: int, expected: str | None, status: str | None, **more: object) -> StatusWritten:
    repeated = bool(more.pop("repeated", False))
    with writing(engine) as connection:
        command = WriteStatus(bot_id=bot_id, expected=expected, status=status, at=NOW, **more)  # type: ignore[arg-type]
        return write_status(connection, read_shape(connection), command, repeated=repeated)


def the_bot(engine: Engine) -> dict[str, object]:
    (found,) = rows(engine, "trading_bots")
    return found


def test_rows_of_the_earlier_service_are_read_whatever_they_hold(empty_database_url: str) -> None:
    make_legacy(empty_database_url)
    engine = open_engine(empty_database_url)
    upgrade(engine)
    with reading(engine) as connection:
        first, second, third = read_rows(connection, read_shape(connection))
    assert first.config == {"id": "1", "name": "spaced   out", "foo": {"bar": 1.0}}
    assert (first.user_id, first.error_count, first.current_balance) == (7, 0, Decimal("1000.5"))
    assert first.extra_metadata == {"kept": [1, 2.5]}
    assert first.created_at == datetime(2025, 11, 4, 10, tzinfo=UTC)
    assert second.config == ("{broken" if engine.dialect.name == "sqlite" else ["no object"])
    assert third.config == {"name": "twice"}
    assert (third.extra_metadata, third.description) == ({}, None)
    assert [row.row_id for row in first.recovery.trades] == [40, 41]
    opened = first.recovery.trades[1]
    assert (opened.status, opened.size, opened.commission) == ("open", Decimal("0.5"), None)
    assert opened.entry_time == datetime(2025, 11, 5, 1, tzinfo=UTC)
    engine.dispose()


def test_a_row_added_to_an_adopted_table_supplies_the_old_type_column(empty_database_url: str) -> None:
    make_legacy(empty_database_url)
    engine = open_engine(empty_database_url)
    upgrade(engine)
    before = dump(empty_database_url)
    with writing(engine) as connection:
        shape = read_shape(connection)
        paper = insert_bot(connection, shape, config={"a": 1}, status="enabled", description="d", at=NOW)
        config = {"broker": {"trading_mode": "live"}}
        live = insert_bot(connection, shape, config=config, status="disabled", description=None, at=NOW, user_id=9)
    assert execute(empty_database_url, "SELECT id, user_id, type FROM trading_bots WHERE id > 3 ORDER BY id") == [
        (paper, 7, "paper"),
        (live, 9, "live"),
    ]
    assert [line for line in dump(empty_database_url) if line in before] == before
    engine.dispose()


def test_a_new_bot_belongs_to_the_operator(engine: Engine) -> None:
    new_bot(engine)
    assert the_bot(engine)["user_id"] == rows(engine, "usr_users")[0]["id"]
    assert the_bot(engine)["created_at"] == NOW


def test_a_bot_of_a_user_who_is_not_there_is_refused(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match="no user 99"), writing(engine) as connection:
        insert_bot(
            connection, read_shape(connection), config={}, status="enabled", description=None, at=NOW, user_id=99
        )


def test_without_operator_and_admin_an_owner_has_to_be_named(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(usr_users).values(email="x@example.org", role="trader"))
    with pytest.raises(ConfigurationError, match="name an owner"):
        new_bot(engine)


def test_a_status_is_written_only_over_the_expected_one(engine: Engine) -> None:
    bot_id = new_bot(engine, status="starting")
    assert set_status(engine, bot_id, "running", "error") == StatusWritten(
        bot_id=bot_id, status="error", done=False, found="starting"
    )
    assert the_bot(engine)["status"] == "starting"
    assert set_status(engine, bot_id, "starting", "running", started_at=START).done
    assert (the_bot(engine)["status"], the_bot(engine)["started_at"]) == ("running", START)
    (state,) = rows(engine, "bot_states")
    assert (state["status"], state["started_at"]) == ("running", START)


def test_started_at_is_written_with_running_only(engine: Engine) -> None:
    bot_id = new_bot(engine, status="starting")
    set_status(engine, bot_id, "starting", "error", started_at=START)
    assert the_bot(engine)["started_at"] is None


def test_an_error_is_counted_from_null_and_kept_in_the_metadata(engine: Engine) -> None:
    bot_id = new_bot(engine)
    assert the_bot(engine)["error_count"] is None
    set_status(engine, bot_id, "running", "error", error="it broke")
    set_status(engine, bot_id, "error", None, error="again", count_error=False)
    found = the_bot(engine)
    assert (found["status"], found["error_count"]) == ("error", 1)
    assert found["extra_metadata"] == {"last_error": "again", "last_error_time": NOW.isoformat()}
    set_status(engine, bot_id, "error", "running", reset_errors=True)
    assert the_bot(engine)["error_count"] == 0


def test_metadata_is_merged_key_by_key(engine: Engine) -> None:
    bot_id = new_bot(engine)
    with writing(engine) as connection:
        connection.execute(update(trading_bots).values(extra_metadata={"theirs": [1, {"deep": None}], "old": 1}))
    set_status(engine, bot_id, None, None, metadata_set={"stopped_by": "service"}, metadata_remove=("old", "never"))
    assert the_bot(engine)["extra_metadata"] == {"theirs": [1, {"deep": None}], "stopped_by": "service"}


def test_metadata_that_is_no_object_is_left_alone(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    bot_id = new_bot(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE trading_bots SET extra_metadata = 'scribble'"))
    assert set_status(engine, bot_id, "running", "error", error="it broke").done
    assert execute(sqlite_url, "SELECT status, extra_metadata, error_count FROM trading_bots") == [
        ("error", "scribble", 1)
    ]
    engine.dispose()


def test_a_repeated_command_counts_its_error_once(engine: Engine) -> None:
    bot_id = new_bot(engine)
    assert set_status(engine, bot_id, "running", "error", error="it broke").done
    assert set_status(engine, bot_id, "running", "error", error="it broke", repeated=True).done
    assert the_bot(engine)["error_count"] == 1


def test_a_repeated_command_that_was_never_committed_is_carried_out(engine: Engine) -> None:
    bot_id = new_bot(engine)
    assert set_status(engine, bot_id, "running", "running", metadata_set={"a": 1}, repeated=True).done
    assert the_bot(engine)["extra_metadata"] == {"a": 1}


def test_a_status_of_a_bot_that_is_gone_is_not_done(engine: Engine) -> None:
    assert set_status(engine, 99, "running", "error") == StatusWritten(
        bot_id=99, status="error", done=False, found=None
    )


def test_heartbeats_are_written_for_bots_that_are_there(engine: Engine) -> None:
    bot_id = new_bot(engine)
    with writing(engine) as connection:
        beats = [Beat(bot_id=bot_id, at=NOW, tick_at=START), Beat(bot_id=99, at=NOW)]
        write_beats(connection, read_shape(connection), beats)
    assert the_bot(engine)["last_heartbeat"] == NOW
    (state,) = rows(engine, "bot_states")
    assert (state["bot_id"], state["last_tick_at"]) == (bot_id, START)


def test_configs_are_never_rewritten(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    bot_id = new_bot(engine)
    spaced = '{"b":  1.50, "a" : [ ]}'
    execute(sqlite_url, "UPDATE trading_bots SET config = ?", spaced)
    set_status(engine, bot_id, "running", "error", error="x", metadata_set={"k": 1})
    deliver(engine, bot_id, entries(round_trip("t", 1)))
    assert execute(sqlite_url, "SELECT config FROM trading_bots") == [(spaced,)]
    engine.dispose()


def test_a_bot_with_a_checkpoint_recovers_from_it_and_needs_no_trades(engine: Engine) -> None:
    bot_id = new_bot(engine)
    deliver(engine, bot_id, entries(round_trip("t", 1)))
    with reading(engine) as connection:
        (row,) = read_rows(connection, read_shape(connection), [bot_id])
    assert row.recovery.checkpoint is not None
    assert (row.recovery.checkpoint.revision, row.recovery.checkpoint.state) == (4, {"seq": 4, "x": 0.1})
    assert row.recovery.checkpoint.bar_at == START + timedelta(minutes=4)
    assert row.recovery.trades == ()


def test_a_bot_without_a_checkpoint_recovers_from_its_trades_oldest_first(engine: Engine) -> None:
    bot_id = new_bot(engine)
    later = START + timedelta(days=1)
    facts = [(trade("b", later),), (closed("a", START, later),)]
    batch = [entry.model_copy(update={"checkpoint": None}) for entry in entries(facts)]
    deliver(engine, bot_id, batch)
    with reading(engine) as connection:
        (row,) = read_rows(connection, read_shape(connection))
    assert [(found.status, found.entry_time) for found in row.recovery.trades] == [("closed", START), ("open", later)]


def test_reading_many_bots_keeps_the_order_of_ids(engine: Engine) -> None:
    ids = [new_bot(engine) for _ in range(5)]
    with reading(engine) as connection:
        assert [row.id for row in read_rows(connection, read_shape(connection))] == ids
        assert [row.id for row in read_rows(connection, read_shape(connection), ids[3:4])] == ids[3:4]


def test_an_operator_s_insert_without_created_at_is_dated_by_the_database(engine: Engine) -> None:
    with writing(engine) as connection:
        user = connection.execute(text("SELECT id FROM usr_users")).scalar_one()
        connection.execute(insert(trading_bots).values(user_id=user, status="enabled", config={}))
    assert isinstance(the_bot(engine)["created_at"], datetime)
