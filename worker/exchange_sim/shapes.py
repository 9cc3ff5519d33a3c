"""How orders, fills and balances look in the exchange's answers and events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from worker.exchange_sim.account import Account
from worker.exchange_sim.order import SimFill, SimOrder


def amount(value: Decimal) -> str:
    """Eight decimals, never an exponent."""
    return f"{value:.8f}"


def order_status(order: SimOrder) -> dict[str, Any]:
    """An order as it is looked up."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        **_amounts(order),
        "icebergQty": amount(Decimal(0)),
        "time": order.created,
        "updateTime": order.updated,
        "isWorking": order.working,
        "workingTime": order.created if order.working else -1,
    }


def order_placed(order: SimOrder, answer: str) -> dict[str, Any]:
    """The answer to a new order: ACK, RESULT or FULL."""
    head = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": order.updated,
    }
    if answer == "ACK":
        return head
    result = {**head, **_amounts(order), "workingTime": order.created if order.working else -1}
    return result if answer == "RESULT" else {**result, "fills": [_fill_of_answer(fill) for fill in order.fills]}


def order_cancelled(order: SimOrder) -> dict[str, Any]:
    """The answer to a cancel: the order's own client id is the original one."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.cancel_client_id,
        "transactTime": order.updated,
        **_amounts(order),
    }


def _amounts(order: SimOrder) -> dict[str, Any]:
    shown = {
        "price": amount(order.price),
        "origQty": amount(order.quantity),
        "executedQty": amount(order.executed),
        "origQuoteOrderQty": amount(order.quote_quantity),
        "cummulativeQuoteQty": amount(order.cost),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.kind,
        "side": order.side,
        "selfTradePreventionMode": "NONE",
    }
    return {**shown, "stopPrice": amount(order.stop_price)} if order.stop_price else shown


def _fill_of_answer(fill: SimFill) -> dict[str, Any]:
    return {
        "price": amount(fill.price),
        "qty": amount(fill.quantity),
        "commission": amount(fill.commission),
        "commissionAsset": fill.commission_asset,
        "tradeId": fill.trade_id,
    }


def my_trade(order: SimOrder, fill: SimFill) -> dict[str, Any]:
    """A fill as it is looked up."""
    return {
        "symbol": order.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "price": amount(fill.price),
        "qty": amount(fill.quantity),
        "quoteQty": amount(fill.cost),
        "commission": amount(fill.commission),
        "commissionAsset": fill.commission_asset,
        "time": fill.at,
        "isBuyer": order.is_buy,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def balances(account: Account) -> list[dict[str, Any]]:
    """Every currency of an account."""
    zero = Decimal(0)
    return [
        {
            "asset": asset,
            "free": amount(account.free.get(asset, zero)),
            "locked": amount(account.locked.get(asset, zero)),
        }
        for asset in account.assets
    ]


def execution_report(order: SimOrder, what: str, fill: SimFill | None, at: int) -> dict[str, Any]:
    """The user stream's event; `what` is NEW, TRADE, CANCELED or EXPIRED."""
    cancelled = what == "CANCELED"
    return {
        "e": "executionReport",
        "E": at,
        "s": order.symbol,
        "c": order.cancel_client_id if cancelled else order.client_id,
        "S": order.side,
        "o": order.kind,
        "f": order.time_in_force,
        "q": amount(order.quantity),
        "p": amount(order.price),
        "P": amount(order.stop_price),
        "F": amount(Decimal(0)),
        "g": -1,
        "C": order.client_id if cancelled else "",
        "x": what,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": amount(fill.quantity if fill else Decimal(0)),
        "z": amount(order.executed),
        "L": amount(fill.price if fill else Decimal(0)),
        "n": amount(fill.commission) if fill else "0",
        "N": fill.commission_asset if fill else None,
        "T": order.updated,
        "t": fill.trade_id if fill else -1,
        "I": order.order_id,
        "w": order.working and order.is_open,
        "m": bool(fill and fill.maker),
        "M": False,
        "O": order.created,
        "Z": amount(order.cost),
        "Y": amount(fill.cost if fill else Decimal(0)),
        "Q": amount(order.quote_quantity),
        "W": order.created,
        "V": "NONE",
    }


def account_position(account: Account, at: int) -> dict[str, Any]:
    """The user stream's event of changed balances."""
    return {
        "e": "outboundAccountPosition",
        "E": at,
        "u": at,
        "B": [{"a": row["asset"], "f": row["free"], "l": row["locked"]} for row in balances(account)],
    }
