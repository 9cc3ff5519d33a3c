"""A hundred bots that each need five seconds to stop: seconds until all have stopped.

Their strategy is a plugin whose end takes five seconds. Stopped once by SIGTERM to the service, once by one UPDATE
of their rows.
"""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bots import simulated
from benchmarks.context import Context
from benchmarks.databases import Session
from benchmarks.figure import Figure
from benchmarks.installation import Installation
from benchmarks.waiting import wait_for

BOTS = 100
NEEDS = 5.0
PLUGIN = f'''"""A strategy whose end takes its time."""

import time

from worker.strategies.contract import BotStrategy


class SlowToStop(BotStrategy):
    def on_bar(self) -> None:
        """Never trades."""

    def stop(self) -> None:
        time.sleep({NEEDS})
'''


def measure(context: Context) -> list[Figure]:
    """Both ways."""
    plugins = context.folder / "plugins"
    plugins.mkdir(exist_ok=True)
    (plugins / "slow_to_stop.py").write_text(PLUGIN)
    return [
        _figure("stop-service", "SIGTERM to the service", _by_signal(context, plugins)),
        _figure("stop-rows", "one UPDATE of their rows", _by_rows(context, plugins)),
    ]


def _figure(name: str, how: str, seconds: float) -> Figure:
    label = f"{BOTS} bots that need {NEEDS:g} s to stop: {how}"
    return Figure(name=name, label=label, value=seconds, unit="s", at_most=6)


def _configs() -> list[dict[str, Any]]:
    configs = [simulated(number, warm_up=20) for number in range(1, BOTS + 1)]
    for config in configs:
        config["strategy"] = {"type": "SlowToStop", "parameters": {}}
    return configs


def _begin(place: Installation, session: Session) -> None:
    session.insert_bots(_configs(), "enabled")
    started = place.start()
    place.until_all_trade(session, BOTS, started, within=120)
    place.remember()


def _by_signal(context: Context, plugins: Path) -> float:
    """Until the supervisor has exited, by when no worker lives."""
    place = Installation(context.databases.create("sqlite"), BOTVISOR_PLUGIN_DIRS=str(plugins))
    with place, place.database.session() as session:
        _begin(place, session)
        before = time.monotonic()
        place.supervisor.send_signal(signal.SIGTERM)
        if not place.wait(60):
            raise TimeoutError("the supervisor still runs 60 s after SIGTERM")
        taken = time.monotonic() - before
        _require_drained(session)
        return taken


def _by_rows(context: Context, plugins: Path) -> float:
    """Until the last row says stopped."""
    place = Installation(context.databases.create("sqlite"), BOTVISOR_PLUGIN_DIRS=str(plugins))
    with place, place.database.session() as session:
        _begin(place, session)
        before = time.monotonic()
        session.run("UPDATE trading_bots SET status = 'stopping'")
        left = partial(session.run, "SELECT 1 FROM trading_bots WHERE status <> 'stopped' LIMIT 1")
        wait_for("all rows to say stopped", lambda: not left(), within=60)
        taken = time.monotonic() - before
        _require_drained(session)
        return taken


def _require_drained(session: Session) -> None:
    causes = dict(session.run("SELECT cause, count(*) FROM incarnations GROUP BY cause"))
    if set(causes) != {"drained"}:
        raise RuntimeError(f"not every bot was let end in its own time: {causes}")
