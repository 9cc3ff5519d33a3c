"""The simulated venue: one rule for back-test, replay and paper.

A market order decided at the close of a bar fills at the open of the next; with latency at the price the bar
has by then moved to, in a straight line from its open to its close. A limit entry fills when the range of the
next bar reaches it, at the open if that is better, and expires otherwise. A reached level is executed within
its bar. Funds that do not cover a buy cut it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from common.spec import PaperSpec
from common.trading.money import decimal_of, round_down
from common.trading.order import Order
from worker.feeds.bar import Bar
from worker.venue.imperfections import IDEAL, LARGEST_DEVIATION, Fate, fate_of, grade, slipped
from worker.venue.port import Ended, Executed, VenueEvent

LIMIT_BARS = 1
"""Bars a limit order is good for."""

Affordable = Callable[[Decimal, Decimal], Decimal]
"""(price, quantity wanted) → quantity that the funds cover now, commission included."""


@dataclass(slots=True)
class _Working:
    order: Order
    fate: Fate
    quantity: Decimal
    """Of the order, after cuts."""
    filled: Decimal
    bars: int = 0
    """Bars matched so far."""


class SimulatedVenue:
    """Works orders against closed bars. `step` is the smallest quantity."""

    def __init__(self, paper: PaperSpec, interval_seconds: int, step: Decimal, affordable: Affordable) -> None:
        self._paper = paper
        self._interval = float(interval_seconds)
        self._step = step
        self._affordable = affordable
        self._working: dict[str, _Working] = {}

    answers_at_once = True
    account: str | None = None

    def submit(self, order: Order) -> None:
        """Take an order whose intent is recorded."""
        self._take(order)

    def cancel(self, client_order_id: str) -> None:
        """Work this order no further; unknown ids are ignored."""
        self._working.pop(client_order_id, None)

    def news(self) -> Iterator[VenueEvent]:
        """Nothing happens between bars."""
        return iter(())

    def match(self, bar: Bar) -> Iterator[VenueEvent]:
        """What the bar does to the working orders, oldest first."""
        for working in list(self._working.values()):
            working.bars += 1
            if working.order.order_type == "limit":
                yield from self._match_limit(working, bar)
            else:
                yield from self._match_market(working, bar)

    def trigger(self, order: Order, price: Decimal) -> Iterator[VenueEvent]:
        """Execute a level exit at `price`; a stop becomes a market order and may slip, a target does not."""
        working = self._take(order)
        working.bars = 1
        stop = order.order_type == "stop"
        yield from self._execute(working, slipped(price, order, working.fate) if stop else price, graded=stop)

    def state(self) -> dict[str, Any]:
        """Bars matched by client order id."""
        return {key: working.bars for key, working in self._working.items()}

    def restore(self, state: dict[str, Any], orders: dict[str, Order]) -> None:
        """Work `orders` on from `state`; an order it does not name has not met a bar yet."""
        for key, order in orders.items():
            self.submit(order)
            self._working[key].bars = state.get(key, 0)

    def _match_market(self, working: _Working, bar: Bar) -> Iterator[VenueEvent]:
        order, fate = working.order, working.fate
        if working.bars == 1 and fate.reject:
            yield self._end(order, "rejected", "refused by the simulated venue (reject_probability)")
            return
        reference = decimal_of(bar.open)
        if not working.filled:
            late = fate.latency / self._interval
            if working.bars - 1 < int(late):
                return
            if late > 0:
                reference += (decimal_of(bar.close) - reference) * decimal_of(late % 1.0)
        if fate.slippage > LARGEST_DEVIATION and not working.filled:
            yield self._end(order, "rejected", f"would fill {fate.slippage:.4f} off the price; at most 0.05 is taken")
            return
        yield from self._execute(working, slipped(reference, order, fate), graded=True)

    def _match_limit(self, working: _Working, bar: Bar) -> Iterator[VenueEvent]:
        order, limit = working.order, working.order.limit_price
        if working.bars == 1 and working.fate.reject:
            yield self._end(order, "rejected", "refused by the simulated venue (reject_probability)")
            return
        open_ = decimal_of(bar.open)
        if limit is None or open_ <= limit:
            yield from self._execute(working, open_, graded=False)
        elif decimal_of(bar.low) <= limit:
            yield from self._execute(working, limit, graded=False)
        if order.client_order_id in self._working and working.bars >= LIMIT_BARS:
            yield self._end(order, "expired", f"the limit of {limit} was not reached in time")

    def _execute(self, working: _Working, price: Decimal, *, graded: bool) -> Iterator[VenueEvent]:
        order, remaining = working.order, working.quantity - working.filled
        quantity, cut_to = remaining, None
        if order.side == "buy":
            quantity = self._affordable(price, remaining)
            if quantity <= 0:
                shortage = f"cash does not cover any of it at {price:f} with commission"
                yield self._end(order, "cancelled" if working.filled else "rejected", shortage)
                return
            if quantity < remaining:
                cut_to = working.quantity = working.filled + quantity
        if not working.filled and working.fate.first_share is not None:
            quantity = round_down(quantity * working.fate.first_share, self._step) or quantity
        working.filled += quantity
        if working.filled == working.quantity:
            self._working.pop(order.client_order_id, None)
        yield Executed(
            client_order_id=order.client_order_id,
            quantity=quantity,
            price=price,
            cut_to=cut_to,
            quality=grade(working.fate, self._paper) if graded else grade(IDEAL, self._paper),
        )

    def _take(self, order: Order) -> _Working:
        fate = fate_of(order, self._paper)
        working = _Working(order, fate, order.quantity, order.filled_quantity)
        self._working[order.client_order_id] = working
        return working

    def _end(self, order: Order, status: Literal["rejected", "expired", "cancelled"], reason: str) -> Ended:
        self._working.pop(order.client_order_id, None)
        return Ended(client_order_id=order.client_order_id, status=status, reason=reason)
