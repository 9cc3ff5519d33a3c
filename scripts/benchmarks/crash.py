"""A worker is killed (SIGKILL): how long until its replacement is ready, and until it trades again.

Ready: the replacement holds the bot's life lock, seen from outside by inotify on the lock file. That is the first
line of `worker.lifecycle.live`: everything is imported, the ticket read, the log open. Trading: `running_at` of the
new life, the moment at which the supervisor heard that the warm-up is over and the next bar is a live one.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from benchmarks.bots import simulated
from benchmarks.context import Context
from benchmarks.databases import Session
from benchmarks.figure import Figure, Spread
from benchmarks.file_watch import FileWatch
from benchmarks.installation import Installation, wall_time
from benchmarks.waiting import wait_for

BOTS = 4
WARM_UP = 500


def measure(context: Context) -> list[Figure]:
    """Kills in turn the bots of a small, otherwise idle fleet on SQLite."""
    kills = 20 if context.quick else 200
    settings = {"BOTVISOR_KILL_LIMIT": "100000"}
    with Installation(context.databases.create("sqlite"), **settings) as place, place.database.session() as session:
        bots = session.insert_bots([simulated(number, warm_up=WARM_UP) for number in range(1, BOTS + 1)], "enabled")
        started = place.start()
        place.until_all_trade(session, BOTS, started, within=60)
        taken = [_kill_one(place, session, bots[number % BOTS]) for number in range(kills)]
        bars = min(life["bars"] for life in place.lives().values())
    ready, trading = (Spread.of([sample[index] for sample in taken]) for index in (0, 1))
    return [
        _figure("ready", "worker killed → replacement ready (imports done)", ready, 15),
        _figure("trading", f"worker killed → trading again, {bars} warm-up bars", trading, 150),
    ]


def _figure(name: str, label: str, spread: Spread, target: float) -> Figure:
    return Figure(
        name=name,
        label=label,
        value=spread.median,
        unit="ms",
        at_most=target,
        detail=spread.text(),
        samples=spread.as_json(),
    )


def _kill_one(place: Installation, session: Session, bot_id: int) -> tuple[float, float]:
    """Milliseconds to the new life's lock and to its trading."""
    life = wait_for(f"bot {bot_id} to trade", lambda: _trading(place, bot_id), 30)
    with FileWatch(place.life_lock(bot_id)) as watch:
        wall, began = time.time(), time.monotonic()
        os.kill(life["pid"], signal.SIGKILL)
        ready = watch.changed_at(within=30) - began
    sql = "SELECT running_at FROM incarnations WHERE bot_id = ? AND id > ? AND running_at IS NOT NULL"
    rows = wait_for("the new life to trade", lambda: session.run(sql, bot_id, life["incarnation"]), 30)
    return ready * 1000, (wall_time(rows[0][0]) - wall) * 1000


def _trading(place: Installation, bot_id: int) -> dict[str, Any] | None:
    life = place.lives().get(bot_id)
    ready = life is not None and life["phase"] == "running" and life["pid"] == place.workers().get(bot_id)
    return life if ready else None
