"""Many entries become the rows they leave behind: of each thing the last word counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from common.error_class import error_class_of
from common.wire.facts import (
    AccountChanged,
    AnyFact,
    Checkpoint,
    Entry,
    EntryDenied,
    FillReported,
    IncidentReported,
    MetricsComputed,
    OrderChanged,
    PositionChanged,
    TradeChanged,
)
from supervisor.store.commands import RecordIncident

BotKey = tuple[int, str]
"""(bot id, key that is the bot's own)."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint and the entry it came with."""

    checkpoint: Checkpoint
    journal_id: str
    seq: int


@dataclass(slots=True)
class Batch:
    """What is to be written, each row once."""

    orders: dict[str, tuple[int, OrderChanged]] = field(default_factory=dict)
    fills: dict[BotKey, FillReported] = field(default_factory=dict)
    trades: dict[BotKey, TradeChanged] = field(default_factory=dict)
    positions: dict[BotKey, PositionChanged] = field(default_factory=dict)
    accounts: dict[int, AccountChanged] = field(default_factory=dict)
    metrics: list[tuple[int, MetricsComputed]] = field(default_factory=list)
    denials: dict[BotKey, EntryDenied] = field(default_factory=dict)
    incidents: list[RecordIncident] = field(default_factory=list)
    signals: dict[int, datetime] = field(default_factory=dict)
    """Market time of each bot's newest entry signal, refused ones included."""
    checkpoints: dict[int, Saved] = field(default_factory=dict)


def fold(entries: Iterable[tuple[int, Entry]]) -> Batch:
    """The rows that the entries, (bot id, entry) in order, leave behind."""
    batch = Batch()
    for bot_id, entry in entries:
        for fact in entry.facts:
            _take(batch, bot_id, entry, fact)
        saved = batch.checkpoints.get(bot_id)
        newest = entry.checkpoint
        if newest is not None and (saved is None or newest.revision > saved.checkpoint.revision):
            batch.checkpoints[bot_id] = Saved(newest, entry.journal_id, entry.seq)
    return batch


def _take(batch: Batch, bot_id: int, entry: Entry, fact: AnyFact) -> None:
    match fact:
        case OrderChanged():
            batch.orders[fact.client_order_id] = (bot_id, fact)
            if fact.purpose == "entry":
                _signal(batch, bot_id, fact.created_at)
        case FillReported():
            batch.fills.setdefault((bot_id, fact.fill_id), fact)
        case TradeChanged():
            batch.trades[bot_id, fact.trade_key] = fact
        case PositionChanged():
            batch.positions[bot_id, fact.position_key] = fact
        case AccountChanged():
            batch.accounts[bot_id] = fact
        case MetricsComputed():
            batch.metrics.append((bot_id, fact))
        case EntryDenied():
            batch.denials.setdefault((bot_id, fact.denial_key), fact)
            _signal(batch, bot_id, fact.decided_at)
        case IncidentReported():
            batch.incidents.append(incident_of(bot_id, entry, fact))


def _signal(batch: Batch, bot_id: int, at: datetime) -> None:
    known = batch.signals.get(bot_id)
    if known is None or at > known:
        batch.signals[bot_id] = at


def incident_of(bot_id: int, entry: Entry, fact: IncidentReported) -> RecordIncident:
    """The incident that a worker reported, under a key that no other bot has."""
    return RecordIncident(
        key=f"{bot_id}/{fact.incident_key}",
        bot_id=bot_id,
        incarnation=entry.incarnation,
        severity=fact.severity,
        error_class=fact.error_class,
        message=fact.message,
        details=fact.details,
        at=fact.at,
        category=error_class_of(fact.category),
    )
