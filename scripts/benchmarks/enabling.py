"""A row is enabled by somebody else's SQL: how long from its COMMIT until the bot trades.

Each row is enabled for the first time, so its strategy is checked in a process of its own on the way.
"""

from __future__ import annotations

import time
from functools import partial

from benchmarks.bots import simulated
from benchmarks.context import Context
from benchmarks.databases import KINDS, Session
from benchmarks.figure import Figure, Spread
from benchmarks.installation import Installation, wall_time
from benchmarks.waiting import wait_for

WARM_UP = 100


def measure(context: Context) -> list[Figure]:
    """On both databases."""
    return [_on(kind, context) for kind in KINDS]


def _on(kind: str, context: Context) -> Figure:
    count = 8 if context.quick else 50
    with Installation(context.databases.create(kind)) as place, place.database.session() as session:
        configs = [simulated(number, warm_up=WARM_UP) for number in range(1, count + 1)]
        bots = session.insert_bots(configs, "disabled")
        place.start()
        place.until_ready()
        spread = Spread.of([_enable(session, bot_id) for bot_id in bots])
    return Figure(
        name=f"enable-{kind}",
        label=f"row enabled (COMMIT) → trading, {WARM_UP} warm-up bars, {kind}",
        value=spread.median,
        unit="ms",
        at_most=250,
        detail=spread.text(),
        samples=spread.as_json(),
    )


def _enable(session: Session, bot_id: int) -> float:
    session.run("BEGIN")
    session.run("UPDATE trading_bots SET status = 'enabled' WHERE id = ?", bot_id)
    before = time.time()
    session.run("COMMIT")
    sql = "SELECT running_at FROM incarnations WHERE bot_id = ? AND running_at IS NOT NULL"
    rows = wait_for(f"bot {bot_id} to trade", partial(session.run, sql, bot_id), 30)
    session.run("UPDATE trading_bots SET status = 'disabled' WHERE id = ?", bot_id)
    over = "SELECT 1 FROM incarnations WHERE bot_id = ? AND ended_at IS NOT NULL"
    wait_for(f"bot {bot_id} to end", partial(session.run, over, bot_id), 30)
    return (wall_time(rows[0][0]) - before) * 1000
