"""What a customer may ask: account, orders, fills."""

from __future__ import annotations

from typing import Any

from worker.exchange_sim.order import SimFill, SimOrder
from worker.exchange_sim.order_form import read_order
from worker.exchange_sim.refusal import Refusal, missing, not_cancellable, unknown_order
from worker.exchange_sim.request import Request
from worker.exchange_sim.shapes import (
    amount,
    balances,
    my_trade,
    order_cancelled,
    order_placed,
    order_status,
)


def account(request: Request) -> dict[str, Any]:
    house, mine = request.house, request.account
    fees = house.setup.fees
    keep_empty = request.params.get("omitZeroBalances", "false") != "true"
    return {
        "makerCommission": int(fees.maker * 10_000),
        "takerCommission": int(fees.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": amount(fees.maker), "taker": amount(fees.taker), "buyer": "0.0", "seller": "0.0"},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "updateTime": house.clock.now_ms(),
        "accountType": "SPOT",
        "balances": [row for row in balances(mine) if keep_empty or float(row["free"]) > 0 or float(row["locked"]) > 0],
        "permissions": ["SPOT"],
        "uid": 1 + list(house.accounts.values()).index(mine),
    }


def trade_fee(request: Request) -> list[dict[str, Any]]:
    fees, asked = request.house.setup.fees, request.params.get("symbol")
    return [
        {"symbol": name, "makerCommission": str(fees.maker), "takerCommission": str(fees.taker)}
        for name in request.house.markets
        if asked in (None, "", name)
    ]


def place(request: Request) -> dict[str, Any]:
    """Raises Refusal."""
    house, market = request.house, request.house.market(request.text("symbol"))
    form = read_order(request.params, market)
    request.refuse_by_fault()
    return order_placed(house.place(request.account, market.market_id, form, request.fault), form.answer)


def test(request: Request) -> dict[str, Any]:
    market = request.house.market(request.text("symbol"))
    request.house.examine(request.account, market.market_id, read_order(request.params, market))
    return {}


def query(request: Request) -> dict[str, Any]:
    return order_status(found(request, unknown_order()))


def cancel(request: Request) -> dict[str, Any]:
    order = found(request, not_cancellable())
    request.house.cancel(request.account, order, request.params.get("newClientOrderId"))
    return order_cancelled(order)


def cancel_all(request: Request) -> list[dict[str, Any]]:
    market = request.house.market(request.text("symbol"))
    mine = [one for one in request.house.open_orders(request.account) if one.symbol == market.market_id]
    if not mine:
        raise not_cancellable()
    return [order_cancelled(request.house.cancel(request.account, order, None)) for order in mine]


def open_orders(request: Request) -> list[dict[str, Any]]:
    return [order_status(order) for order in orders_asked_open(request)]


def orders_asked_open(request: Request) -> list[SimOrder]:
    """The open orders of `symbol`, of every market without it. Raises Refusal."""
    asked = request.params.get("symbol")
    if asked:
        request.house.market(asked)
    return [
        order
        for order in request.house.open_orders(request.account)
        if request.sees(order) and (not asked or order.symbol == asked)
    ]


def all_orders(request: Request) -> list[dict[str, Any]]:
    return [order_status(order) for order in orders_asked(request)]


def orders_asked(request: Request) -> list[SimOrder]:
    """A page of a market's orders, oldest first. Raises Refusal."""
    market = request.house.market(request.text("symbol"))
    start, end, since_id = request.whole("startTime"), request.whole("endTime"), request.whole("orderId")
    listed = [
        order
        for order in request.my_orders(market.market_id)
        if (since_id is None or order.order_id >= since_id)
        and (start is None or order.created >= start)
        and (end is None or order.created <= end)
    ]
    limit = request.limit(500, 1000)
    return listed[-limit:] if start is None and since_id is None else listed[:limit]


def my_trades(request: Request) -> list[dict[str, Any]]:
    return [my_trade(order, fill) for fill, order in fills_asked(request)]


def fills_asked(request: Request) -> list[tuple[SimFill, SimOrder]]:
    """A page of a market's fills, oldest first, each with its order. Raises Refusal."""
    market = request.house.market(request.text("symbol"))
    start, end = request.whole("startTime"), request.whole("endTime")
    order_id, since_id = request.whole("orderId"), request.whole("fromId")
    listed = [
        (fill, order)
        for order in request.my_orders(market.market_id)
        if order_id in (None, order.order_id)
        for fill in order.fills
        if (since_id is None or fill.trade_id >= since_id)
        and (start is None or fill.at >= start)
        and (end is None or fill.at <= end)
    ]
    listed.sort(key=lambda pair: pair[0].trade_id)
    limit = request.limit(500, 1000)
    newest = start is None and since_id is None
    return listed[-limit:] if newest else listed[:limit]


def found(request: Request, otherwise: Refusal) -> SimOrder:
    """The order of `orderId` or `origClientOrderId`, of several with one client id the newest."""
    market = request.house.market(request.text("symbol"))
    order_id, client_id = request.whole("orderId"), request.params.get("origClientOrderId", "")
    if order_id is None and not client_id:
        raise missing("orderId")
    for order in reversed(request.my_orders(market.market_id)):
        if order_id in (None, order.order_id) and client_id in ("", order.client_id):
            return order
    raise otherwise
