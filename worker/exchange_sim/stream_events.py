"""What the market streams say."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from worker.exchange_sim.candles import Candle
from worker.exchange_sim.market import Market, MarketTrade
from worker.exchange_sim.public_operations import last_day, sides
from worker.exchange_sim.shapes import amount

_NAMES = re.compile(r"(trade|aggTrade|miniTicker|ticker|bookTicker|depth(?:5|10|20)?(?:@100ms|@1000ms)?|kline_(\w+))")


def known(topic: str) -> bool:
    """Whether there is such a stream of a market."""
    return _NAMES.fullmatch(topic) is not None


def interval_of(topic: str) -> str | None:
    """Of a candle stream."""
    return topic.removeprefix("kline_") if topic.startswith("kline_") else None


def event_of(topic: str, market: Market, trade: MarketTrade, old_levels: dict[str, Any]) -> dict[str, Any]:
    """The event of this trade of the market, for any but a candle stream."""
    if topic == "trade":
        return _trade(market, trade)
    if topic == "aggTrade":
        return {**_trade(market, trade), "e": "aggTrade", "a": trade.trade_id, "f": trade.trade_id, "l": trade.trade_id}
    if topic == "bookTicker":
        return _quotes(market)
    if topic.startswith("depth@") or topic == "depth":
        return _book_change(market, trade, old_levels)
    if topic.startswith("depth"):
        most = int(topic.removeprefix("depth").split("@")[0])
        return {"lastUpdateId": market.book_number, **sides(market, most)}
    return _day(topic, market, trade)


def kline_event(market: Market, interval: str, length: int, candle: Candle, at: int, *, closed: bool) -> dict[str, Any]:
    """A candle as it stands."""
    cost = amount(candle.volume * candle.close)
    return {
        "e": "kline",
        "E": at,
        "s": market.market_id,
        "k": {
            "t": candle.opened,
            "T": candle.opened + length - 1,
            "s": market.market_id,
            "i": interval,
            "f": -1,
            "L": -1,
            "o": amount(candle.open),
            "c": amount(candle.close),
            "h": amount(candle.high),
            "l": amount(candle.low),
            "v": amount(candle.volume),
            "n": candle.trades,
            "x": closed,
            "q": cost,
            "V": amount(candle.volume / 2),
            "Q": cost,
            "B": "0",
        },
    }


def _trade(market: Market, trade: MarketTrade) -> dict[str, Any]:
    return {
        "e": "trade",
        "E": trade.at,
        "s": market.market_id,
        "t": trade.trade_id,
        "p": amount(trade.price),
        "q": amount(trade.quantity),
        "T": trade.at,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def _quotes(market: Market) -> dict[str, Any]:
    return {
        "u": market.book_number,
        "s": market.market_id,
        "b": amount(market.bid),
        "B": amount(market.depth),
        "a": amount(market.ask),
        "A": amount(market.depth),
    }


def _book_change(market: Market, trade: MarketTrade, old: dict[str, Any]) -> dict[str, Any]:
    new, none = sides(market, 5000), amount(Decimal(0))
    changed = {}
    for name in ("bids", "asks"):
        before, now = dict(old[name]), dict(new[name])
        gone = [[price, none] for price in before if price not in now]
        changed[name] = gone + [[price, size] for price, size in now.items() if before.get(price) != size]
    return {
        "e": "depthUpdate",
        "E": trade.at,
        "s": market.market_id,
        "U": market.book_number,
        "u": market.book_number,
        "b": changed["bids"],
        "a": changed["asks"],
    }


def _day(topic: str, market: Market, trade: MarketTrade) -> dict[str, Any]:
    candle = last_day(market, trade.at)
    mini = {
        "e": "24hrMiniTicker",
        "E": trade.at,
        "s": market.market_id,
        "c": amount(market.last),
        "o": amount(candle.open),
        "h": amount(candle.high),
        "l": amount(candle.low),
        "v": amount(candle.volume),
        "q": amount(candle.volume * market.last),
    }
    if topic == "miniTicker":
        return mini
    change = market.last - candle.open
    quotes = {name: value for name, value in _quotes(market).items() if name in "bBaA"}
    return {
        **mini,
        **quotes,
        "e": "24hrTicker",
        "p": amount(change),
        "P": f"{change / candle.open * 100:.3f}",
        "w": amount(market.last),
        "x": amount(candle.open),
        "Q": amount(trade.quantity),
        "O": trade.at - 86_400_000,
        "C": trade.at,
        "F": -1,
        "L": trade.trade_id,
        "n": candle.trades,
    }
