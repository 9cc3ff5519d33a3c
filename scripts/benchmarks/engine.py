"""The worker's engine alone, as fast as it goes: candles of a file through backtrader, strategy, venue and journal."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import plain_backtrader, trading
from benchmarks.bots import dip_replay, replay
from benchmarks.candles import candle_file
from benchmarks.context import Context
from benchmarks.figure import Figure, Spread
from loguru import logger

from common.clock import SystemClock
from worker.engine.recorder import Commit
from worker.link.journal import Journal


def measure(context: Context) -> list[Figure]:
    """With the journal on disk, as a worker runs; without one beside it."""
    logger.remove()
    file = candle_file(context.folder)
    rounds = 2 if context.quick else 7
    journaled = Spread.of([_microseconds(file, _journal(context.folder)) for _ in range(rounds)])
    bare = Spread.of([_microseconds(file, trading.dropped) for _ in range(rounds)])
    dip = Spread.of([_microseconds(file, _journal(context.folder), dip_replay(file)) for _ in range(rounds)])
    plain = Spread.of([plain_backtrader.microseconds(file) for _ in range(rounds)])
    return [
        Figure(
            name="engine_ratio",
            label="engine's time per bar, a plain backtrader program of the same rules being 1",
            value=dip.median / plain.median,
            unit="",
            at_most=1.0,
            detail=f"{dip.median:.0f} µs with the journal, plain {plain.median:.0f}; file included",
            samples={"us_per_bar": dip.as_json(), "plain_us_per_bar": plain.as_json()},
        ),
        Figure(
            name="engine",
            label=f"engine, bars per second on {file.name}",
            value=1e6 / journaled.median,
            unit="bars/s",
            detail=f"{journaled.median:.0f} µs a bar with the journal, {bare.median:.0f} without; reads the file too",
            samples={"us_per_bar": journaled.as_json(), "us_per_bar_without_journal": bare.as_json()},
        ),
    ]


def _journal(folder: Path) -> Commit:
    return trading.written_to(Journal.open(Path(tempfile.mkdtemp(dir=folder)), 1, SystemClock()))


def _microseconds(file: Path, commit: Commit, config: dict[str, Any] | None = None) -> float:
    began = time.perf_counter()
    bars = trading.run(config or replay(file), 1, commit)
    return (time.perf_counter() - began) / bars * 1e6
