"""A hundred bots from nothing to all trading: with the service's start, and by rows inserted at once."""

from __future__ import annotations

import time

from benchmarks.bots import simulated
from benchmarks.context import Context
from benchmarks.figure import Figure, Spread
from benchmarks.installation import Installation

BOTS = 100
WARM_UP = 100


def measure(context: Context) -> list[Figure]:
    """On SQLite."""
    rounds = 1 if context.quick else 3
    starts = [_from_start(context) for _ in range(rounds)]
    inserts = [_from_rows(context) for _ in range(rounds)]
    return [
        _figure("fleet-start", "service started", Spread.of(starts)),
        _figure("fleet-rows", "rows inserted at once", Spread.of(inserts)),
    ]


def _figure(name: str, how: str, spread: Spread) -> Figure:
    label = f"{BOTS} bots from nothing to all trading, {WARM_UP} warm-up bars: {how}"
    return Figure(
        name=name,
        label=label,
        value=spread.median,
        unit="s",
        at_most=8,
        detail=f"n {len(spread.values)}, most {spread.values[-1]:.2f}",
        samples=spread.as_json(),
    )


def _configs() -> list[dict[str, object]]:
    return [simulated(number, warm_up=WARM_UP) for number in range(1, BOTS + 1)]


def _from_start(context: Context) -> float:
    with Installation(context.databases.create("sqlite")) as place, place.database.session() as session:
        session.insert_bots(_configs(), "enabled")
        started = place.start()
        return place.until_all_trade(session, BOTS, started, within=120) - started


def _from_rows(context: Context) -> float:
    with Installation(context.databases.create("sqlite")) as place, place.database.session() as session:
        place.start()
        place.until_ready()
        inserted = time.time()
        session.insert_bots(_configs(), "enabled")
        return place.until_all_trade(session, BOTS, inserted, within=120) - inserted
