"""Reading a request for an order: what is missing or unfit is refused in the exchange's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from worker.exchange_sim.market import Market
from worker.exchange_sim.order import PRICED, STOPS, TYPES
from worker.exchange_sim.refusal import Refusal, filter_failure, missing, rejected

MOST_PRICE = Decimal(10_000_000)
MOST_QUANTITY = Decimal(1_000_000)
_DECIMALS = 8
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForm:
    """A request for an order that breaks no rule of its market. Meaning of the fields as in SimOrder."""

    client_id: str | None
    side: str
    kind: str
    time_in_force: str
    quantity: Decimal
    price: Decimal
    stop_price: Decimal
    quote_quantity: Decimal
    answer: str
    """ACK, RESULT or FULL."""
    reduce_only: bool = False


def read_order(params: Mapping[str, str], market: Market) -> OrderForm:
    """Raises Refusal."""
    side, kind = word(params, "side", ("BUY", "SELL")), word(params, "type", TYPES)
    if "trailingDelta" in params or "icebergQty" in params:
        raise Refusal(-1104, "Not all sent parameters were read; trailing and iceberg orders do not exist here.")
    quote = number(params, "quoteOrderQty") if kind == "MARKET" else Decimal(0)
    if quote:
        quantity = (quote / market.ask) // market.step * market.step
    else:
        quantity = number(params, "quantity", needed=True)
    price = number(params, "price", needed=True) if kind in PRICED else Decimal(0)
    stop = number(params, "stopPrice", needed=True) if kind in STOPS else Decimal(0)
    _refuse_unfit(market, quantity, price, stop)
    needs_force = kind in PRICED and kind != "LIMIT_MAKER"
    return OrderForm(
        client_id=client_id(params),
        side=side,
        kind=kind,
        time_in_force=word(params, "timeInForce", ("GTC", "IOC", "FOK")) if needs_force else "GTC",
        quantity=quantity,
        price=price,
        stop_price=stop,
        quote_quantity=quote,
        answer=params.get("newOrderRespType", "FULL" if kind in ("MARKET", "LIMIT") else "ACK"),
    )


def word(params: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed words. Raises Refusal."""
    value = params.get(name, "")
    if not value:
        raise missing(name)
    if value not in allowed:
        code = {"side": -1117, "type": -1116, "timeInForce": -1115}[name]
        raise Refusal(code, f"Invalid {name}.")
    return value


def number(params: Mapping[str, str], name: str, *, needed: bool = False) -> Decimal:
    """Not negative, at most eight decimals; 0 when it was not sent. Raises Refusal."""
    text = params.get(name, "")
    if not text:
        if needed:
            raise missing(name)
        return Decimal(0)
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0 or not re.fullmatch(r"[0-9.]+", text):
        raise Refusal(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'.",
        )
    if value.normalize().as_tuple().exponent < -_DECIMALS:  # type: ignore[operator]  # it is finite
        raise Refusal(-1111, f"Parameter '{name}' has too much precision.")
    return value


def client_id(params: Mapping[str, str]) -> str | None:
    """None when the customer leaves the choice to the exchange. Raises Refusal."""
    given = params.get("newClientOrderId")
    if given is not None and not _CLIENT_ID.fullmatch(given):
        raise Refusal(
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[.A-Z:/a-z0-9_-]{1,36}$'.",
        )
    return given


def _refuse_unfit(market: Market, quantity: Decimal, price: Decimal, stop: Decimal) -> None:
    for value in (price, stop):
        if value and (value > MOST_PRICE or value < market.tick or value % market.tick):
            raise filter_failure("PRICE_FILTER")
    if quantity > MOST_QUANTITY or quantity < market.step or quantity % market.step:
        raise filter_failure("LOT_SIZE")
    if quantity * (price or stop or market.last) < market.setup.least_cost:
        raise filter_failure("NOTIONAL")


def refuse_hasty(form: OrderForm, market: Market) -> None:
    """Orders that must wait, but would act at once. Raises Refusal."""
    buying = form.side == "BUY"
    if form.kind == "LIMIT_MAKER" and (form.price >= market.ask if buying else form.price <= market.bid):
        raise rejected("Order would immediately match and take.")
    if form.kind in STOPS and triggers(form.kind, form.side, form.stop_price, market.last):
        raise rejected("Stop price would trigger immediately.")


def triggers(kind: str, side: str, stop_price: Decimal, last: Decimal) -> bool:
    """Whether a stop acts at this price."""
    upwards = (side == "BUY") == kind.startswith("STOP_LOSS")
    return last >= stop_price if upwards else last <= stop_price
