"""Memory of one long life: the engine over a million bars of the built-in market, at full speed, with its journal."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import psutil
from benchmarks import trading
from benchmarks.bots import simulated
from benchmarks.context import Context
from benchmarks.figure import Figure
from loguru import logger

from common.clock import SystemClock
from common.wire.facts import AnyFact, Checkpoint
from worker.feeds.simulated import START
from worker.link.journal import Journal

FROM = 100_000
BARS = 1_000_000
QUICK_BARS = 200_000
EVERY = 10_000
"""Bars between two weighings."""
MIB = 2**20


def measure(context: Context) -> list[Figure]:
    """Growth of the resident memory between bar 100,000 and the last."""
    logger.remove()
    config = simulated(1, warm_up=500, speed=0)
    last = START + timedelta(minutes=(QUICK_BARS if context.quick else BARS) - 1)
    config["data"]["todate"] = last.isoformat()
    scale = _Scale(context.folder)
    bars = trading.run(config, 1, scale.commit)
    weighed = scale.weighed
    growth = (weighed[-1][1] - weighed[0][1]) / MIB
    peak = max(bytes_ for _, bytes_ in weighed) / MIB
    return [
        Figure(
            name="endurance",
            label=f"growth of one worker's engine between bar {weighed[0][0]:,} and {bars:,}, {scale.facts:,} facts",
            value=growth,
            unit="MB",
            at_most=2,
            detail=f"{weighed[0][1] / MIB:.1f} MB resident there, at most {peak:.1f} on the way",
            samples={"resident": [[bar, bytes_] for bar, bytes_ in weighed]},
        )
    ]


class _Scale:
    """A journal, and the resident memory every so many bars."""

    def __init__(self, folder: Path) -> None:
        self._write = trading.written_to(Journal.open(Path(tempfile.mkdtemp(dir=folder)), 1, SystemClock()))
        self._process = psutil.Process()
        self._next = FROM
        self.facts = 0
        self.weighed: list[tuple[int, int]] = []

    def commit(
        self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, durable: bool = False
    ) -> None:
        """Write as a worker does, then weigh when it is time."""
        self._write(facts, checkpoint, deliver=deliver, durable=durable)
        self.facts += len(facts)
        bar = None if checkpoint is None else checkpoint.state["bar"]
        if isinstance(bar, int) and bar >= self._next:
            self._next = bar + EVERY
            gc.collect()
            self.weighed.append((bar, self._process.memory_info().rss))
