"""Rows that another session keeps locked: their bot waits, nobody else does, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
from ledger_facts import NOW, START, entries, everything, incident, new_bot, round_trip, rows, trade, trades_of
from legacy import execute
from listening import Listener, listening
from sqlalchemy import Engine, make_url

from common.wire.codec import encode_entry
from common.wire.facts import Entry
from supervisor.store.commands import Beat, RecordIncident, WriteHeartbeats, WriteStatus, WriteSupervision
from supervisor.store.engine import open_engine, writing
from supervisor.store.events import BotsRead, DatabaseAway, EntriesRecorded, StatusWritten
from supervisor.store.shape import read_shape
from supervisor.store.supervision import Supervision
from supervisor.store.writing import carry_out

pytestmark = pytest.mark.postgres

UPDATE = "UPDATE trading_bots SET description = 'hm' WHERE id = {}"
LOOK = "SELECT 1 FROM trading_bots WHERE id = {} FOR UPDATE"


@pytest.fixture
def pg(postgresql_url: str) -> Iterator[Engine]:
    opened = open_engine(postgresql_url)
    yield opened
    opened.dispose()


@contextmanager
def locking(url: str, statement: str) -> Iterator[None]:
    """Another session that has run the statement and does not commit before the block is left."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(dsn)) as session:
        session.cursor().execute(statement)
        yield
        session.commit()


def send(listener: Listener, bot_id: int, batch: list[Entry], incarnation: int = 7) -> None:
    for entry in batch:
        listener.recorder.submit_entry(bot_id, incarnation, encode_entry(entry))


def acknowledged(listener: Listener, journal_id: str) -> list[tuple[int, int]]:
    return [
        (one.incarnation, one.up_to_seq)
        for event in listener.heard
        if isinstance(event, EntriesRecorded)
        for one in event.deliveries
        if one.journal_id == journal_id
    ]


def statuses(engine: Engine) -> dict[int, str]:
    return {row["id"]: row["status"] for row in rows(engine, "trading_bots")}


def change(bot_id: int, status: str = "paused") -> WriteStatus:
    return WriteStatus(bot_id=bot_id, expected="running", status=status, at=NOW)


@pytest.mark.parametrize("lock", [UPDATE, LOOK], ids=["changed", "looked at"])
def test_a_locked_bot_waits_alone_and_is_made_up_for(pg: Engine, postgresql_url: str, lock: str) -> None:
    locked, other, third = (new_bot(pg) for _ in range(3))
    mine, theirs = entries(trades_of("a", 3), "ja"), entries(trades_of("b", 3), "jb")
    with listening(postgresql_url, batch_entries=5) as listener:
        listener.ready()
        submit = listener.recorder.submit
        with locking(postgresql_url, lock.format(locked)):
            for bot_id in (locked, other):
                submit(change(bot_id))
                submit(WriteSupervision(Supervision(bot_id=bot_id, failures=2)))
            submit(WriteHeartbeats((Beat(bot_id=locked, at=NOW), Beat(bot_id=other, at=NOW))))
            submit(RecordIncident(key="k", bot_id=locked, severity="info", error_class="E", message="m", at=NOW))
            for one, two in zip(mine, theirs, strict=True):
                send(listener, locked, [one])
                send(listener, other, [two])
            assert listener.wait(StatusWritten).bot_id == other
            listener.acknowledged("jb", theirs[-1].seq)
            execute(postgresql_url, "UPDATE trading_bots SET status = 'disabled' WHERE id = ?", third)
            listener.wait(BotsRead, lambda event: [row.status for row in event.rows] == ["disabled"])
            assert acknowledged(listener, "ja") == []
            assert statuses(pg) == {locked: "running", other: "paused", third: "disabled"}
            beats = {row["id"]: row["last_heartbeat"] for row in rows(pg, "trading_bots")}
            assert beats == {locked: None, other: NOW, third: None}
            assert [row["key"] for row in rows(pg, "incidents") if row["error_class"] == "E"] == ["k"]
        listener.acknowledged("ja", mine[-1].seq)
        assert listener.stop().flushed
        assert not any(isinstance(event, DatabaseAway) for event in listener.heard)
    assert statuses(pg) == {locked: "paused", other: "paused", third: "disabled"}
    assert {row["bot_id"]: row["failures"] for row in rows(pg, "bot_supervision")} == {locked: 2, other: 2}
    assert {row["id"]: row["last_heartbeat"] for row in rows(pg, "trading_bots")}[locked] == NOW
    assert [row["error_class"] for row in rows(pg, "incidents") if row["error_class"] == "JournalGap"] == []
    assert len(rows(pg, "trading_trades")) == 6


def test_a_stop_is_not_held_up_by_a_lock_beyond_its_deadline(pg: Engine, postgresql_url: str) -> None:
    locked = new_bot(pg)
    with listening(postgresql_url) as listener:
        listener.ready()
        with locking(postgresql_url, UPDATE.format(locked)):
            listener.recorder.submit(change(locked))
            send(listener, locked, entries(round_trip("a", 1)))
            stopped = listener.stop(deadline=1.0)
            assert (stopped.flushed, stopped.left) == (False, 5)
    assert [row["released_at"] is not None for row in rows(pg, "supervisor_claims")] == [True]


def test_a_locked_row_of_another_table_holds_up_its_bot_alone(pg: Engine, postgresql_url: str) -> None:
    locked, other = new_bot(pg), new_bot(pg)
    mine, theirs = entries(round_trip("a", 1), "ja"), entries(round_trip("b", 1), "jb")
    unreadable = b'{"journal_id": "ja", "seq": 5, "facts": 3}'
    with listening(postgresql_url) as listener:
        listener.ready()
        send(listener, locked, mine[:2])
        listener.acknowledged("ja", 2)
        with locking(postgresql_url, "UPDATE trading_trades SET exit_reason = 'theirs'"):
            send(listener, locked, mine[2:])
            listener.recorder.submit_entry(locked, 7, unreadable)
            send(listener, other, theirs)
            listener.acknowledged("jb", 4)
            assert max(acknowledged(listener, "ja"))[1] <= 3
        listener.acknowledged("ja", 5)
    assert [row["status"] for row in rows(pg, "trading_trades")] == ["closed", "closed"]
    assert [row["seq"] for row in rows(pg, "dead_letters")] == [5]


def test_a_locked_table_of_facts_stops_no_reading_of_rows(pg: Engine, postgresql_url: str) -> None:
    ids = [new_bot(pg) for _ in range(12)]
    with listening(postgresql_url) as listener:
        listener.ready()
        with locking(postgresql_url, "LOCK TABLE trading_orders, bot_states IN SHARE MODE"):
            for bot_id in ids:
                send(listener, bot_id, entries(round_trip(f"t{bot_id}-", 1), f"j{bot_id}"))
                listener.recorder.submit(change(bot_id))
            execute(postgresql_url, "UPDATE trading_bots SET status = 'disabled' WHERE id = ?", ids[-1])
            listener.wait(BotsRead, lambda event: [row.status for row in event.rows] == ["disabled"])
            assert all(acknowledged(listener, f"j{bot_id}") == [] for bot_id in ids)
        assert listener.stop(deadline=60.0).flushed
        assert all(acknowledged(listener, f"j{bot_id}")[-1] == (7, 4) for bot_id in ids)
    assert statuses(pg) == dict.fromkeys(ids[:-1], "paused") | {ids[-1]: "disabled"}
    assert len(rows(pg, "trading_trades")) == 12


def test_a_few_locked_rows_do_not_keep_back_the_bots_behind_them(pg: Engine, postgresql_url: str) -> None:
    ids = [new_bot(pg) for _ in range(9)]
    locked = ids[:4]
    with listening(postgresql_url) as listener:
        listener.ready()
        for bot_id in locked:
            send(listener, bot_id, entries(round_trip(f"t{bot_id}-", 1)[:2], f"j{bot_id}"))
            listener.acknowledged(f"j{bot_id}", 2)
        with locking(postgresql_url, "UPDATE trading_trades SET exit_reason = 'theirs'"):
            for bot_id in ids:
                moments = round_trip(f"t{bot_id}-", 1)
                known = 2 if bot_id in locked else 0
                send(listener, bot_id, entries(moments[known:], f"j{bot_id}", known + 1))
            listener.wait(EntriesRecorded, lambda _: all(acknowledged(listener, f"j{bot_id}") for bot_id in ids[4:]))
        assert listener.stop(deadline=60.0).flushed
    assert [row["status"] for row in rows(pg, "trading_trades")] == ["closed"] * 9


def test_entries_sent_again_by_the_next_life_are_acknowledged_to_it_and_not_before_the_commit(
    pg: Engine, postgresql_url: str
) -> None:
    locked, other = new_bot(pg), new_bot(pg)
    batch = entries(round_trip("a", 1), "ja")
    with listening(postgresql_url) as listener:
        listener.ready()
        with locking(postgresql_url, UPDATE.format(locked)):
            send(listener, locked, [*batch, *batch[:2]])
            send(listener, locked, batch, incarnation=8)
            send(listener, other, entries(round_trip("b", 1), "jb"))
            listener.acknowledged("jb", 4)
            assert acknowledged(listener, "ja") == []
        listener.wait(EntriesRecorded, lambda _: {(7, 4), (8, 4)} <= set(acknowledged(listener, "ja")))
    assert len(rows(pg, "trading_performance_metrics")) == 2


def test_a_locked_table_holds_up_the_entries_and_nothing_else(pg: Engine, postgresql_url: str) -> None:
    bot_id, other = new_bot(pg), new_bot(pg)
    batch = entries([*round_trip("a", 1), (incident("i"),)], "ja")
    with listening(postgresql_url, poll_interval=0.2) as listener:
        listener.ready()
        with locking(postgresql_url, "LOCK TABLE journals IN SHARE MODE"):
            send(listener, bot_id, batch)
            listener.recorder.submit(change(bot_id))
            assert listener.wait(StatusWritten).done
            execute(postgresql_url, "UPDATE trading_bots SET status = 'disabled' WHERE id = ?", other)
            listener.wait(BotsRead, lambda event: [row.status for row in event.rows] == ["disabled"])
            assert acknowledged(listener, "ja") == []
        listener.acknowledged("ja", 5)
        assert not any(isinstance(event, DatabaseAway) for event in listener.heard)


def test_a_locked_table_of_commands_holds_up_commands_and_nothing_else(pg: Engine, postgresql_url: str) -> None:
    bot_id = new_bot(pg)
    with listening(postgresql_url) as listener:
        listener.ready()
        incident_of = RecordIncident(key="k", bot_id=1, severity="info", error_class="E", message="m", at=NOW)
        with locking(postgresql_url, "LOCK TABLE bot_supervision IN SHARE MODE; LOCK TABLE incarnations"):
            listener.recorder.submit(change(bot_id))
            listener.recorder.submit(incident_of)
            send(listener, bot_id, entries([(trade("t", START),)]))
            listener.acknowledged("j1", 1)
        assert listener.wait(StatusWritten).done
        listener.stop()
    assert [row["key"] for row in rows(pg, "incidents")] == ["k"]


def test_a_status_that_was_committed_before_the_connection_broke_is_done_though_its_row_is_locked(
    pg: Engine, postgresql_url: str
) -> None:
    bot_id = new_bot(pg)
    with writing(pg) as connection:
        carry_out(connection, read_shape(connection), [change(bot_id)], NOW)
    with locking(postgresql_url, UPDATE.format(bot_id)), writing(pg) as connection:
        shape = read_shape(connection)
        again = carry_out(connection, shape, [change(bot_id)], NOW, repeated=True)
        other = carry_out(connection, shape, [change(bot_id, "error")], NOW, repeated=True)
    assert [answer.done for answer in again.answers if isinstance(answer, StatusWritten)] == [True]
    assert (again.deferred, other.answers, other.deferred) == ([], [], [change(bot_id, "error")])


def test_what_a_lock_delayed_is_what_a_quiet_database_would_hold(
    pg: Engine, postgresql_url: str, sqlite_url: str
) -> None:
    batch = entries(trades_of("a", 4), "ja")
    locked = new_bot(pg)
    with listening(postgresql_url, batch_entries=3) as listener:
        listener.ready()
        for part in (batch[:5], batch[5:9], batch[9:]):
            with locking(postgresql_url, UPDATE.format(locked)):
                send(listener, locked, part)
            listener.acknowledged("ja", part[-1].seq)
    quiet = open_engine(sqlite_url)
    new_bot(quiet)
    with listening(sqlite_url) as listener:
        listener.ready()
        send(listener, 1, batch)
        listener.acknowledged("ja", batch[-1].seq)
    ours, plain = everything(pg), everything(quiet)
    quiet.dispose()
    for name in ("trading_trades", "trading_fills", "trading_denials", "journals", "dead_letters"):
        assert _timeless(ours[name]) == _timeless(plain[name]), name


def _timeless(found: list[dict[str, object]]) -> list[dict[str, object]]:
    dropped = ("updated_at", "id", "position_id")
    return [{key: value for key, value in row.items() if key not in dropped} for row in found]
