"""An exchange in memory that misbehaves by the seed: the port's promises are kept, everything else is up to chance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from common.trading.order import Order
from worker.venue.exchange_port import (
    Accepted,
    Balance,
    Cancellation,
    Candle,
    Doubtful,
    ExchangeError,
    ExchangeUnavailable,
    Execution,
    Market,
    OrderReport,
    Quote,
    Refused,
    Submission,
)

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
MARKET = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    kind="spot",
    amount_step=Decimal("0.001"),
    price_step=Decimal("0.01"),
    finds_by_client_id=True,
)
PRICE = Decimal(100)


def an_order(name: str = "b0", **changes: object) -> Order:
    """A market entry for one unit."""
    base = Order(
        client_order_id=name,
        symbol="BTCUSDT",
        side="buy",
        order_type="market",
        purpose="entry",
        quantity=Decimal(1),
        created_at=EPOCH,
        updated_at=EPOCH,
        reason="test",
        correlation_id=name,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@dataclass
class Kept:
    """What the exchange knows of one order."""

    report: OrderReport
    executions: list[Execution] = field(default_factory=list)
    listed_from: float = 0.0


class LoopClock:
    """The time of a loop, as the system's."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._seconds())

    def monotonic(self) -> float:
        return self._seconds()

    def boottime(self) -> float:
        return self._seconds()


class ScriptedExchange:
    """`trouble` in [0, 1): how much of what may go wrong does."""

    def __init__(self, seconds: Callable[[], float], seed: int = 0, trouble: float = 0.0, market: Market = MARKET):
        self.market = market
        self.clock_offset = timedelta(0)
        self.acceptance_window = timedelta(seconds=6)
        self.kept: dict[str, Kept] = {}
        self.claims: dict[str, str] = {}
        self.sent: list[str] = []
        self.cancels: list[str] = []
        self.held = Decimal(0)
        self.objection: str | None = None
        self.failure_of_open: Exception | None = None
        self.failure_of_news: Exception | None = None
        self.closed = False
        self.quotes: asyncio.Queue[Decimal] = asyncio.Queue()
        self._seconds = seconds
        self._chance = random.Random(seed)
        self.trouble = trouble
        self._news: asyncio.Queue[OrderReport] = asyncio.Queue()
        self._background: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        if self.failure_of_open is not None:
            raise self.failure_of_open

    async def close(self) -> None:
        self.closed = True
        for task in self._background:
            task.cancel()

    async def candles(self, interval: str, since: datetime, limit: int) -> Sequence[Candle]:
        return []

    async def next_candles(self, interval: str) -> Sequence[Candle]:
        return await asyncio.Event().wait() or []

    async def quote(self) -> Quote:
        return self._quoted(PRICE)

    async def next_quote(self) -> Quote:
        return self._quoted(await self.quotes.get())

    async def balance(self) -> Balance:
        return Balance(free={"BTC": self.held}, total={"BTC": self.held})

    async def holding(self) -> Decimal:
        return self.held

    async def agree(self) -> str | None:
        return self.objection

    async def submit(self, order: Order) -> Submission:
        """Accepted or not before the answer is lost, and perhaps only long after."""
        self.sent.append(order.client_order_id)
        await self._some_time(0.05)
        if self._misfortune():
            fate = self._chance.choice(("refused", "lost", "late", "timeout", "hangup"))
            if fate == "refused":
                return Refused(reason="no funds", error_class="exchange")
            if fate == "lost":
                return Doubtful(reason="connection reset before")
            if fate == "late":
                self._later(self._chance.uniform(0, 5.5), lambda: self._accept(order))
                return Doubtful(reason="time-out")
            self._accept(order)
            await self._some_time(20.0 if fate == "timeout" else 0.1)
            return Doubtful(reason=fate)
        return Accepted(report=self._accept(order).report)

    async def cancel(self, order: Order) -> Cancellation:
        self.cancels.append(order.client_order_id)
        await self._some_time(0.05)
        if self._misfortune():
            return "gone" if self._chance.random() < 0.3 else "doubtful"
        kept = self.kept.get(order.client_order_id)
        if kept is None or kept.report.status != "open":
            return "gone"
        self._change(kept, replace(kept.report, status="cancelled"))
        return "doubtful" if self._misfortune() else "cancelled"

    async def order(self, order: Order) -> OrderReport | None:
        await self._some_time(0.05)
        self._perhaps_down()
        if not self.market.finds_by_client_id and order.venue_order_id is None:
            return None
        by_id = {kept.report.exchange_order_id: kept for kept in self.kept.values()}
        known = order.venue_order_id
        kept = self.kept.get(order.client_order_id) if known is None else by_id.get(known)
        return None if kept is None else self._shown(kept.report)

    def claim(self, exchange_order_id: str, client_order_id: str) -> bool:
        return self.claims.setdefault(exchange_order_id, client_order_id) == client_order_id

    def claimed_by_others(self, client_order_id: str) -> Collection[str]:
        return [known for known, owner in self.claims.items() if owner != client_order_id]

    async def open_orders(self) -> Sequence[OrderReport]:
        self._perhaps_down()
        return [self._shown(kept.report) for kept in self.kept.values() if kept.report.status == "open"]

    async def executions(self, since: datetime, exchange_order_id: str | None = None) -> Sequence[Execution]:
        await self._some_time(0.05)
        self._perhaps_down()
        if self._misfortune():
            return []
        found = [
            each
            for kept in self.kept.values()
            for each in kept.executions
            if each.at >= since and exchange_order_id in (None, each.exchange_order_id)
        ]
        return [each for each in found if self._seconds() >= (each.at - EPOCH).total_seconds() + self._lag(each)]

    async def next_order_news(self) -> Sequence[OrderReport]:
        if self.failure_of_news is not None:
            raise self.failure_of_news
        news = [await self._news.get()]
        self._perhaps_down()
        while not self._news.empty():
            news.append(self._news.get_nowait())
        self._chance.shuffle(news)
        return [each for each in news for _ in range(2 if self._misfortune() else 1)]

    def truth(self, name: str) -> Decimal:
        """What the account got of this order."""
        kept = self.kept.get(name)
        return Decimal(0) if kept is None else sum((each.quantity for each in kept.executions), Decimal(0))

    def place(self, order: Order) -> None:
        """It is there, whoever sent it."""
        self._accept(order)

    def fill(self, name: str, quantity: Decimal, price: Decimal = PRICE) -> None:
        """Execute a part of it."""
        kept = self.kept[name]
        old = kept.report
        if old.status != "open":
            return
        filled = old.filled + quantity
        kept.executions.append(
            Execution(
                execution_id=f"{old.exchange_order_id}-{len(kept.executions)}",
                exchange_order_id=old.exchange_order_id,
                side=old.side,
                quantity=quantity,
                price=price,
                fee=quantity * price * Decimal("0.001"),
                fee_currency="USDT",
                at=self._now,
                client_order_id=old.client_order_id if self.market.finds_by_client_id else None,
            )
        )
        status = "filled" if filled >= old.quantity else "open"
        self._change(kept, replace(old, filled=filled, average_price=price, status=status))

    def _accept(self, order: Order) -> Kept:
        if order.client_order_id in self.kept:
            raise AssertionError(f"order {order.client_order_id} came twice")
        report = OrderReport(
            exchange_order_id=f"x{len(self.kept)}",
            client_order_id=order.client_order_id,
            status="open",
            side=order.side,
            quantity=order.quantity,
            filled=Decimal(0),
            average_price=None,
            at=self._now,
            price=order.limit_price,
        )
        kept = self.kept[order.client_order_id] = Kept(report)
        if order.order_type == "market":
            first = order.quantity * self._chance.choice((Decimal(1), Decimal("0.25"), Decimal("0.5")))
            self._later(self._chance.uniform(0, 0.3), lambda: self.fill(order.client_order_id, first))
            rest = order.quantity - first
            if rest:
                self._later(self._chance.uniform(0.4, 3), lambda: self.fill(order.client_order_id, rest))
        return kept

    def _change(self, kept: Kept, report: OrderReport) -> None:
        kept.report = replace(report, at=self._now)
        if not self._misfortune():
            self._news.put_nowait(self._shown(kept.report))

    def _shown(self, report: OrderReport) -> OrderReport:
        return report if self.market.finds_by_client_id else replace(report, client_order_id=None)

    def _later(self, seconds: float, what: Callable[[], object]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            what()

        task = asyncio.get_running_loop().create_task(wait())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _lag(self, execution: Execution) -> float:
        """Every third fill is listed late."""
        return 4.0 * self.trouble if hash(execution.execution_id) % 3 == 0 else 0.0

    def _misfortune(self) -> bool:
        return self._chance.random() < self.trouble

    def _perhaps_down(self) -> None:
        if self._misfortune():
            raise ExchangeUnavailable("502")

    async def _some_time(self, most: float) -> None:
        await asyncio.sleep(self._chance.uniform(0, most))

    def _quoted(self, price: Decimal) -> Quote:
        return Quote(bid=price, ask=price, last=price, at=self._now)

    @property
    def _now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._seconds())


__all__ = ["EPOCH", "MARKET", "PRICE", "ExchangeError", "LoopClock", "ScriptedExchange", "an_order"]
