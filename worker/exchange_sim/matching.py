"""The order book of one market: what happens to an order from its entry to its end."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal

from worker.exchange_sim.clearing import Clearing
from worker.exchange_sim.market import Market
from worker.exchange_sim.order import SimFill, SimOrder
from worker.exchange_sim.order_form import triggers
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.setup import CENT, FeeSetup

Tell = Callable[[SimOrder, str, SimFill | None], None]
"""Order, what happened (NEW, TRADE, CANCELED, EXPIRED), and the fill of a TRADE."""
_ENDLESS = Decimal("Infinity")


class OrderBook:
    """Customers' open orders in one market. They do not trade with each other, only with the market."""

    def __init__(self, market: Market, fees: FeeSetup, clearing: Clearing, tell: Tell) -> None:
        self._market = market
        self._fees = fees
        self._clearing = clearing
        self._tell = tell
        self.open: dict[int, SimOrder] = {}

    def enter(self, order: SimOrder) -> None:
        """Take an order and do with it what can be done at once. Raises Refusal when the account cannot pay."""
        self._clearing.reserve(order)
        self.open[order.order_id] = order
        self._tell(order, "NEW", None)
        if order.working:
            self._enter_working(order, order.created)

    def on_trade(self, at: int) -> None:
        """The market has traded: trigger stops, fill what the price has reached."""
        for order in list(self.open.values()):
            if order.vanishes_at is not None and at >= order.vanishes_at:
                self.vanish(order, without_trace=order.vanishes_without_trace)
            elif self._clearing.allowed(order) <= 0:  # what it was to close is closed
                self._end(order, "EXPIRED", at)
            elif order.working:
                self._fill_resting(order, at)
            elif triggers(order.kind, order.side, order.stop_price, self._market.last):
                order.working = True
                self._enter_working(order, at)

    def cancel(self, order: SimOrder, at: int, cancel_client_id: str) -> None:
        """End an open order on its customer's wish."""
        order.cancel_client_id = cancel_client_id
        self._end(order, "CANCELED", at)

    def vanish(self, order: SimOrder, *, without_trace: bool) -> None:
        """End an open order and tell nobody; without a trace the exchange denies that it ever was."""
        order.silent, order.forgotten = True, without_trace
        self._end(order, "EXPIRED", order.updated)

    def fill(self, order: SimOrder, quantity: Decimal, at: int) -> None:
        """Fill an open order at its limit, or at the market's price, whatever the market does."""
        price = order.price or self._market.last
        self._execute(order, price, min(quantity, order.remaining), at, maker=order.has_limit)

    def _enter_working(self, order: SimOrder, at: int) -> None:
        if order.time_in_force == "FOK" and self._takable(order) < order.remaining:
            self._end(order, "EXPIRED", at)
            return
        self._take(order, at)
        if not order.is_open:
            return
        waits = order.has_limit and order.time_in_force in ("GTC", "GTX")
        if order.expire_rest or not (waits or order.portion is not None):
            self._end(order, "EXPIRED", at)

    def _takable(self, order: SimOrder) -> Decimal:
        within = [level.quantity for level in self._market.levels(order.side) if _within(order, level.price)]
        return _ENDLESS if within and self._market.endless else sum(within, Decimal(0))

    def _take(self, order: SimOrder, at: int) -> None:
        """Fill from the quotes of the market."""
        left = self._allowed(order)
        for level in self._market.levels(order.side):
            if left <= 0 or not order.is_open or not _within(order, level.price):
                break
            quantity = left if self._market.endless else min(left, level.quantity)
            self._execute(order, level.price, quantity, at, maker=False)
            left -= quantity

    def _fill_resting(self, order: SimOrder, at: int) -> None:
        if not order.has_limit:
            self._take(order, at)
        elif _within(order, self._market.last):
            quantity = min(self._allowed(order), order.remaining if self._market.endless else self._market.depth)
            self._execute(order, order.price, quantity, at, maker=True)

    def _allowed(self, order: SimOrder) -> Decimal:
        most = self._clearing.allowed(order)
        return most if order.portion is None else min(order.portion, most)

    def _execute(self, order: SimOrder, price: Decimal, quantity: Decimal, at: int, *, maker: bool) -> None:
        if quantity <= 0 or not order.is_open:
            return
        fill = self._priced(order, price, quantity, at, maker=maker)
        try:
            fill = self._clearing.settle(order, fill)
        except Refusal:  # a stop's price ran away from what was reserved
            self._end(order, "EXPIRED", at)
            return
        order.fills.append(fill)
        order.status = "FILLED" if order.remaining <= 0 else "PARTIALLY_FILLED"
        order.updated = at
        if not order.is_open:
            self._leave(order, at)
        elif order.has_limit:
            self._clearing.spare(order)
        self._tell(order, "TRADE", fill)

    def _priced(self, order: SimOrder, price: Decimal, quantity: Decimal, at: int, *, maker: bool) -> SimFill:
        setup = self._market.setup
        in_base = order.is_buy and self._fees.asset == "received" and not setup.perpetual
        rate = self._fees.maker if maker else self._fees.taker
        return SimFill(
            trade_id=self._market.next_trade_id(),
            at=at,
            price=price,
            quantity=quantity,
            commission=((quantity if in_base else price * quantity) * rate).quantize(CENT, ROUND_DOWN),
            commission_asset=setup.base if in_base else setup.quote,
            maker=maker,
        )

    def _end(self, order: SimOrder, status: str, at: int) -> None:
        order.status = status
        self._leave(order, at)
        self._tell(order, status, None)

    def _leave(self, order: SimOrder, at: int) -> None:
        order.updated = at
        self.open.pop(order.order_id, None)
        self._clearing.release(order)


def _within(order: SimOrder, price: Decimal) -> bool:
    if not order.has_limit:
        return True
    return price <= order.price if order.is_buy else price >= order.price
