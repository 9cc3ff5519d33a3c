"""What anybody may ask: rules, time, prices."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from worker.exchange_sim.candles import MOST, Candle
from worker.exchange_sim.market import Market, MarketTrade
from worker.exchange_sim.order import TYPES
from worker.exchange_sim.order_form import MOST_PRICE, MOST_QUANTITY
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.request import Request
from worker.exchange_sim.shapes import amount

_DAY_MS = 86_400_000


def ping(request: Request) -> dict[str, Any]:
    return {}


def time(request: Request) -> dict[str, Any]:
    return {"serverTime": request.house.clock.now_ms()}


def exchange_info(request: Request) -> dict[str, Any]:
    setup = request.house.setup
    return {
        "timezone": "UTC",
        "serverTime": request.house.clock.now_ms(),
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": setup.weight_limit},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": setup.order_limit},
        ],
        "exchangeFilters": [],
        "symbols": [_rules(market) for market in _asked(request)],
    }


def _rules(market: Market) -> dict[str, Any]:
    setup = market.setup
    return {
        "symbol": setup.market_id,
        "status": "TRADING",
        "baseAsset": setup.base,
        "baseAssetPrecision": 8,
        "quoteAsset": setup.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(TYPES),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(market),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def _filters(market: Market) -> list[dict[str, Any]]:
    most = amount(MOST_QUANTITY)
    tick, step = amount(market.tick), amount(market.step)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": amount(MOST_PRICE), "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": amount(Decimal(0)), "maxQty": most, "stepSize": amount(Decimal(0))},
        {
            "filterType": "NOTIONAL",
            "minNotional": amount(market.setup.least_cost),
            "applyMinToMarket": True,
            "maxNotional": amount(MOST_PRICE),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ]


def _asked(request: Request) -> list[Market]:
    """The markets of `symbol` or `symbols`; all without them. Raises Refusal."""
    house, params = request.house, request.params
    if params.get("symbol"):
        return [house.market(params["symbol"])]
    if params.get("symbols"):
        try:
            names = json.loads(params["symbols"])
        except ValueError:
            raise Refusal(-1100, "Illegal characters found in parameter 'symbols'.") from None
        return [house.market(str(name)) for name in names]
    return list(house.markets.values())


def klines(request: Request) -> list[list[Any]]:
    market = request.house.market(request.text("symbol"))
    interval = request.text("interval")
    length = market.candles.length_of(interval)
    limit = request.limit(500, MOST)
    found = market.candles.of(interval, start=request.whole("startTime"), end=request.whole("endTime"), limit=limit)
    return [_kline(candle, length) for candle in found]


def _kline(candle: Candle, length: int) -> list[Any]:
    cost = amount(candle.volume * candle.close)
    prices = (amount(price) for price in (candle.open, candle.high, candle.low, candle.close, candle.volume))
    half = amount(candle.volume / 2)
    return [candle.opened, *prices, candle.opened + length - 1, cost, candle.trades, half, cost, "0"]


def price(request: Request) -> Any:
    return _one_or_all(request, lambda market: {"symbol": market.market_id, "price": amount(market.last)})


def book_ticker(request: Request) -> Any:
    return _one_or_all(request, quotes)


def quotes(market: Market) -> dict[str, Any]:
    """Best bid and ask."""
    return {
        "symbol": market.market_id,
        "bidPrice": amount(market.bid),
        "bidQty": amount(market.depth),
        "askPrice": amount(market.ask),
        "askQty": amount(market.depth),
    }


def day(request: Request) -> Any:
    now = request.house.clock.now_ms()
    return _one_or_all(request, lambda market: _of_day(market, now))


def _of_day(market: Market, now: int) -> dict[str, Any]:
    candle = last_day(market, now)
    change = market.last - candle.open
    return {
        "symbol": market.market_id,
        "priceChange": amount(change),
        "priceChangePercent": f"{change / candle.open * 100:.3f}",
        "weightedAvgPrice": amount(market.last),
        "prevClosePrice": amount(candle.open),
        "lastPrice": amount(market.last),
        "lastQty": amount(market.trades[-1].quantity if market.trades else Decimal(0)),
        **({} if market.setup.perpetual else _best(market)),
        "openPrice": amount(candle.open),
        "highPrice": amount(candle.high),
        "lowPrice": amount(candle.low),
        "volume": amount(candle.volume),
        "quoteVolume": amount(candle.volume * market.last),
        "openTime": now - _DAY_MS,
        "closeTime": now,
        "firstId": -1,
        "lastId": market.trades[-1].trade_id if market.trades else -1,
        "count": candle.trades,
    }


def _best(market: Market) -> dict[str, Any]:
    return {name: value for name, value in quotes(market).items() if name != "symbol"}


def last_day(market: Market, now: int) -> Candle:
    """What has been traded since the start, a day at most."""
    return market.candles.traded_since(now - _DAY_MS) or Candle(
        now, market.last, market.last, market.last, market.last, Decimal(0), 0
    )


def _one_or_all(request: Request, shown: Any) -> Any:
    found = [shown(market) for market in _asked(request)]
    return found[0] if request.params.get("symbol") else found


def trades(request: Request) -> list[dict[str, Any]]:
    market = request.house.market(request.text("symbol"))
    return [_trade(trade) for trade in list(market.trades)[-request.limit(500, MOST) :]]


def _trade(trade: MarketTrade) -> dict[str, Any]:
    return {
        "id": trade.trade_id,
        "price": amount(trade.price),
        "qty": amount(trade.quantity),
        "quoteQty": amount(trade.price * trade.quantity),
        "time": trade.at,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def joined_trades(request: Request) -> list[dict[str, Any]]:
    market = request.house.market(request.text("symbol"))
    start, end = request.whole("startTime"), request.whole("endTime")
    found = [
        trade for trade in market.trades if (start is None or trade.at >= start) and (end is None or trade.at <= end)
    ]
    limit = request.limit(500, MOST)
    return [
        {
            "a": trade.trade_id,
            "p": amount(trade.price),
            "q": amount(trade.quantity),
            "f": trade.trade_id,
            "l": trade.trade_id,
            "T": trade.at,
            "m": trade.buyer_is_maker,
            "M": True,
        }
        for trade in (found[-limit:] if start is None else found[:limit])
    ]


def depth(request: Request) -> dict[str, Any]:
    market = request.house.market(request.text("symbol"))
    return {"lastUpdateId": market.book_number, **sides(market, request.limit(100, 5000))}


def sides(market: Market, most: int) -> dict[str, list[list[str]]]:
    """Bids and asks, best first."""
    return {
        name: [[amount(level.price), amount(level.quantity)] for level in list(market.levels(side))[:most]]
        for name, side in (("bids", "SELL"), ("asks", "BUY"))
    }


def system_status(request: Request) -> dict[str, Any]:
    return {"status": 0, "msg": "normal"}
