"""CPU of a service that has nothing to do: a hundred idle bots that tell every two seconds that they live."""

from __future__ import annotations

import contextlib
import time

import psutil
from benchmarks.bots import simulated
from benchmarks.context import Context
from benchmarks.figure import Figure
from benchmarks.installation import Installation

BOTS = 100


def measure(context: Context) -> list[Figure]:
    """Bots of one-minute bars, so nearly all of the time nothing happens."""
    seconds = 10 if context.quick else 60
    with Installation(context.databases.create("sqlite"), BOTVISOR_HEARTBEAT_INTERVAL="2") as place:
        with place.database.session() as session:
            session.insert_bots([simulated(number, warm_up=100) for number in range(1, BOTS + 1)], "enabled")
            started = place.start()
            place.until_all_trade(session, BOTS, started, within=120)
        supervisor, others = place.supervisor, [*place.remember().values()]
        began, own, theirs = time.monotonic(), _seconds([supervisor]), _seconds(others)
        if place.wait(seconds):
            raise RuntimeError("the supervisor ended while it was watched")
        passed = time.monotonic() - began
        own, theirs = _seconds([supervisor]) - own, _seconds(others) - theirs
        lives = sum(life["phase"] == "running" for life in place.lives().values())
    if lives != BOTS:
        raise RuntimeError(f"{lives} of {BOTS} bots trade at the end of the measurement")
    return [
        Figure(
            name="idle",
            label=f"supervisor CPU at {BOTS} idle bots, heartbeat every 2 s",
            value=100 * own / passed,
            unit="%",
            at_most=2,
            detail=f"of a core over {passed:.0f} s; workers and fork server together {100 * theirs / passed:.1f} %",
            samples={"seconds": passed, "supervisor_cpu_s": own, "others_cpu_s": theirs},
        )
    ]


def _seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total
