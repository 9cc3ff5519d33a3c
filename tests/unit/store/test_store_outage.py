"""The database taken away: nothing is lost, nothing is written twice, order is kept."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from databases import PostgresServer
from ledger_facts import NOW, deliver, entries, everything, new_bot, rows, trades_of
from legacy import execute
from listening import Listener, listening
from sqlalchemy import Engine
from waiting import PATIENCE

from common.wire.codec import encode_entry
from common.wire.facts import Entry
from supervisor.store.commands import RecordIncident, WriteStatus
from supervisor.store.engine import open_engine
from supervisor.store.events import BotsRead, DatabaseAway, DatabaseBack, EntriesRecorded, StatusWritten

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


def send(listener: Listener, bot_id: int, batch: list[Entry]) -> None:
    for entry in batch:
        listener.recorder.submit_entry(bot_id, 7, encode_entry(entry))


def clean(engine: Engine, batch: list[Entry]) -> dict[str, list[dict[str, object]]]:
    """What one quiet delivery would have left; the bot is the first of its database."""
    deliver(engine, new_bot(engine), batch)
    return everything(engine)


def facts_of(tables: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """The rows of facts; positions by their place, for a transaction that was cut off uses up ids."""
    places = {row["id"]: number for number, row in enumerate(tables["trading_positions"])}
    kept = ("trading_orders", "trading_fills", "trading_trades", "trading_positions", "trading_performance_metrics")
    found = {}
    for name in kept:
        found[name] = [{key: row[key] for key in row if key not in ("id", "updated_at")} for row in tables[name]]
    for trade in found["trading_trades"]:
        trade["position_id"] = places[trade["position_id"]]
    return found


@pytest.mark.postgres
def test_a_cut_connection_costs_nothing(
    postgres_server: PostgresServer, postgres_template: str, postgresql_url: str
) -> None:
    batch = entries(trades_of("t", 60))
    engine = open_engine(postgresql_url)
    bot_id = new_bot(engine)
    with listening(postgresql_url, batch_entries=5) as listener:
        listener.ready()
        sender = threading.Thread(target=send, args=(listener, bot_id, batch))
        sender.start()
        for _ in range(3):
            listener.wait(EntriesRecorded)
            engine.dispose()
            postgres_server.end_sessions(postgresql_url)
            listener.wait(DatabaseBack)
        sender.join()
        listener.acknowledged("j1", batch[-1].seq)
        told = [
            fact.status
            for event in listener.heard
            if isinstance(event, EntriesRecorded)
            for one in event.deliveries
            for fact in one.facts
            if fact.kind == "trade"
        ]
        assert told == ["open", "closed"] * 60
    other = postgres_server.create(postgres_template)
    quiet = open_engine(other)
    assert facts_of(everything(engine)) == facts_of(clean(quiet, batch))
    engine.dispose()
    quiet.dispose()
    postgres_server.drop(other)


@pytest.mark.postgres
def test_a_stopped_server_is_waited_for_with_growing_delays_and_then_everything_is_written(
    stoppable_postgres: PostgresServer,
) -> None:
    url = stoppable_postgres.create()
    batch = entries(trades_of("t", 5))
    with listening(url) as listener:
        listener.ready()
        engine = open_engine(url)
        bot_id = new_bot(engine)
        listener.wait(BotsRead)
        engine.dispose()
        stoppable_postgres.stop()
        listener.wait(DatabaseAway)
        send(listener, bot_id, batch)
        for old, new in (("running", "error"), ("error", "starting"), ("starting", "running")):
            listener.recorder.submit(WriteStatus(bot_id=bot_id, expected=old, status=new, at=NOW))
        listener.recorder.submit(
            RecordIncident(key="k", bot_id=bot_id, severity="info", error_class="E", message="m", at=NOW)
        )
        delays = [listener.wait(DatabaseAway).retry_in for _ in range(3)]
        assert delays == sorted(delays)
        assert delays[0] < delays[-1]
        stoppable_postgres.start()
        assert listener.wait(DatabaseBack).away_for > sum(delays[:2])
        assert listener.wait(StatusWritten).done
        listener.acknowledged("j1", batch[-1].seq)
        execute(url, "UPDATE trading_bots SET status = 'disabled'")
        assert [row.status for row in listener.wait(BotsRead).rows] == ["disabled"]
        assert len(rows(engine, "trading_trades")) == 5
        assert [row["key"] for row in rows(engine, "incidents") if row["key"] == "k"] == ["k"]
        engine.dispose()


@pytest.mark.postgres
def test_a_server_that_is_not_there_yet_at_the_start_is_waited_for(stoppable_postgres: PostgresServer) -> None:
    url = stoppable_postgres.create()
    stoppable_postgres.stop()
    with listening(url) as listener:
        listener.wait(DatabaseAway)
        listener.wait(DatabaseAway)
        stoppable_postgres.start()
        assert listener.ready().rows == ()


@pytest.mark.postgres
def test_stopping_while_the_database_is_away_keeps_to_its_deadline(stoppable_postgres: PostgresServer) -> None:
    url = stoppable_postgres.create()
    with listening(url) as listener:
        listener.ready()
        stoppable_postgres.stop()
        listener.wait(DatabaseAway)
        send(listener, 1, entries(trades_of("t", 1)))
        began = time.monotonic()
        stopped = listener.stop(deadline=0.5)
        assert (stopped.flushed, stopped.left) == (False, 4)
        assert time.monotonic() - began < PATIENCE / 2
        stoppable_postgres.start()


def test_an_sqlite_file_that_another_process_locks_is_waited_for(sqlite_url: str, sqlite_template: Path) -> None:
    batch = entries(trades_of("t", 5))
    engine = open_engine(sqlite_url)
    bot_id = new_bot(engine)
    with listening(sqlite_url) as listener:
        listener.ready()
        path = sqlite_url.removeprefix("sqlite:///")
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            send(listener, bot_id, batch)
            listener.recorder.submit(WriteStatus(bot_id=bot_id, expected="running", status="paused", at=NOW))
            assert "locked" in listener.wait(DatabaseAway).reason
            holder.communicate("go\n", timeout=PATIENCE)
        assert listener.wait(StatusWritten).done
        listener.acknowledged("j1", batch[-1].seq)
    assert len(rows(engine, "trading_trades")) == 5
    assert [row["status"] for row in rows(engine, "trading_bots")] == ["paused"]
    engine.dispose()
