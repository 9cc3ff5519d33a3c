"""Reading a request for an order of perpetuals: what is missing or unfit is refused in that section's words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from worker.exchange_sim.market import Market
from worker.exchange_sim.order_form import MOST_PRICE, MOST_QUANTITY, OrderForm, client_id, number, word
from worker.exchange_sim.refusal import Refusal

CONTRACT_TYPES = ("LIMIT", "MARKET")
_CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
FORCES = ("GTC", "IOC", "FOK", "GTX")


def read_contract_order(params: Mapping[str, str], market: Market) -> OrderForm:
    """Raises Refusal."""
    if params.get("type") in _CONDITIONAL:
        raise Refusal(
            -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        )
    side, kind = word(params, "side", ("BUY", "SELL")), word(params, "type", CONTRACT_TYPES)
    if params.get("positionSide", "BOTH") != "BOTH":
        raise Refusal(-4061, "Order's position side does not match user's setting.")
    reduce_only = params.get("reduceOnly", "false").lower() == "true"
    quantity = number(params, "quantity", needed=True)
    price = number(params, "price", needed=True) if kind == "LIMIT" else Decimal(0)
    _refuse_unfit(market, quantity, price, reduce_only=reduce_only)
    form = OrderForm(
        client_id=client_id(params),
        side=side,
        kind=kind,
        time_in_force=word(params, "timeInForce", FORCES) if kind == "LIMIT" else "GTC",
        quantity=quantity,
        price=price,
        stop_price=Decimal(0),
        quote_quantity=Decimal(0),
        answer=params.get("newOrderRespType", "ACK"),
        reduce_only=reduce_only,
    )
    _refuse_hasty(form, market)
    return form


def _refuse_unfit(market: Market, quantity: Decimal, price: Decimal, *, reduce_only: bool) -> None:
    if quantity <= 0:
        raise Refusal(-4003, "Quantity less than or equal to zero.")
    if quantity > MOST_QUANTITY:
        raise Refusal(-4005, "Quantity greater than max quantity.")
    if quantity % market.step:
        raise Refusal(-1111, "Precision is over the maximum defined for this asset.")
    if price and price > MOST_PRICE:
        raise Refusal(-4002, "Price greater than max price.")
    if price and price % market.tick:
        raise Refusal(-4014, "Price not increased by tick size.")
    least = market.setup.least_cost
    if not reduce_only and quantity * (price or market.last) < least:
        raise Refusal(-4164, f"Order's notional must be no smaller than {least} (unless you choose reduce only).")


def _refuse_hasty(form: OrderForm, market: Market) -> None:
    """Orders that must wait, but would act at once."""
    meets = form.price >= market.ask if form.side == "BUY" else form.price <= market.bid
    if form.time_in_force == "GTX" and meets:
        raise Refusal(
            -5022,
            "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not "
            "be recorded in the order history",
        )
