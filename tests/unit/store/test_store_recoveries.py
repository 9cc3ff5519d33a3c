"""The history of recoveries in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ledger_facts import NOW
from legacy import execute
from sqlalchemy import Engine

from common.error_class import ErrorClass
from common.recovery import Outcome, RecoveryStrategy
from supervisor.store import queries
from supervisor.store.commands import Command, EndRecoveries, RecordIncident, RecordRecovery
from supervisor.store.engine import open_engine, reading, writing
from supervisor.store.recovery_queries import Rows, error_counts, recovery_rates, recovery_rows
from supervisor.store.schema import VERSION_TABLE, is_current, upgrade
from supervisor.store.shape import read_shape
from supervisor.store.writing import carry_out

LATER = NOW + timedelta(minutes=1)
RESTARTS = (RecoveryStrategy.RESTART, RecoveryStrategy.BACKOFF)


def restart(incarnation: int, bot_id: int = 7, **changes: object) -> RecordRecovery:
    command = RecordRecovery(
        key=f"restart:{incarnation}",
        bot_id=bot_id,
        incarnation=incarnation,
        category=ErrorClass.STRATEGY,
        strategy=RecoveryStrategy.RESTART,
        began_at=NOW,
    )
    return replace(command, **changes)


def end(outcome: Outcome, bot_id: int = 7) -> EndRecoveries:
    return EndRecoveries(bot_id=bot_id, strategies=RESTARTS, outcome=outcome, at=LATER)


def write(engine: Engine, *commands: Command) -> None:
    with writing(engine) as connection:
        carry_out(connection, read_shape(connection), commands, NOW)


def rows(engine: Engine) -> Rows:
    with reading(engine) as connection:
        return recovery_rows(connection)


def test_a_recovery_is_written_once_and_its_first_end_stands(engine: Engine) -> None:
    write(engine, restart(1, attempt=2), restart(1))
    write(engine, restart(1, outcome=Outcome.FAILED, ended_at=LATER))
    write(engine, restart(1, outcome=Outcome.SUCCEEDED, ended_at=NOW), restart(1))
    (row,) = rows(engine)
    assert (row["attempt"], row["outcome"], row["ended_at"]) == (2, "failed", LATER)


def test_begin_and_end_in_one_batch_are_one_row(engine: Engine) -> None:
    write(engine, restart(1), restart(1, outcome=Outcome.SUCCEEDED, ended_at=LATER))
    (row,) = rows(engine)
    assert (row["outcome"], row["began_at"], row["ended_at"]) == ("succeeded", NOW, LATER)


def test_an_end_meets_what_is_pending_of_the_bot_and_nothing_else(engine: Engine) -> None:
    write(engine, restart(1), end(Outcome.FAILED), restart(2), restart(3, bot_id=8))
    write(engine, restart(4, strategy=RecoveryStrategy.ALERT, key="alert:4"), end(Outcome.SUCCEEDED))
    found = {row["key"]: row["outcome"] for row in rows(engine)}
    assert found == {
        "restart:1": "failed",
        "restart:2": "succeeded",
        "restart:3": "pending",
        "alert:4": "pending",
    }


def test_the_rate_of_success_is_of_those_that_ended(engine: Engine) -> None:
    write(engine, restart(1), end(Outcome.FAILED), restart(2), end(Outcome.SUCCEEDED), restart(3))
    write(engine, restart(4, bot_id=8, category=ErrorClass.SYSTEM))
    with reading(engine) as connection:
        strategy, system = recovery_rates(connection)
        (mine,) = recovery_rates(connection, bot_id=7)
    assert (strategy["count"], strategy["succeeded"], strategy["failed"], strategy["pending"]) == (3, 1, 1, 1)
    assert strategy["success_rate"] == 0.5
    assert (system["category"], system["success_rate"]) == ("system", None)
    assert mine == strategy


def test_errors_are_counted_by_bot_and_class_each_once(engine: Engine) -> None:
    classes = [ErrorClass.STRATEGY, ErrorClass.STRATEGY, ErrorClass.SYSTEM, None]
    incidents = [
        RecordIncident(key=str(n), bot_id=7, severity="error", error_class="x", message="m", category=one, at=NOW)
        for n, one in enumerate(classes)
    ]
    verdict = replace(incidents[0], key="quarantine", error_class="quarantine", severity="critical")
    write(engine, *incidents, verdict)
    with reading(engine) as connection:
        counts = error_counts(connection)
        shown = queries.incident_rows(connection)
    assert [(row["bot_id"], row["category"], row["errors"]) for row in counts] == [(7, "strategy", 2), (7, "system", 1)]
    assert counts[0]["last_at"] == NOW
    assert sorted(str(row["category"]) for row in shown) == ["None", "strategy", "strategy", "strategy", "system"]


def test_a_database_of_the_revision_before_keeps_its_incidents(database_url: str) -> None:
    execute(database_url, "ALTER TABLE incidents DROP COLUMN category")
    execute(database_url, "DROP TABLE recoveries")
    execute(database_url, f"UPDATE {VERSION_TABLE} SET version_num = '0004'")
    execute(
        database_url,
        "INSERT INTO incidents (key, severity, error_class, message, at) "
        "VALUES ('k', 'error', 'worker', 'm', '2024-01-01 00:00:00')",
    )
    opened = open_engine(database_url)
    upgrade(opened)
    assert is_current(opened)
    write(opened, restart(1))
    with reading(opened) as connection:
        (incident,) = queries.incident_rows(connection)
    assert (incident["key"], incident["category"], len(rows(opened))) == ("k", None, 1)
    opened.dispose()
