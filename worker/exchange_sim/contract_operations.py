"""What a customer may ask of perpetuals, and the rules of their markets."""

from __future__ import annotations

from typing import Any

from worker.exchange_sim.account import Account
from worker.exchange_sim.contract_form import CONTRACT_TYPES, FORCES, read_contract_order
from worker.exchange_sim.contract_shapes import (
    contract_balances,
    contract_order,
    contract_order_placed,
    contract_trade,
    position_risk,
)
from worker.exchange_sim.market import Market
from worker.exchange_sim.order_form import MOST_PRICE, MOST_QUANTITY
from worker.exchange_sim.private_operations import fills_asked, found, orders_asked, orders_asked_open
from worker.exchange_sim.refusal import Refusal, missing, not_cancellable, unknown_order
from worker.exchange_sim.request import Request
from worker.exchange_sim.shapes import amount

_MOST_LEVERAGE = 125
_MARGIN_MODES = ("ISOLATED", "CROSSED")
_NO_END = 4_133_404_800_000


def contract_rules(request: Request) -> dict[str, Any]:
    setup = request.house.setup
    return {
        "timezone": "UTC",
        "serverTime": request.house.clock.now_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": setup.weight_limit},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": setup.order_limit},
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": quote, "marginAvailable": True, "autoAssetExchange": "0"}
            for quote in sorted({market.quote for market in setup.markets})
        ],
        "symbols": [_rules(market) for market in request.house.markets.values()],
    }


def _rules(market: Market) -> dict[str, Any]:
    setup = market.setup
    return {
        "symbol": setup.market_id,
        "pair": setup.market_id,
        "contractType": "PERPETUAL",
        "deliveryDate": _NO_END,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": setup.base,
        "quoteAsset": setup.quote,
        "marginAsset": setup.quote,
        "pricePrecision": 8,
        "quantityPrecision": 8,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.015000",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(market),
        "orderTypes": list(CONTRACT_TYPES),
        "timeInForce": list(FORCES),
    }


def _filters(market: Market) -> list[dict[str, Any]]:
    most, tick, step = amount(MOST_QUANTITY), amount(market.tick), amount(market.step)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": amount(MOST_PRICE), "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": amount(market.setup.least_cost)},
    ]


def contract_account(request: Request) -> dict[str, Any]:
    house, mine, now = request.house, request.account, request.house.clock.now_ms()
    assets = contract_balances(mine, house.markets.values(), now)
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": False,
        "multiAssetsMargin": False,
        "updateTime": 0,
        "totalWalletBalance": assets[0]["walletBalance"],
        "totalUnrealizedProfit": assets[0]["unrealizedProfit"],
        "totalMarginBalance": assets[0]["marginBalance"],
        "totalInitialMargin": assets[0]["initialMargin"],
        "totalMaintMargin": "0",
        "totalPositionInitialMargin": assets[0]["positionInitialMargin"],
        "totalOpenOrderInitialMargin": assets[0]["openOrderInitialMargin"],
        "totalCrossWalletBalance": assets[0]["crossWalletBalance"],
        "totalCrossUnPnl": assets[0]["crossUnPnl"],
        "availableBalance": assets[0]["availableBalance"],
        "maxWithdrawAmount": assets[0]["maxWithdrawAmount"],
        "assets": assets,
        "positions": [position_risk(mine, market, now) for market in _held(mine, request)],
    }


def positions(request: Request) -> list[dict[str, Any]]:
    """The third version of the question: only markets with a position."""
    now = request.house.clock.now_ms()
    return [position_risk(request.account, market, now) for market in _held(request.account, request)]


def all_positions(request: Request) -> list[dict[str, Any]]:
    """The second version: every market."""
    now = request.house.clock.now_ms()
    return [position_risk(request.account, market, now) for market in _named(request)]


def _named(request: Request) -> list[Market]:
    asked = request.params.get("symbol")
    return [request.house.market(asked)] if asked else list(request.house.markets.values())


def _held(account: Account, request: Request) -> list[Market]:
    return [market for market in _named(request) if account.position_in(market.market_id).quantity]


def brackets(request: Request) -> list[dict[str, Any]]:
    one = {
        "bracket": 1,
        "initialLeverage": _MOST_LEVERAGE,
        "notionalCap": 100_000_000,
        "notionalFloor": 0,
        "maintMarginRatio": 0.004,
        "cum": 0.0,
    }
    return [{"symbol": market.market_id, "notionalCoef": 1.0, "brackets": [one]} for market in _named(request)]


def symbol_config(request: Request) -> list[dict[str, Any]]:
    mine = request.account
    return [
        {
            "symbol": market.market_id,
            "marginType": mine.margin_modes.get(market.market_id, "CROSSED"),
            "isAutoAddMargin": False,
            "leverage": mine.leverage_of(market.market_id),
            "maxNotionalValue": "100000000",
        }
        for market in _named(request)
    ]


def position_mode(request: Request) -> dict[str, Any]:
    return {"dualSidePosition": request.account.hedged}


def set_position_mode(request: Request) -> dict[str, Any]:
    mine, wanted = request.account, request.text("dualSidePosition").lower() == "true"
    if wanted == mine.hedged:
        raise Refusal(-4059, "No need to change position side.")
    if any(position.quantity for position in mine.positions.values()):
        raise Refusal(-4068, "Position side cannot be changed if there exists position.")
    mine.hedged = wanted
    return {"code": 200, "msg": "success"}


def set_leverage(request: Request) -> dict[str, Any]:
    market, wanted = request.house.market(request.text("symbol")), request.whole("leverage")
    if wanted is None:
        raise missing("leverage")
    if not 1 <= wanted <= _MOST_LEVERAGE:
        raise Refusal(-4028, f"Leverage {wanted} is not valid")
    request.account.leverage[market.market_id] = wanted
    return {"symbol": market.market_id, "leverage": wanted, "maxNotionalValue": "100000000"}


def set_margin_mode(request: Request) -> dict[str, Any]:
    market, wanted, mine = request.house.market(request.text("symbol")), request.text("marginType"), request.account
    if wanted not in _MARGIN_MODES:
        raise Refusal(-4045, "Invalid margin type.")
    if wanted == mine.margin_modes.get(market.market_id, "CROSSED"):
        raise Refusal(-4046, "No need to change margin type.")
    if mine.position_in(market.market_id).quantity:
        raise Refusal(-4048, "Margin type cannot be changed if there exists position.")
    mine.margin_modes[market.market_id] = wanted
    return {"code": 200, "msg": "success"}


def listen_key(request: Request) -> dict[str, Any]:
    """One per account, as long as this process lives."""
    return {"listenKey": request.account.listen_key}


def contract_fee(request: Request) -> dict[str, Any]:
    fees = request.house.setup.fees
    market = request.house.market(request.text("symbol"))
    return {"symbol": market.market_id, "makerCommissionRate": str(fees.maker), "takerCommissionRate": str(fees.taker)}


def place_contract(request: Request) -> dict[str, Any]:
    """Raises Refusal."""
    house, market = request.house, request.house.market(request.text("symbol"))
    form = read_contract_order(request.params, market)
    request.refuse_by_fault()
    return contract_order_placed(house.place(request.account, market.market_id, form, request.fault), form.answer)


def query_contract(request: Request) -> dict[str, Any]:
    return contract_order(found(request, unknown_order()))


def cancel_contract(request: Request) -> dict[str, Any]:
    order = found(request, not_cancellable())
    request.house.cancel(request.account, order, None)
    return contract_order(order)


def cancel_all_contracts(request: Request) -> dict[str, Any]:
    market = request.house.market(request.text("symbol"))
    for order in request.house.open_orders(request.account):
        if order.symbol == market.market_id:
            request.house.cancel(request.account, order, None)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_contracts(request: Request) -> list[dict[str, Any]]:
    return [contract_order(order) for order in orders_asked_open(request)]


def all_contracts(request: Request) -> list[dict[str, Any]]:
    return [contract_order(order) for order in orders_asked(request)]


def contract_trades(request: Request) -> list[dict[str, Any]]:
    return [contract_trade(order, fill) for fill, order in fills_asked(request)]
