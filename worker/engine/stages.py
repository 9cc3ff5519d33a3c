"""The way of a signal, told stage by stage: one line each, all under one correlation id.

signal → validated → risk → decision → order → fill → position → metrics; a refused signal ends with its reason.
Openings, closings and refusals are what a trader reads (INFO); the stages between are for following one signal (DEBUG).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from loguru import logger

from common.trading.money import round_money
from common.trading.order import Order
from common.trading.signal import Signal
from common.wire.facts import MetricsComputed
from worker.book.book import Applied
from worker.risk.decision import Decision
from worker.risk.denial import Denial
from worker.risk.limits import EntrySituation
from worker.risk.signal_check import SoundSignal

if TYPE_CHECKING:
    from loguru import Logger


def signal_made(correlation: str, signal: Signal, at: datetime) -> None:
    """A strategy emitted it; nothing of it is believed yet."""
    log = _stage("signal", correlation)
    log.debug("signal at {}: {!r} {!r} at {!r}: {!r}", at, signal.side, signal.symbol, signal.price, signal.reason)


def signal_validated(correlation: str, sound: SoundSignal) -> None:
    """Its fields, age and novelty are in order."""
    log = _stage("validated", correlation)
    log.debug("signal is valid: {} at {}, confidence {}", sound.side, sound.price, sound.confidence)


def limits_passed(correlation: str, now: EntrySituation | None) -> None:
    """No limit refuses it; without a situation it is an exit, which no limit refuses."""
    log = _stage("risk", correlation)
    if now is None:
        log.debug("risk: exits are never refused by a limit")
    else:
        log.debug(
            "risk: no limit is reached: {} entries and {} net today, equity {} of peak {}",
            now.entries_today,
            round_money(now.net_today),
            round_money(now.equity),
            round_money(now.peak),
        )


def refused(correlation: str, what: str, denial: Denial, at: datetime) -> None:
    """A rule stood against it."""
    log = _stage("decision", correlation)
    log.info("{} refused by {} at {}: {}", what, denial.rule, at, denial.message)


def entry_decided(correlation: str, decision: Decision, at: datetime, reason: str) -> None:
    """It becomes an order of this size."""
    kind = "at the market" if decision.limit_price is None else f"at {decision.limit_price} or lower"
    _stage("decision", correlation).debug("entry of {} at {}, {}: {}", decision.quantity, at, kind, reason)


def exit_decided(correlation: str, quantity: Decimal, at: datetime, reason: str) -> None:
    """The position is to be closed."""
    _stage("decision", correlation).debug("exit of {} at {}: {}", quantity, at, reason)


def order_sent(order: Order) -> None:
    """Its intent is recorded, and the venue has it."""
    log = _stage("order", order.correlation_id)
    log.debug(
        "order {} sent: {} {} {} ({})",
        order.client_order_id,
        order.side,
        order.quantity,
        order.symbol,
        order.order_type,
    )


def order_ended(order: Order) -> None:
    """It ended without its whole fill."""
    log = _stage("order", order.correlation_id)
    log.warning("order {} {}: {}", order.client_order_id, order.status, order.reason)


def filled(order: Order, applied: Applied, quantity: Decimal, price: Decimal, at: datetime) -> None:
    """The venue executed a part or all of it, and what the position is now."""
    _stage("fill", order.correlation_id).debug(
        "filled {} {} at {} ({:%Y-%m-%d %H:%M}), order {}", quantity, order.symbol, price, at, order.client_order_id
    )
    log, trade = _stage("position", order.correlation_id), applied.trade
    if applied.opened:
        log.info("opened long {} {} at {} ({:%Y-%m-%d %H:%M})", quantity, order.symbol, price, at)
    elif applied.closed:
        log.info(
            "closed long {} {} at {}: {}, P&L {} ({:%Y-%m-%d %H:%M})",
            trade.size,
            order.symbol,
            price,
            trade.exit_reason,
            round_money(trade.net_pnl),
            at,
        )
    else:
        log.debug("position is long {} {} at {}", trade.open_quantity, order.symbol, round_money(trade.entry_price))


def metrics_written(correlation: str | None, fact: MetricsComputed) -> None:
    """The figures after the trade, or, without a correlation, the scheduled ones."""
    figures = fact.metrics
    _stage("metrics", correlation).debug(
        "metrics: {} trades, {} % won, P&L {}, balance {}",
        figures["total_trades"],
        figures["win_rate"],
        figures["total_pnl"],
        figures["current_balance"],
    )


def _stage(name: str, correlation: str | None) -> Logger:
    return logger.bind(stage=name) if correlation is None else logger.bind(stage=name, correlation_id=correlation)
