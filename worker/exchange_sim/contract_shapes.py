"""How orders, fills, positions and balances of perpetuals look in the exchange's answers and events."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from worker.exchange_sim.account import Account
from worker.exchange_sim.market import Market
from worker.exchange_sim.order import SimFill, SimOrder
from worker.exchange_sim.shapes import amount

_ONE_WAY = "BOTH"
_NONE = "0"


def contract_order(order: SimOrder) -> dict[str, Any]:
    """An order as it is looked up."""
    return {**_order(order), "time": order.created}


def contract_order_placed(order: SimOrder, answer: str) -> dict[str, Any]:
    """The answer to a new order: ACK does not tell what was filled at once, RESULT does."""
    if answer != "ACK":
        return _order(order)
    nothing = dict.fromkeys(("executedQty", "cumQty", "cumQuote", "avgPrice"), _NONE)
    return {**_order(order), **nothing, "status": "NEW"}


def _order(order: SimOrder) -> dict[str, Any]:
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_id,
        "price": amount(order.price),
        "avgPrice": amount(_average(order)),
        "origQty": amount(order.quantity),
        "executedQty": amount(order.executed),
        "cumQty": amount(order.executed),
        "cumQuote": amount(order.cost),
        "timeInForce": order.time_in_force,
        "type": order.kind,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side,
        "positionSide": _ONE_WAY,
        "stopPrice": _NONE,
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "NONE",
        "goodTillDate": 0,
        "updateTime": order.updated,
    }


def contract_trade(order: SimOrder, fill: SimFill) -> dict[str, Any]:
    """A fill as it is looked up."""
    return {
        "symbol": order.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "side": order.side,
        "price": amount(fill.price),
        "qty": amount(fill.quantity),
        "realizedPnl": amount(fill.profit),
        "quoteQty": amount(fill.cost),
        "commission": amount(fill.commission),
        "commissionAsset": fill.commission_asset,
        "time": fill.at,
        "positionSide": _ONE_WAY,
        "maker": fill.maker,
        "buyer": order.is_buy,
    }


def position_risk(account: Account, market: Market, now: int) -> dict[str, Any]:
    """A position as it is looked up, with what the obsolete second version of the question told besides."""
    position, leverage = account.position_in(market.market_id), account.leverage_of(market.market_id)
    mode = account.margin_modes.get(market.market_id, "CROSSED")
    return {
        "symbol": market.market_id,
        "positionSide": _ONE_WAY,
        "positionAmt": amount(position.quantity),
        "entryPrice": amount(position.entry_price),
        "breakEvenPrice": amount(position.entry_price),
        "markPrice": amount(market.last),
        "unRealizedProfit": amount(position.profit_at(market.last)),
        "liquidationPrice": _NONE,
        "isolatedMargin": _NONE,
        "notional": amount(position.quantity * market.last),
        "marginAsset": market.setup.quote,
        "isolatedWallet": _NONE,
        "initialMargin": amount(position.margin),
        "maintMargin": _NONE,
        "positionInitialMargin": amount(position.margin),
        "openOrderInitialMargin": _NONE,
        "adl": 0,
        "bidNotional": _NONE,
        "askNotional": _NONE,
        "updateTime": now,
        "leverage": str(leverage),
        "maxNotionalValue": "100000000",
        "marginType": "cross" if mode == "CROSSED" else "isolated",
        "isAutoAddMargin": "false",
    }


def contract_balances(account: Account, markets: Iterable[Market], now: int) -> list[dict[str, Any]]:
    """Every currency of an account, its wallet and what of it is free."""
    markets = list(markets)
    return [_asset(account, asset, markets, now) for asset in account.assets]


def _asset(account: Account, asset: str, markets: Iterable[Market], now: int) -> dict[str, Any]:
    free, locked = account.free.get(asset, Decimal(0)), account.locked.get(asset, Decimal(0))
    mine = [(account.position_in(market.market_id), market) for market in markets if market.setup.quote == asset]
    profit = sum((position.profit_at(market.last) for position, market in mine), Decimal(0))
    margin = sum((position.margin for position, _ in mine), Decimal(0))
    wallet = free + locked
    return {
        "asset": asset,
        "walletBalance": amount(wallet),
        "unrealizedProfit": amount(profit),
        "marginBalance": amount(wallet + profit),
        "maintMargin": _NONE,
        "initialMargin": amount(locked),
        "positionInitialMargin": amount(margin),
        "openOrderInitialMargin": amount(locked - margin),
        "crossWalletBalance": amount(wallet),
        "crossUnPnl": amount(profit),
        "availableBalance": amount(free + min(profit, Decimal(0))),
        "maxWithdrawAmount": amount(free),
        "updateTime": now,
    }


def order_update(order: SimOrder, what: str, fill: SimFill | None, at: int) -> dict[str, Any]:
    """The user stream's event of an order; `what` is NEW, TRADE, CANCELED or EXPIRED."""
    told = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.kind,
        "f": order.time_in_force,
        "q": amount(order.quantity),
        "p": amount(order.price),
        "ap": amount(_average(order)),
        "sp": _NONE,
        "x": what,
        "X": order.status,
        "i": order.order_id,
        "l": amount(fill.quantity if fill else Decimal(0)),
        "z": amount(order.executed),
        "L": amount(fill.price if fill else Decimal(0)),
        "T": order.updated,
        "t": fill.trade_id if fill else 0,
        "b": _NONE,
        "a": _NONE,
        "m": bool(fill and fill.maker),
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.kind,
        "ps": _ONE_WAY,
        "cp": False,
        "rp": amount(fill.profit if fill else Decimal(0)),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "NONE",
        "pm": "NONE",
        "gtd": 0,
    }
    if fill is not None:
        told |= {"n": amount(fill.commission), "N": fill.commission_asset}
    return {"e": "ORDER_TRADE_UPDATE", "E": at, "T": at, "o": told}


def account_update(account: Account, markets: Iterable[Market], at: int) -> dict[str, Any]:
    """The user stream's event of changed balances and positions."""
    markets = list(markets)
    return {
        "e": "ACCOUNT_UPDATE",
        "E": at,
        "T": at,
        "a": {
            "m": "ORDER",
            "B": [
                {"a": row["asset"], "wb": row["walletBalance"], "cw": row["crossWalletBalance"], "bc": _NONE}
                for row in contract_balances(account, markets, at)
            ],
            "P": [_moved(account, market) for market in markets if market.market_id in account.positions],
        },
    }


def _moved(account: Account, market: Market) -> dict[str, Any]:
    position = account.position_in(market.market_id)
    return {
        "s": market.market_id,
        "pa": amount(position.quantity),
        "ep": amount(position.entry_price),
        "bep": amount(position.entry_price),
        "cr": _NONE,
        "up": amount(position.profit_at(market.last)),
        "mt": "cross",
        "iw": _NONE,
        "ps": _ONE_WAY,
    }


def _average(order: SimOrder) -> Decimal:
    return order.cost / order.executed if order.executed else Decimal(0)
