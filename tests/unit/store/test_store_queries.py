from __future__ import annotations

from datetime import timedelta

from ledger_facts import NOW, START, deliver, entries, new_bot, trades_of
from sqlalchemy import Engine

from supervisor.store import queries
from supervisor.store.commands import OpenIncarnation
from supervisor.store.engine import reading, writing
from supervisor.store.incarnations import open_lives
from supervisor.store.shape import read_shape
from supervisor.store.supervision import Supervision, write_supervision


def test_the_lists_are_newest_first_and_narrowed_by_bot_time_and_number(engine: Engine) -> None:
    first, second = new_bot(engine), new_bot(engine)
    deliver(engine, first, entries(trades_of("a", 4)))
    deliver(engine, second, entries(trades_of("b", 2)[:-2], "j2"))
    since = START + timedelta(hours=3)
    with reading(engine) as connection:
        shape = read_shape(connection)
        times = [row["entry_time"] for row in queries.trades(connection, shape, bot_id=first)]
        assert times == sorted(times, reverse=True)
        assert len(times) == 4
        assert [row["bot_id"] for row in queries.trades(connection, shape, status="open")] == [second]
        assert len(queries.trades(connection, shape, since=since)) == 2
        assert [row["client_order_id"] for row in queries.orders(connection, bot_id=first, limit=2)] == ["a4x", "a4"]
        assert len(queries.orders(connection, statuses=["filled"])) == 11
        assert len(queries.fills(connection, bot_id=second)) == 3
        assert len(queries.denials(connection)) == 5
        assert len(queries.incident_rows(connection, limit=3)) == 3
        assert [row["metrics"]["total_trades"] for row in queries.metrics(connection, shape, bot_id=first)] == [
            4,
            3,
            2,
            1,
        ]
        assert queries.letters(connection) == []


def test_bots_come_with_their_supervision_and_last_life(engine: Engine) -> None:
    bot_id, other = new_bot(engine), new_bot(engine)
    with writing(engine) as connection:
        shape = read_shape(connection)
        lives = [
            OpenIncarnation(incarnation=n, bot_id=bot_id, generation="g", host="h", pid=n, started_at=NOW)
            for n in (5, 6)
        ]
        open_lives(connection, shape, lives)
        write_supervision(connection, shape, [Supervision(bot_id=bot_id, failures=3)], NOW)
    with reading(engine) as connection:
        mine, theirs = queries.bots(connection, shape)
        assert [row["id"] for row in queries.lives(connection, bot_id=bot_id)] == [6, 5]
    assert (mine["id"], mine["life"]["id"], mine["supervision"]["failures"]) == (bot_id, 6, 3)
    assert (theirs["id"], theirs["life"], theirs["supervision"]) == (other, None, None)
    assert mine["config"] == {"name": "x"}
