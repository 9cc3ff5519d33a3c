"""The way of a signal, told stage by stage: one line each, all under one correlation id.

signal → validated → risk → decision → order → fill → position → metrics; a refused signal ends with its reason.
Stage and id are given as keywords, which costs nothing when the line is not written; values are formatted only then.
Openings, closings and refusals are what a trader reads (INFO); the stages between are for following one signal (DEBUG).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from loguru import logger

from common.trading.money import round_money
from common.trading.order import Order
from common.trading.signal import Signal
from common.wire.facts import MetricsComputed
from worker.book.fill import Applied
from worker.risk.decision import Decision
from worker.risk.denial import Denial
from worker.risk.limits import EntrySituation
from worker.risk.signal_check import SoundSignal


def signal_made(correlation: str, signal: Signal, at: datetime) -> None:
    """A strategy emitted it; nothing of it is believed yet."""
    logger.debug(
        "signal at {}: {!r} {!r} at {!r}: {!r}",
        at,
        signal.side,
        signal.symbol,
        signal.price,
        signal.reason,
        stage="signal",
        correlation_id=correlation,
    )


def signal_validated(correlation: str, sound: SoundSignal) -> None:
    """Its fields, age and novelty are in order."""
    logger.debug(
        "signal is valid: {} at {}, confidence {}",
        sound.side,
        sound.price,
        sound.confidence,
        stage="validated",
        correlation_id=correlation,
    )


def limits_passed(correlation: str, now: EntrySituation | None) -> None:
    """No limit refuses it; without a situation it is an exit, which no limit refuses."""
    if now is None:
        logger.debug("risk: exits are never refused by a limit", stage="risk", correlation_id=correlation)
        return
    logger.debug(
        "risk: no limit is reached: {} entries and {:.8f} net today, equity {:.8f} of peak {:.8f}",
        now.entries_today,
        now.net_today,
        now.equity,
        now.peak,
        stage="risk",
        correlation_id=correlation,
    )


def refused(correlation: str, what: str, denial: Denial, at: datetime) -> None:
    """A rule stood against it."""
    logger.info(
        "{} refused by {} at {}: {}",
        what,
        denial.rule,
        at,
        denial.message,
        stage="decision",
        correlation_id=correlation,
    )


def entry_decided(correlation: str, decision: Decision, at: datetime, reason: str) -> None:
    """It becomes an order of this size."""
    logger.debug(
        "entry of {} at {}, {}: {}",
        decision.quantity,
        at,
        "at the market" if decision.limit_price is None else f"at {decision.limit_price} or lower",
        reason,
        stage="decision",
        correlation_id=correlation,
    )


def exit_decided(correlation: str, quantity: Decimal, at: datetime, reason: str) -> None:
    """The position is to be closed."""
    logger.debug("exit of {} at {}: {}", quantity, at, reason, stage="decision", correlation_id=correlation)


def order_sent(order: Order) -> None:
    """Its intent is recorded, and the venue has it."""
    logger.debug(
        "order {} sent: {} {} {} ({})",
        order.client_order_id,
        order.side,
        order.quantity,
        order.symbol,
        order.order_type,
        stage="order",
        correlation_id=order.correlation_id,
    )


def order_placed(order: Order) -> None:
    """The venue has it."""
    logger.debug(
        "order {} is at the venue as {}",
        order.client_order_id,
        order.venue_order_id,
        stage="order",
        correlation_id=order.correlation_id,
    )


def order_in_doubt(order: Order, reason: str) -> None:
    """Nobody knows yet whether the venue has it."""
    logger.warning(
        "order {} ({} {}): outcome unknown, asking the venue: {}",
        order.client_order_id,
        order.side,
        order.quantity,
        reason,
        stage="order",
        correlation_id=order.correlation_id,
    )


def order_ended(order: Order) -> None:
    """It ended without its whole fill."""
    logger.warning(
        "order {} {}: {}",
        order.client_order_id,
        order.status,
        order.reason,
        stage="order",
        correlation_id=order.correlation_id,
    )


def filled(order: Order, applied: Applied, quantity: Decimal, price: Decimal, at: datetime) -> None:
    """The venue executed a part or all of it, and what the position is now."""
    where = {"correlation_id": order.correlation_id}
    logger.debug(
        "filled {} {} at {} ({:%Y-%m-%d %H:%M}), order {}",
        quantity,
        order.symbol,
        price,
        at,
        order.client_order_id,
        stage="fill",
        **where,
    )
    where["stage"] = "position"
    trade = applied.trade
    if applied.opened:
        logger.info("opened long {} {} at {} ({:%Y-%m-%d %H:%M})", quantity, order.symbol, price, at, **where)
    elif applied.closed:
        logger.info(
            "closed long {} {} at {}: {}, P&L {} ({:%Y-%m-%d %H:%M})",
            trade.size,
            order.symbol,
            price,
            trade.exit_reason,
            round_money(trade.net_pnl),
            at,
            **where,
        )
    else:
        logger.debug("position is long {} {} at {:.8f}", trade.open_quantity, order.symbol, trade.entry_price, **where)


def metrics_written(correlation: str | None, fact: MetricsComputed) -> None:
    """The figures after the trade, or, without a correlation, the scheduled ones."""
    figures = fact.metrics
    logger.debug(
        "metrics: {} trades, {} % won, P&L {}, balance {}",
        figures["total_trades"],
        figures["win_rate"],
        figures["total_pnl"],
        figures["current_balance"],
        stage="metrics",
        correlation_id=correlation,
    )
