"""However entries arrive, the tables end as if they had arrived once and in order."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from databases import PostgresServer
from effort import THOROUGH, examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ledger_facts import deliver, entries, everything, new_bot, trades_of
from sqlalchemy import Engine

from supervisor.store.engine import open_engine

BATCH = entries(trades_of("t", 3))


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Batches as a life sends them: from an acknowledged entry or the first other on, cut anywhere, again and again.

    Each is (first, turn, last): entries first..last, preceded by turn..last of them, for a retransmission may
    overtake, and repeat, what was on its way.
    """
    sent: list[tuple[int, int, int]] = []
    known = 0
    while known < len(BATCH):
        first = draw(st.integers(0, known))
        last = len(BATCH) - draw(st.integers(0, len(BATCH) - known - 1))
        sent.append((first, draw(st.integers(first, last)), last))
        known = last
    return sent


def outcome_of(engine: Engine, sent: list[tuple[int, int, int]]) -> dict[str, Any]:
    bot_id = new_bot(engine)
    for first, turn, last in sent:
        deliver(engine, bot_id, BATCH[turn:last] + BATCH[first:last])
    return everything(engine)


CLEAN = [(0, len(BATCH), len(BATCH))]


@pytest.fixture(scope="module")
def clean_sqlite(sqlite_template: Path) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(sqlite_template, f"{folder}/clean.db")
        engine = open_engine(f"sqlite:///{path}")
        yield outcome_of(engine, CLEAN)
        engine.dispose()


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=deliveries())
def test_any_delivery_leaves_the_same_tables_on_sqlite(
    batches: list[tuple[int, int, int]], sqlite_template: Path, clean_sqlite: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(sqlite_template, f"{folder}/tried.db")
        engine = open_engine(f"sqlite:///{path}")
        try:
            assert outcome_of(engine, batches) == clean_sqlite
        finally:
            engine.dispose()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.postgres
@settings(
    max_examples=8 if THOROUGH else 4,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=deliveries())
def test_any_delivery_leaves_the_same_tables_on_postgresql(
    batches: list[tuple[int, int, int]], postgres_server: PostgresServer, postgres_template: str
) -> None:
    found = []
    for tried in (CLEAN, batches):
        url = postgres_server.create(postgres_template)
        engine = open_engine(url)
        try:
            found.append(outcome_of(engine, tried))
        finally:
            engine.dispose()
            postgres_server.drop(url)
    assert found[0] == found[1]
