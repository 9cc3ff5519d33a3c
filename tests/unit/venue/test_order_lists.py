"""Orders and fills in lists: whichever end of a list an exchange tells first, all of it is seen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from common.clock import SystemClock
from common.trading.order import Order
from worker.venue.exchange.client_ids import Carriage
from worker.venue.exchange.orders import Orders
from worker.venue.exchange_port import ExchangeRefusal

START = datetime(2026, 1, 5, tzinfo=UTC)
PAGE = 50
SYMBOL = "BTC/USDT"


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


FILLS = [
    {"id": f"t{n}", "order": "x1", "amount": 1.0, "price": 100.0, "side": "buy", "timestamp": milliseconds(START) + n}
    for n in range(170)
]
TOLD = {"id": "x1", "clientOrderId": None, "symbol": SYMBOL, "status": "closed", "filled": 1.0, "amount": 1.0}


class Lists:
    """A line to an exchange that tells fills by pages, from one end, and orders by lists alone."""

    def __init__(self, *, newest_first: bool, knows_until: bool = True) -> None:
        self.market = SimpleNamespace(symbol=SYMBOL, contract_size=Decimal(1))
        self.client = SimpleNamespace(has={"fetchClosedOrders": True})
        self.clock = SystemClock()
        self._newest_first, self._knows_until = newest_first, knows_until

    async def inquire(self, what: str, method: str, symbol: str, since: int | None, limit: None, more: Any) -> Any:
        if method != "fetch_my_trades":
            return [TOLD] if method == "fetch_closed_orders" else []
        if more and not self._knows_until:
            raise ExchangeRefusal("what is until?")
        found = [each for each in FILLS if (since or 0) <= each["timestamp"] <= more.get("until", 10**15)]
        return found[-PAGE:] if self._newest_first else found[:PAGE]


def orders_of(lists: Lists) -> Orders:
    return Orders(lists, Carriage(), lambda: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("newest_first", [True, False])
def test_all_executions_since_a_moment_are_told(newest_first: bool) -> None:
    found = asyncio.run(orders_of(Lists(newest_first=newest_first)).executions(START + timedelta(milliseconds=3)))

    assert [each.execution_id for each in found] == [each["id"] for each in FILLS[3:]]


def test_an_exchange_that_refuses_to_go_back_still_tells_its_page() -> None:
    found = asyncio.run(orders_of(Lists(newest_first=True, knows_until=False)).executions(START))

    assert [each.execution_id for each in found] == [each["id"] for each in FILLS[-PAGE:]]


@pytest.mark.parametrize(("exchange_id", "is_there"), [("x1", True), ("x2", False)])
def test_an_order_is_found_by_the_exchanges_id_where_none_can_be_asked_for(exchange_id: str, is_there: bool) -> None:
    order = Order(
        client_order_id="b1",
        symbol="BTCUSDT",
        side="buy",
        order_type="market",
        purpose="entry",
        quantity=Decimal(1),
        created_at=START,
        updated_at=START,
        reason="test",
        correlation_id="b1",
        venue_order_id=exchange_id,
    )

    report = asyncio.run(orders_of(Lists(newest_first=True)).order(order))

    assert (report is not None) == is_there
