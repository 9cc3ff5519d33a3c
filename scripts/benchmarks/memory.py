"""Memory of its own per trading bot: USS (freed if only it ended) and PSS (with its share of what is shared)."""

from __future__ import annotations

import psutil
from benchmarks.bots import simulated
from benchmarks.context import Context
from benchmarks.figure import Figure, Spread
from benchmarks.installation import Installation
from benchmarks.waiting import wait_for

BOTS = 100
WARM_UP = 100
BARS = 500
SPEED = 600.0
"""Ten one-minute bars per second."""
MIB = 2**20


def measure(context: Context) -> list[Figure]:
    """A hundred bots warm up on 100 bars, trade live to bar 500, and are weighed there."""
    bots = 20 if context.quick else BOTS
    with Installation(context.databases.create("sqlite"), BOTVISOR_HEARTBEAT_INTERVAL="2") as place:
        with place.database.session() as session:
            session.insert_bots([simulated(n, warm_up=WARM_UP, speed=SPEED) for n in range(1, bots + 1)], "enabled")
            started = place.start()
            place.until_all_trade(session, bots, started, within=120)
        wait_for(f"all at bar {BARS}", lambda: _all_at(place, bots), within=180, every=0.5)
        weighed = [psutil.Process(pid).memory_full_info() for pid in place.workers().values()]
        processes = [process.memory_full_info() for process in _service(place)]
    uss, pss = (Spread.of([getattr(one, kind) / MIB for one in weighed]) for kind in ("uss", "pss"))
    rest = sum(one.pss for one in processes) / MIB
    detail = f"supervisor and fork server together {rest:.0f} MB PSS"
    return [_figure("uss", uss, 15, bots, ""), _figure("pss", pss, 18, bots, detail)]


def _figure(kind: str, spread: Spread, target: float, bots: int, more: str) -> Figure:
    return Figure(
        name=f"memory-{kind}",
        label=f"memory of its own per bot at {bots}, paper, at bar {BARS}: {kind.upper()}",
        value=spread.median,
        unit="MB",
        at_most=target,
        detail="; ".join(filter(None, (spread.text(), more))),
        samples=spread.as_json(),
    )


def _all_at(place: Installation, count: int) -> bool:
    lives = place.lives().values()
    return sum(int(life["bars"] or 0) >= BARS for life in lives) >= count


def _service(place: Installation) -> list[psutil.Process]:
    return [place.supervisor, *(child for child in place.supervisor.children() if "fork server" in _title(child))]


def _title(process: psutil.Process) -> str:
    return " ".join(process.cmdline())
