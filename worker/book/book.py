"""The book: applies orders and fills, keeps the money, tells each change as facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from common.errors import BotvisorError
from common.trading.order import Order, OrderStatus
from common.trading.performance import EquityCurve, Performance, figures_of, metrics_of
from common.wire.facts import (
    AccountChanged,
    AnyFact,
    EntryDenied,
    FillReported,
    IncidentReported,
    MetricsComputed,
    OrderChanged,
)
from worker.book.day import Day
from worker.book.fill import Applied, Fill
from worker.book.labels import Labels
from worker.book.trade import Trade


class BookError(BotvisorError):
    """The book was told of something that cannot be."""


class Book:
    """Ledger of one bot that holds at most one long position."""

    def __init__(self, labels: Labels, start_balance: Decimal, commission_rate: Decimal) -> None:
        self.labels = labels
        self.start_balance = start_balance
        self.cash = start_balance
        self.rate = commission_rate
        self.too_little: Callable[[Decimal, Decimal], bool] = _nothing
        """Whether (quantity, price) is less than the venue would sell; it ends a trade as dust."""
        self.orders: dict[str, Order] = {}
        """Open orders by client order id."""
        self.trade: Trade | None = None
        self.day = Day()
        self.curve = EquityCurve(equity=start_balance, peak=start_balance)
        self.performance = Performance()
        self._facts: list[AnyFact] = []
        self._fills: dict[str, int] = {}
        self._closed = False
        self._told = self._figures()

    @property
    def balance(self) -> Decimal:
        """Start balance + Σ net P&L of closed trades."""
        return self.start_balance + self.performance.total_pnl

    def equity(self, close: Decimal) -> Decimal:
        """Cash + quantity held × close; no exit commission."""
        return self.cash if self.trade is None else self.cash + self.trade.open_quantity * close

    def intend(self, order: Order) -> None:
        """Write down an order before it is sent."""
        self.place(order)
        self._facts.append(order_fact(order))

    def place(self, order: Order) -> None:
        """Take in an order that is made and executed in one moment; told with its next fact."""
        if order.client_order_id in self.orders:
            raise BookError(f"order {order.client_order_id} is in the book already; client order ids are never reused")
        self._keep(order)

    def tell(self, client_order_id: str) -> None:
        """Tell the present state of an open order."""
        self._facts.append(order_fact(self._order(client_order_id)))

    def move(self, client_order_id: str, status: OrderStatus, at: datetime, reason: str | None = None) -> Order:
        """Another state of an order that is not an execution. Raises IllegalTransition."""
        order = self._order(client_order_id).moved(status, at, reason)
        self._keep(order)
        self._facts.append(order_fact(order))
        return order

    def placed(self, client_order_id: str, venue_order_id: str | None, at: datetime) -> Order:
        """The venue has the order. Raises IllegalTransition."""
        order = self._order(client_order_id).placed(venue_order_id, at)
        self._keep(order)
        self._facts.append(order_fact(order))
        return order

    def pass_on(self, client_order_id: str, *statuses: OrderStatus) -> None:
        """States that an order passed within the moment of its last change; told with its next fact."""
        for status in statuses:
            order = self._order(client_order_id)
            self._keep(order.moved(status, order.updated_at))

    def cut(self, client_order_id: str, quantity: Decimal) -> None:
        """Reduce an order to what the funds cover; told with its next fact."""
        self._keep(self._order(client_order_id).cut_to(quantity))

    def apply(self, fill: Fill) -> Applied:
        """Take an execution into orders, cash, trade and counters."""
        commission = fill.commission
        if commission is None:
            commission = fill.quantity * fill.price * self.rate
        order = self._order(fill.client_order_id).executed(fill.quantity, fill.price, commission, fill.at)
        self._keep(order)
        self._facts.append(order_fact(order))
        self._facts.append(self._fill_fact(order, fill, commission))
        entry = order.purpose == "entry"
        opened = self.trade is None
        trade = self._enter(order, fill, commission) if entry else self._leave(order, fill, commission)
        self._facts.append(trade.fact(self.labels))
        self._facts.append(trade.position_fact(self.labels))
        if trade.is_closed:
            self._close(trade, fill.at)
        return Applied(order=order, trade=trade, opened=entry and opened, closed=trade.is_closed)

    def deny(self, fact: EntryDenied) -> None:
        """Record a refused entry."""
        self._facts.append(fact)

    def report(self, fact: IncidentReported) -> None:
        """Record something an operator should read."""
        self._facts.append(fact)

    def saw_high(self, high: Decimal) -> None:
        """Take a bar's high into the trade's highest price, after its levels were tested."""
        if self.trade is not None and high > self.trade.highest:
            self.trade.highest = high

    def mark(self, close: Decimal) -> None:
        """Take the equity at a close into the curve."""
        self.curve.mark(self.equity(close))

    def account_fact(self) -> AccountChanged:
        """The account's row as it is now."""
        return AccountChanged(balance=self.balance, total_pnl=self.performance.total_pnl)

    def tell_metrics(self, at: datetime) -> None:
        """Tell the performance as of `at` if it changed since it was told; a trade just closed tells it anyway."""
        if not self._closed and self._figures() != self._told:
            self._facts.append(self._metrics_fact(at))

    def collect(self, at: datetime | None) -> tuple[AnyFact, ...]:
        """The facts since the last call, in order; after a close with account and metrics as of `at`."""
        if self._closed and at is not None:
            self._closed = False
            self._facts += (self.account_fact(), self._metrics_fact(at))
        facts = tuple(self._facts)
        self._facts.clear()
        return facts

    @property
    def has_news(self) -> bool:
        """Whether `collect` would return anything."""
        return bool(self._facts)

    def state(self) -> dict[str, Any]:
        """As JSON values; `restore` takes it back."""
        curve, done = self.curve, self.performance
        return {
            "start_balance": str(self.start_balance),
            "cash": str(self.cash),
            "orders": [order.state() for order in self.orders.values()],
            "fills": {key: count for key, count in self._fills.items() if key in self.orders},
            "trade": None if self.trade is None else self.trade.state(),
            "day": self.day.state(),
            "curve": [str(curve.equity), str(curve.peak), str(curve.max_drawdown)],
            "performance": [done.total_trades, done.winning_trades, done.losing_trades, str(done.total_pnl)],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the book that `state()` described; the commission rate stays the configured one."""
        self.start_balance, self.cash = Decimal(state["start_balance"]), Decimal(state["cash"])
        orders = [Order.from_state(each) for each in state["orders"]]
        self.orders = {order.client_order_id: order for order in orders}
        self._fills = dict(state["fills"])
        self.trade = None if state["trade"] is None else Trade.from_state(state["trade"])
        self.day = Day.from_state(state["day"])
        equity, peak, drawdown = (Decimal(each) for each in state["curve"])
        self.curve = EquityCurve(equity=equity, peak=peak, max_drawdown=drawdown)
        total, won, lost, pnl = state["performance"]
        self.performance = Performance(
            total_trades=total, winning_trades=won, losing_trades=lost, total_pnl=Decimal(pnl)
        )
        self._told = self._figures()

    def _enter(self, order: Order, fill: Fill, commission: Decimal) -> Trade:
        trade = self.trade
        if trade is None:
            notes = {"entry_order": order.client_order_id, "correlation_id": order.correlation_id}
            notes["entry_reason"] = order.reason
            trade = Trade(key=order.client_order_id, entry_time=fill.at, entry_bar=fill.bar, notes=notes)
            self.trade = trade
            self.day.entered(fill.at)
        quantity = fill.quantity - fill.base_fee
        trade.enter(order, quantity, fill.price, commission, fill.at)
        self.cash -= quantity * fill.price + commission
        return trade

    def _leave(self, order: Order, fill: Fill, commission: Decimal) -> Trade:
        trade = self.trade
        if trade is None or fill.quantity > trade.open_quantity:
            held = Decimal(0) if trade is None else trade.open_quantity
            raise BookError(
                f"order {order.client_order_id} sold {fill.quantity} with {held} held; exits never exceed the position"
            )
        trade.leave(order, fill.quantity, fill.price, commission, fill.at)
        self.cash += fill.quantity * fill.price - commission
        if order.is_final and trade.open_quantity and self.too_little(trade.open_quantity, fill.price):
            trade.write_off()
        return trade

    def _close(self, trade: Trade, at: datetime) -> None:
        self.trade = None
        self.performance = self.performance.with_trade(trade.net_pnl)
        self.day.closed(at, trade.net_pnl)
        self._closed = True

    def _fill_fact(self, order: Order, fill: Fill, commission: Decimal) -> FillReported:
        number = self._fills.get(order.client_order_id, 0) + 1
        name = number if fill.execution_id is None else fill.execution_id
        if order.is_final:
            self._fills.pop(order.client_order_id, None)
        else:
            self._fills[order.client_order_id] = number
        return FillReported(
            fill_id=f"{order.client_order_id}-{name}",
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            quantity=fill.quantity,
            price=fill.price,
            commission=commission,
            executed_at=fill.at,
            quality=fill.quality,
        )

    def _metrics_fact(self, at: datetime) -> MetricsComputed:
        labels = self.labels
        self._told = self._figures()
        return MetricsComputed(
            trade_type=labels.trade_type,
            symbol=labels.symbol,
            interval=labels.interval,
            entry_logic_name=labels.entry_logic_name,
            exit_logic_name=labels.exit_logic_name,
            metrics=metrics_of(self._told, at),
            calculated_at=at,
        )

    def _figures(self) -> dict[str, int | float]:
        return figures_of(self.performance, self.curve, self.start_balance)

    def _order(self, client_order_id: str) -> Order:
        try:
            return self.orders[client_order_id]
        except KeyError:
            raise BookError(f"no open order {client_order_id} in the book") from None

    def _keep(self, order: Order) -> None:
        if order.is_final:
            self.orders.pop(order.client_order_id, None)
        else:
            self.orders[order.client_order_id] = order


def _nothing(quantity: Decimal, price: Decimal) -> bool:
    return False


def order_fact(order: Order) -> OrderChanged:
    """The order's row as it is now."""
    return OrderChanged(
        client_order_id=order.client_order_id,
        parent_id=order.parent_id,
        venue_order_id=order.venue_order_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        purpose=order.purpose,
        status=order.status,
        quantity=order.quantity,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        filled_quantity=order.filled_quantity,
        average_price=order.average_price,
        commission=order.commission,
        reason=order.reason,
        created_at=order.created_at,
        updated_at=order.updated_at,
        correlation_id=order.correlation_id,
    )
