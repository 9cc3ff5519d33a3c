"""What does not add up between the account and what is known here. Pure; nothing is ever sold because of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from common.trading.order import Order
from worker.venue.exchange_port import InstrumentKind, Market, OrderReport

_WENT: Mapping[InstrumentKind, str] = {
    "spot": "somebody sold or moved it",
    "linear": "somebody closed it, or the exchange did (liquidation)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something an operator should look at."""

    key: str
    """Same key = same finding."""
    severity: Literal["warning", "error"]
    message: str
    details: dict[str, str] = field(default_factory=dict)
    blocks_entries: bool = True


def strange_orders(prefix: str, known: Collection[str], open_orders: Iterable[OrderReport]) -> list[Finding]:
    """Open orders that carry this bot's `prefix` and that no record here explains; others' orders are left alone."""
    findings = []
    for report in open_orders:
        name = report.client_order_id
        if name is None or not name.startswith(prefix) or name in known:
            continue
        findings.append(
            Finding(
                key=f"strange-order/{name}",
                severity="error",
                message=f"order {name} ({report.side} {report.quantity:f}, {report.filled:f} filled) is open at the "
                "exchange under this bot's name, and no record of it exists here: its state folder was lost or "
                "belongs to another installation. Cancel it at the exchange, or restore the folder",
                details={"client_order_id": name, "exchange_order_id": report.exchange_order_id},
            )
        )
    return findings


def uncovered_position(market: Market, there: Decimal, held: Decimal) -> list[Finding]:
    """The account must hold at least what this bot holds; other bots and people may hold more there."""
    tolerated = market.amount_step if market.kind == "spot" else Decimal(0)  # fees are kept in the coin itself
    if there + tolerated >= held:
        return []
    return [
        Finding(
            key="uncovered-position",
            severity="error",
            message=f"this bot holds {held:f} {market.base} by its records, the account only {there:f}: "
            f"{_WENT[market.kind]}. Bring it back, or close the bot's trade in the books (botctl write-off); nothing "
            "is bought until it adds up",
            details={"held": f"{held:f}", "account": f"{there:f}", "currency": market.base},
        )
    ]


def disagreement(objection: str) -> Finding:
    """The account is not set to what the bot needs."""
    return Finding(key="margin-terms", severity="error", message=f"{objection}. Nothing is bought until then")


def late_order(order: Order, report: OrderReport) -> Finding:
    """An exchange took an order long after it could be taken, and had denied it until then."""
    return Finding(
        key=f"late-order/{order.client_order_id}",
        severity="error",
        message=f"order {order.client_order_id} ({order.side} {order.quantity:f} of {order.symbol}) counted as never "
        f"taken, as the exchange denied it; now it is there, {report.status}, {report.filled:f} filled, in no trade "
        "of this bot. Cancel it or close what it made at the exchange",
        details={"client_order_id": order.client_order_id, "exchange_order_id": report.exchange_order_id},
        blocks_entries=False,
    )


def overfilled(order: Order, excess: Decimal) -> Finding:
    """An exchange executed more than was ordered, or executed what it had called over."""
    return Finding(
        key=f"overfilled/{order.client_order_id}",
        severity="error",
        message=f"the exchange executed {excess:f} more of {order.symbol} than order {order.client_order_id} "
        f"({order.side} {order.quantity:f}) was for, or after it had ended; the excess is in no trade of this bot",
        details={"client_order_id": order.client_order_id, "excess": f"{excess:f}"},
        blocks_entries=False,
    )


class FindingLog:
    """Which findings are new and which are over. `held` until it is seen no more."""

    def __init__(self) -> None:
        self._standing: dict[str, Finding] = {}

    def take(self, found: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """(new, over) after an examination that found `found`."""
        now = {finding.key: finding for finding in found}
        new = [finding for key, finding in now.items() if key not in self._standing]
        over = [finding for key, finding in self._standing.items() if key not in now]
        self._standing = now
        return new, over

    @property
    def obstacle(self) -> str | None:
        """Why nothing may be bought; None: nothing stands against it."""
        return next((each.message for each in self._standing.values() if each.blocks_entries), None)
