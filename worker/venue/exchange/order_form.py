"""One order in the words of ccxt's `create_order`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from common.trading.order import Order
from worker.venue.exchange.client_ids import Carriage
from worker.venue.exchange.reading import stop_types
from worker.venue.exchange.rules import limit_to_send, quantity_to_send, stop_to_send
from worker.venue.exchange_port import Market, Quote

STOP_SLACK = Decimal("0.03")
"""Where a stop has to name a limit: this fraction below, so that it is executed in any but the wildest market."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Arguments of `create_order`; numbers as text, so that none is rounded on the way.

    The quantity is in the exchange's units: of a perpetual, contracts.
    """

    symbol: str
    order_type: str
    side: str
    quantity: str
    price: str | None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """In the order of the call."""
        return self.symbol, self.order_type, self.side, self.quantity, self.price, self.parameters


def form_of(
    order: Order,
    market: Market,
    described: Mapping[str, Any],
    options: Mapping[str, Any],
    carriage: Carriage,
    quote: Quote | None,
) -> Form:
    """`described` is the market in ccxt's words, `options` those of the client."""
    parameters = carriage.parameters(order.client_order_id)
    if market.kind == "linear" and order.purpose != "entry":
        parameters["reduceOnly"] = True
    order_type, price = "market", None
    if order.order_type == "stop" and order.stop_price is not None:
        stop = stop_to_send(market, order.stop_price)
        parameters["stopLossPrice"] = f"{stop:f}"
        if market.kind == "spot" and "STOP_LOSS" not in stop_types(described):
            order_type, price = "limit", limit_to_send(market, stop * (1 - STOP_SLACK), order.side)
    elif order.order_type in ("limit", "take_profit") and order.limit_price is not None:
        order_type, price = "limit", limit_to_send(market, order.limit_price, order.side)
    elif order.side == "buy" and options.get("createMarketBuyOrderRequiresPrice") and quote is not None:
        # Some exchanges are told what a market buy may cost; the client works it out from the present price.
        price = quote.ask
    return Form(
        symbol=market.symbol,
        order_type=order_type,
        side=order.side,
        quantity=f"{quantity_to_send(market, order.quantity) / market.contract_size:f}",
        price=None if price is None else f"{price:f}",
        parameters=parameters,
    )
