"""The exchange itself, apart from any network: markets, customers, orders. Single-threaded; each call is one moment."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from worker.exchange_sim.account import Account
from worker.exchange_sim.clock import ExchangeClock
from worker.exchange_sim.contract_shapes import account_update, order_update
from worker.exchange_sim.faults import Fault
from worker.exchange_sim.margin_clearing import MarginClearing
from worker.exchange_sim.market import Market, MarketTrade
from worker.exchange_sim.matching import OrderBook
from worker.exchange_sim.order import SimFill, SimOrder
from worker.exchange_sim.order_form import OrderForm, refuse_hasty
from worker.exchange_sim.refusal import (
    Refusal,
    bad_symbol,
    duplicate_contract,
    not_cancellable,
    rejected,
    unknown_order,
)
from worker.exchange_sim.setup import SimSetup
from worker.exchange_sim.shapes import account_position, execution_report
from worker.exchange_sim.spot_clearing import SpotClearing

_MOST_OPEN = 200
"""Open orders of an account in one market."""


class House:
    """Everything the exchange knows. Its only memory is here: an end of the process loses it."""

    def __init__(self, setup: SimSetup, clock: ExchangeClock) -> None:
        """Raises ConfigurationError when a candle file cannot be read."""
        self.setup = setup
        self.clock = clock
        now = clock.now_ms()
        self.markets = {market.market_id: Market(market, setup, now) for market in setup.markets}
        self.accounts = {one.api_key: Account(one, setup.balances_of(one)) for one in setup.accounts}
        self.orders: dict[int, SimOrder] = {}
        clearing = MarginClearing if setup.perpetual else SpotClearing
        self._books = {
            name: OrderBook(market, setup.fees, clearing(market, setup.fees), self._happened)
            for name, market in self.markets.items()
        }
        self.on_event: Callable[[Account, dict[str, Any]], None] = lambda account, event: None
        """Told of each event of a user stream."""
        self.on_trade: Callable[[Market, MarketTrade], None] = lambda market, trade: None
        """Told of each trade of a market."""

    def market(self, market_id: str) -> Market:
        """Raises Refusal."""
        try:
            return self.markets[market_id]
        except KeyError:
            raise bad_symbol() from None

    def account_named(self, name: str) -> Account:
        """Raises Refusal."""
        for account in self.accounts.values():
            if account.name == name:
                return account
        raise Refusal(
            -2015, f"There is no account {name!r}; there are {', '.join(a.name for a in self.accounts.values())}."
        )

    def next_due(self) -> int:
        """When the next market trades, in ms since the epoch."""
        return min(market.next_due() for market in self.markets.values())

    def trade_once(self) -> None:
        """Let the market that is due next trade."""
        market = min(self.markets.values(), key=Market.next_due)
        self._traded(market, market.advance())

    def set_price(self, market_id: str, price: Decimal, *, hold: bool) -> None:
        """Bend a market's price. Raises Refusal."""
        market = self.market(market_id)
        self._traded(market, market.set_price(self.clock.now_ms(), price, hold=hold))

    def _traded(self, market: Market, trade: MarketTrade) -> None:
        self._books[market.market_id].on_trade(trade.at)
        self.on_trade(market, trade)

    def place(self, account: Account, market_id: str, form: OrderForm, fault: Fault | None = None) -> SimOrder:
        """A new order, and what it meets at once. Raises Refusal; then nothing has happened."""
        market, book = self.market(market_id), self._books[market_id]
        self.examine(account, market_id, form)
        now, order_id = self.clock.now_ms(), len(self.orders) + 1
        order = SimOrder(
            order_id=order_id,
            account=account,
            symbol=market_id,
            client_id=form.client_id or f"sim-{order_id}",
            side=form.side,
            kind=form.kind,
            time_in_force=form.time_in_force,
            quantity=form.quantity,
            price=form.price,
            stop_price=form.stop_price,
            quote_quantity=form.quote_quantity,
            created=now,
            updated=now,
            working=not form.stop_price,
            reduce_only=form.reduce_only,
        )
        if fault is not None:
            fault.lay_on(order, market.step)
        book.enter(order)
        self.orders[order_id] = order
        return order

    def examine(self, account: Account, market_id: str, form: OrderForm) -> None:
        """Raises Refusal for an order that the book would not take."""
        refuse_hasty(form, self.market(market_id))
        mine = [order for order in self.open_orders(account) if order.symbol == market_id]
        if len(mine) >= _MOST_OPEN:
            raise Refusal(-1013, "Filter failure: MAX_NUM_ORDERS")
        if form.client_id is not None and any(order.client_id == form.client_id for order in mine):
            raise duplicate_contract() if self.setup.perpetual else rejected("Duplicate order sent.")

    def cancel(self, account: Account, order: SimOrder, cancel_client_id: str | None) -> SimOrder:
        """Raises Refusal for an order that is not open."""
        if not order.is_open:
            raise not_cancellable()
        now = self.clock.now_ms()
        self._books[order.symbol].cancel(order, now, cancel_client_id or f"cancel-{order.order_id}")
        return order

    def vanish(self, order: SimOrder, *, without_trace: bool) -> None:
        """An open order is gone and nobody is told. Raises Refusal when it is not open."""
        self._open(order)
        self._books[order.symbol].vanish(order, without_trace=without_trace)

    def fill(self, order: SimOrder, quantity: Decimal | None) -> None:
        """Fill an open order, or a part of it, whatever the market does. Raises Refusal when it is not open."""
        self._open(order)
        self._books[order.symbol].fill(order, quantity or order.remaining, self.clock.now_ms())

    def set_position(self, account: Account, market_id: str, quantity: Decimal, price: Decimal | None) -> None:
        """Change what an account holds of a perpetual, without an order. Raises Refusal for what does not exist."""
        market = self.market(market_id)
        if not market.setup.perpetual:
            raise Refusal(-1121, f"{market_id} is a spot market; set a balance instead.")
        change = quantity - account.position_in(market_id).quantity
        account.move_position(market_id, market.setup.quote, change, price or market.last)
        self.on_event(account, account_update(account, self.markets.values(), self.clock.now_ms()))

    def order(self, order_id: int) -> SimOrder:
        """The exchange's own truth. Raises Refusal."""
        try:
            return self.orders[order_id]
        except KeyError:
            raise unknown_order() from None

    def open_orders(self, account: Account) -> list[SimOrder]:
        """Of all markets, oldest first."""
        found = [order for book in self._books.values() for order in book.open.values() if order.account is account]
        return sorted(found, key=lambda order: order.order_id)

    @staticmethod
    def _open(order: SimOrder) -> None:
        if not order.is_open:
            raise not_cancellable()

    def _happened(self, order: SimOrder, what: str, fill: SimFill | None) -> None:
        if order.silent:
            return
        now = self.clock.now_ms()
        if self.setup.perpetual:
            self.on_event(order.account, account_update(order.account, self.markets.values(), now))
            self.on_event(order.account, order_update(order, what, fill, now))
        else:
            self.on_event(order.account, execution_report(order, what, fill, now))
            self.on_event(order.account, account_position(order.account, now))
