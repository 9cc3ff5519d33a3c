"""Which facts of a journal entry are news."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from pydantic import JsonValue

from common.wire.facts import AccountChanged, AnyFact, Entry, EntryDenied, MetricsComputed, TradeChanged
from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.notify.wishes import Wishes

RISK_RULES = frozenset({"max_daily_loss", "max_daily_trades", "max_drawdown_pct", "max_position_size"})
"""Limits whose reaching is news, once a day each; other refusals are everyday."""
_MANTISSAS = (1, 5)


def notices_of(bot_id: int, entry: Entry, wishes: Wishes, at: datetime) -> Iterator[Notice]:
    """The news in an entry, each under a key of its own; `at` is the wall time. Incidents are not among them."""
    for fact in entry.facts:
        notice = _notice(bot_id, fact, at)
        if notice is not None:
            yield notice
    closed = [fact for fact in entry.facts if isinstance(fact, TradeChanged) and fact.status == "closed"]
    if closed:
        yield from _milestones(bot_id, entry, closed, wishes.profit_target, at)


def _notice(bot_id: int, fact: AnyFact, at: datetime) -> Notice | None:
    match fact:
        case TradeChanged(status="open") if fact.adopted_row_id is None:
            return _trade(bot_id, fact, Kind.ENTRY, "opened", at)
        case TradeChanged(status="closed"):
            return _trade(bot_id, fact, Kind.EXIT, "closed", at)
        case EntryDenied() if fact.rule in RISK_RULES:
            return _limit(bot_id, fact, at)
    return None


def _trade(bot_id: int, fact: TradeChanged, kind: Kind, topic: str, at: datetime) -> Notice:
    return Notice(
        key=f"trade/{bot_id}/{fact.trade_key}/{topic}",
        bot_id=bot_id,
        kind=kind,
        topic=topic,
        priority=Priority.HIGH,
        at=at,
        facts={
            "symbol": fact.symbol,
            "direction": fact.direction,
            "trading_mode": fact.trade_type,
            "interval": fact.interval,
            "size": _text(fact.size),
            "price": _text(fact.entry_price if topic == "opened" else fact.exit_price),
            "entry_price": _text(fact.entry_price),
            "exit_price": _text(fact.exit_price),
            "entry_time": fact.entry_time.isoformat(),
            "exit_time": None if fact.exit_time is None else fact.exit_time.isoformat(),
            "value": _text(fact.entry_value if topic == "opened" else fact.exit_value),
            "commission": _text(fact.commission),
            "pnl": _text(fact.net_pnl),
            "gross_pnl": _text(fact.gross_pnl),
            "pnl_pct": _text(fact.pnl_percentage),
            "exit_reason": fact.exit_reason,
            "entry_logic": fact.entry_logic_name,
            "exit_logic": fact.exit_logic_name,
            "trade_key": fact.trade_key,
            "correlation_id": fact.details.get("correlation_id"),
        },
    )


def _limit(bot_id: int, fact: EntryDenied, at: datetime) -> Notice:
    facts: dict[str, JsonValue] = {
        "symbol": fact.symbol,
        "rule": fact.rule,
        "message": fact.message,
        "limit": fact.limit,
        "value": fact.value,
        "market_time": fact.decided_at.isoformat(),
        "correlation_id": fact.correlation_id,
    }
    return Notice(
        key=f"risk/{bot_id}/{fact.rule}/{fact.decided_at.date()}",
        bot_id=bot_id,
        kind=Kind.ALERT,
        topic=fact.rule,
        priority=Priority.HIGH,
        at=at,
        facts=facts,
    )


def _milestones(
    bot_id: int, entry: Entry, closed: list[TradeChanged], target: Decimal | None, at: datetime
) -> Iterator[Notice]:
    """Round numbers of trades and the profit target, when these trades reached them."""
    for fact in entry.facts:
        if isinstance(fact, MetricsComputed):
            total = fact.metrics.get("total_trades")
            reached = round_number_reached(total, len(closed)) if isinstance(total, int) else None
            if reached is not None:
                pnl = fact.metrics.get("total_pnl")
                yield _milestone(
                    bot_id, f"trades/{reached}", "trades", {"trades": reached, "total_pnl": _shown(pnl)}, at
                )
        elif isinstance(fact, AccountChanged) and target is not None:
            before = fact.total_pnl - sum((trade.net_pnl or Decimal(0) for trade in closed), Decimal(0))
            if before < target <= fact.total_pnl:
                facts: dict[str, JsonValue] = {"target": _text(target), "total_pnl": _text(fact.total_pnl)}
                facts["balance"] = _text(fact.balance)
                yield _milestone(bot_id, f"profit/{_text(target)}", "profit", facts, at)


def round_number_reached(total: int, more: int) -> int | None:
    """The largest of 10, 50, 100, 500, 1000, … that a count reached with its last `more`; None when it reached none."""
    reached = None
    step = 10
    while step <= total:
        for mantissa in _MANTISSAS:
            number = mantissa * step
            if total - more < number <= total:
                reached = number
        step *= 10
    return reached


def _milestone(bot_id: int, what: str, topic: str, facts: dict[str, JsonValue], at: datetime) -> Notice:
    return Notice(
        key=f"milestone/{bot_id}/{what}",
        bot_id=bot_id,
        kind=Kind.MILESTONE,
        topic=topic,
        priority=Priority.NORMAL,
        at=at,
        facts=facts,
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _shown(value: JsonValue) -> JsonValue:
    return value if isinstance(value, str) or value is None else str(value)
