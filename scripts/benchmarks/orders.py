"""How long an order is inside our process: from the decision's intent to the request being handed to the network.

The real venue, exchange thread and client against the stand-in exchange, which runs in a process of its own. Orders
come one at a time, so that nobody waits for the exchange's rate limit. Forcing the intent to the disk is shown apart.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from benchmarks.figure import Figure, Spread
from benchmarks.stand_in import stand_in_exchange
from loguru import logger

from common.clock import SystemClock
from common.trading.order import Order
from common.wire.facts import Checkpoint
from common.wire.ticket import Credentials, ExchangeTicket
from worker.link.journal import Journal
from worker.venue.exchange.exchange import CcxtExchange
from worker.venue.live.live_venue import LiveVenue
from worker.venue.live.terms import Terms
from worker.venue.port import VenueEvent

ORDERS = 300
_REST = 0.11
"""Seconds between two orders: the exchange takes a hundred in ten seconds."""


def measure(context: Context) -> list[Figure]:
    """Latency to the network, to the answer, and of the disk."""
    count = 50 if context.quick else ORDERS
    with stand_in_exchange() as about:
        sent, answered = _orders(about, context.folder, count)
    disk = _disk(context.folder / "journal", count)
    return [
        _figure("order-sent", "order: signal to bytes handed to the network, median", sent, sent.median, 2.0),
        _figure("order-sent-p99", "the same, 99th percentile", sent, sent.percentile(99), 10.0),
        _figure("order-answered", "order: signal to the exchange's answer booked, median", answered, answered.median),
        _figure("order-intent", "order: its intent forced to the disk, median", disk, disk.median),
    ]


def _figure(name: str, label: str, spread: Spread, value: float, at_most: float | None = None) -> Figure:
    return Figure(
        name=name,
        label=label,
        value=value,
        unit="ms",
        at_most=at_most,
        detail=spread.text(2),
        samples=spread.as_json(),
    )


def _orders(about: dict[str, Any], folder: Path, count: int) -> tuple[Spread, Spread]:
    account = about["accounts"][0]
    ticket = ExchangeTicket(
        exchange="binance",
        mode="live",
        options=about["broker"]["ccxt"],
        credentials=Credentials(api_key=account["api_key"], secret=account["secret"]),
        bucket_dir=folder / "rates",
    )
    clock, bell = SystemClock(), threading.Event()
    exchange = CcxtExchange(ticket, "BTC/USDT", "spot", None, clock)
    venue = LiveVenue(exchange, "bench", "bnch0001", Terms(), clock, bell.set, lambda: True)
    logger.disable("worker")
    venue.start(30, lambda: None)
    handed: list[float] = []
    _note_requests(exchange, handed)
    sent, answered = [], []
    try:
        for number in range(count):
            order = _order(number)
            handed.clear()
            begun = time.perf_counter()
            venue.submit(order)
            first = _first_event(venue, bell, order)
            answered.append(1000 * (time.perf_counter() - begun))
            if not handed:
                raise RuntimeError(f"the order was not sent: {first}")
            sent.append(1000 * (handed[0] - begun))
            time.sleep(_REST)
    finally:
        venue.close()
    return Spread.of(sent), Spread.of(answered)


def _first_event(venue: LiveVenue, bell: threading.Event, order: Order) -> VenueEvent:
    while True:
        for event in list(venue.news()):
            if event.client_order_id == order.client_order_id:
                return event
        if not bell.wait(5):
            raise TimeoutError(f"nothing was heard of order {order.client_order_id}")
        bell.clear()


def _note_requests(exchange: CcxtExchange, handed: list[float]) -> None:
    """Take the time at which the client hands a signed request to its HTTP session."""
    client = exchange._client
    fetch = client.fetch

    async def noted(url: str, *arguments: Any, **named: Any) -> Any:
        handed.append(time.perf_counter())
        return await fetch(url, *arguments, **named)

    client.fetch = noted


def _order(number: int) -> Order:
    now = datetime.now(UTC)
    return Order(
        client_order_id=f"bnch0001{number:010d}",
        symbol="BTC/USDT",
        side="buy" if number % 2 == 0 else "sell",
        order_type="market",
        purpose="entry" if number % 2 == 0 else "exit",
        quantity=Decimal("0.5"),
        created_at=now,
        updated_at=now,
        reason="measured",
        correlation_id="bench",
    )


def _disk(folder: Path, count: int) -> Spread:
    journal = Journal.open(folder, 1, SystemClock())
    taken = []
    for number in range(count):
        begun = time.perf_counter()
        journal.append((), Checkpoint(revision=number + 1, bar_at=None, state={}))
        journal.sync()
        taken.append(1000 * (time.perf_counter() - begun))
    journal.close()
    return Spread.of(taken)
