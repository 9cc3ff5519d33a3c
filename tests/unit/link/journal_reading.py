"""What the journal tests have in common: small facts, checkpoints, and a plain reading of a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from common.clock import SystemClock
from common.wire.codec import decode_entry
from common.wire.facts import AccountChanged, Checkpoint, Entry
from worker.link.journal import Journal
from worker.link.outlet import Outlet, Pending

BAR = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)


def fact(number: int) -> AccountChanged:
    return AccountChanged(balance=Decimal(number), total_pnl=Decimal(0))


def fact_number(entry: Entry) -> int:
    told = entry.facts[0]
    assert isinstance(told, AccountChanged)
    return int(told.balance)


def checkpoint(revision: int, padding: int = 0) -> Checkpoint:
    return Checkpoint(revision=revision, bar_at=BAR, state={"revision": revision, "padding": "x" * padding})


def opened(folder: Path, incarnation: int = 1) -> Journal:
    return Journal.open(folder, incarnation, SystemClock())


def everything(outlet: Outlet) -> list[Pending]:
    """All upcoming entries, taken as sent."""
    found: list[Pending] = []
    while upcoming := outlet.upcoming(1000):
        for pending in upcoming:
            outlet.sent(pending)
        found += upcoming
    return found


def unacknowledged(folder: Path) -> list[Entry]:
    """The entries that a fresh look at the folder would send, in order."""
    outlet = Outlet(folder)
    try:
        return [decode_entry(pending.payload) for pending in everything(outlet)]
    finally:
        outlet.close()


def acknowledge(folder: Path, journal_id: str, seq: int) -> None:
    """Have the entries sent and committed up to `seq`."""
    outlet = Outlet(folder)
    try:
        everything(outlet)
        outlet.acknowledge(journal_id, seq)
    finally:
        outlet.close()
