"""Orders, reports and executions to observe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from common.trading.order import Order
from worker.venue.exchange_port import Execution, Market, OrderReport, ReportStatus

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MARKET = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    kind="spot",
    amount_step=Decimal("0.001"),
    price_step=Decimal("0.01"),
    finds_by_client_id=True,
)


def an_order(quantity: str = "1", *, key: str = "tag1bot100001", order_type: str = "market") -> Order:
    return Order(
        client_order_id=key,
        symbol="BTC/USDT",
        side="buy",
        order_type=order_type,  # type: ignore[arg-type]
        purpose="entry",
        quantity=Decimal(quantity),
        created_at=BEGIN,
        updated_at=BEGIN,
        reason="test",
        correlation_id=key,
        limit_price=Decimal(100) if order_type == "limit" else None,
    )


@dataclass(frozen=True)
class Truth:
    """What an exchange did with an order: its executions in order, and how it ended."""

    order: Order
    fills: tuple[tuple[Decimal, Decimal], ...]
    """Quantity and price."""
    ending: ReportStatus

    @property
    def filled(self) -> Decimal:
        return sum((quantity for quantity, _ in self.fills), Decimal(0))

    def executions(self) -> list[Execution]:
        return [
            Execution(
                execution_id=f"e{number}",
                exchange_order_id="77",
                side="buy",
                quantity=quantity,
                price=price,
                fee=quantity / 1000,
                fee_currency="BTC",
                at=BEGIN + timedelta(seconds=number),
            )
            for number, (quantity, price) in enumerate(self.fills)
        ]

    def report(self, fills: int, *, final: bool) -> OrderReport:
        """Its state after so many fills."""
        done = self.fills[:fills]
        filled = sum((quantity for quantity, _ in done), Decimal(0))
        cost = sum((quantity * price for quantity, price in done), Decimal(0))
        return OrderReport(
            exchange_order_id="77",
            client_order_id=self.order.client_order_id,
            status=self.ending if final else "open",
            side="buy",
            quantity=self.order.quantity,
            filled=filled,
            average_price=cost / filled if filled else None,
            at=BEGIN + timedelta(seconds=fills),
        )
