"""Worker's ends of the link: journals written by the real engine, delivered by the real link at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import trading
from benchmarks.waiting import wait_for
from loguru import logger

from common.clock import SystemClock
from common.wire.facts import AnyFact, Checkpoint
from common.wire.messages import Goodbye, Hello
from common.wire.ticket import LinkTicket
from worker.link.dealer import Link
from worker.link.journal import Journal
from worker.progress import Progress


@dataclass(frozen=True)
class Errand:
    """One bot whose journal is to be written, then delivered."""

    bot_id: int
    token: str
    endpoint: str
    folder: Path
    config: dict[str, Any]


def send(errands: list[Errand], pipe: Connection, within: float) -> None:
    """The body of a sending process: write the journals, tell what is in them, deliver when told to."""
    logger.remove()
    facts: Counter[str] = Counter()
    journals = [_write(errand, facts) for errand in errands]
    pipe.send(facts)
    pipe.recv()
    links = [_link(errand) for errand in errands]
    for link in links:
        link.start()
    wait_for("all acknowledgements", lambda: all(link.delivered() for link in links), within, every=0.02)
    pipe.send("delivered")
    for link in links:
        link.finish(Goodbye(cause="finished"), 5)
    for journal in journals:
        journal.close()


def _write(errand: Errand, told: Counter[str]) -> Journal:
    journal = Journal.open(errand.folder, errand.bot_id, SystemClock())

    def commit(
        facts: list[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, durable: bool = False
    ) -> None:
        journal.append(facts, checkpoint, deliver=deliver)
        told.update(fact.kind for fact in facts)
        told["entries"] += bool(facts or deliver)

    trading.run(errand.config, errand.bot_id, commit)  # type: ignore[arg-type]
    return journal


def _link(errand: Errand) -> Link:
    ticket = LinkTicket(
        endpoint=errand.endpoint,
        token=errand.token,
        heartbeat_interval=5,
        credit=128,
        orphan_grace=300,
        lease=300,
    )
    hello = Hello(token=errand.token, incarnation=errand.bot_id, pid=0, generation="g")
    return Link(
        ticket,
        errand.folder,
        Progress(),
        hello,
        on_drain=lambda drain: None,
        on_pause=lambda paused: None,
        on_orphaned=lambda: None,
        clock=SystemClock(),
    )
