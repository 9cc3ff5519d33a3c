"""Finding an order at an exchange that does not know our ids: by what it is, among what happened since it was sent.

Only a single exact match is believed. Where several fit, or one fits in part, nothing is claimed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from common.trading.order import Order
from worker.venue.exchange_port import Execution, Market, OrderReport


@dataclass(frozen=True, slots=True)
class Match:
    """The one order at the exchange that fits."""

    exchange_order_id: str


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Why nothing can be said."""

    reason: str
    candidates: tuple[str, ...] = ()
    """The exchange's ids of what it may be."""


def match(
    order: Order,
    market: Market,
    open_orders: Iterable[OrderReport],
    executions: Iterable[Execution],
    taken: Collection[str],
    since: datetime,
) -> Match | Ambiguity | None:
    """What `order` is at the exchange; None: nothing there since `since` could be it.

    `taken` are the exchange's ids of orders that are known to be others.
    """
    reports = [report for report in open_orders if report.exchange_order_id not in taken]
    for report in reports:
        if report.client_order_id == order.client_order_id:
            return Match(report.exchange_order_id)
    fitting = {report.exchange_order_id for report in reports if _fits(report, order, market, since)}
    partly: set[str] = set()
    for exchange_id, fills in _by_order(executions).items():
        if exchange_id in taken or exchange_id in fitting or not _could_be(fills, order, since):
            continue
        total = sum((fill.quantity for fill in fills), Decimal(0))
        if abs(total - order.quantity) < market.amount_step:
            fitting.add(exchange_id)
        elif total < order.quantity:
            partly.add(exchange_id)
    if len(fitting) > 1:
        several = tuple(sorted(fitting))
        return Ambiguity(f"{len(several)} orders at the exchange fit it: {', '.join(several)}", several)
    if fitting:
        return Match(fitting.pop())
    if partly:
        some = tuple(sorted(partly))
        return Ambiguity(f"executions of {', '.join(some)} may be a part of it", some)
    return None


def _fits(report: OrderReport, order: Order, market: Market, since: datetime) -> bool:
    if report.client_order_id is not None or report.side != order.side or report.at < since:
        return False
    if abs(report.quantity - order.quantity) >= market.amount_step:
        return False
    wanted = order.limit_price
    if wanted is None or report.price is None:
        return (wanted is None) == (report.price is None)
    return abs(report.price - wanted) < market.price_step


def _could_be(fills: Sequence[Execution], order: Order, since: datetime) -> bool:
    limit = order.limit_price
    for fill in fills:
        if fill.client_order_id is not None or fill.side != order.side or fill.at < since:
            return False
        if limit is not None and (fill.price > limit if order.side == "buy" else fill.price < limit):
            return False
    return True


def _by_order(executions: Iterable[Execution]) -> dict[str, list[Execution]]:
    found: dict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        found[execution.exchange_order_id].append(execution)
    return found
