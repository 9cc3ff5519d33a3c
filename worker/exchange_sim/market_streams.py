"""Who listens to which market stream, and telling them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from worker.exchange_sim.candles import Candle, opening_of
from worker.exchange_sim.connection import Connection
from worker.exchange_sim.house import House
from worker.exchange_sim.market import Market, MarketTrade
from worker.exchange_sim.public_operations import sides
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.stream_events import event_of, interval_of, kline_event, known

_DAY_TOPICS = ("miniTicker", "ticker")
_DAY_EVERY_MS = 1000


class MarketStreams:
    """Subscriptions by stream name (`btcusdt@kline_1m`). Owned by the server's event loop."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._listeners: dict[str, dict[Connection, bool]] = {}
        """By stream name; the value tells whether events are wrapped with their stream's name."""
        self._running: dict[str, Candle] = {}
        self._day_told: dict[str, int] = {}
        self._levels: dict[str, dict[str, Any]] = {}

    def subscribe(self, connection: Connection, names: Iterable[str], *, wrapped: bool) -> None:
        """Raises Refusal for a stream that does not exist."""
        for name in names:
            market, topic = self._place(name)
            interval = interval_of(topic)
            if interval is not None:
                market.candles.length_of(interval)
            self._listeners.setdefault(name, {})[connection] = wrapped

    def unsubscribe(self, connection: Connection, names: Iterable[str] | None = None) -> None:
        """From these streams, or from all."""
        for name in list(self._listeners) if names is None else names:
            listeners = self._listeners.get(name, {})
            listeners.pop(connection, None)
            if not listeners:
                self._listeners.pop(name, None)
                self._running.pop(name, None)

    def of(self, connection: Connection) -> list[str]:
        """What it listens to."""
        return [name for name, listeners in self._listeners.items() if connection in listeners]

    def traded(self, market: Market, trade: MarketTrade) -> None:
        """Tell of a trade of the market."""
        prefix = market.market_id.lower() + "@"
        mine = [name for name in self._listeners if name.startswith(prefix)]
        for name in mine:
            topic = name.removeprefix(prefix)
            interval = interval_of(topic)
            if interval is not None:
                self._tell_candle(name, market, interval, trade)
            elif topic not in _DAY_TOPICS or trade.at - self._day_told.get(name, 0) >= _DAY_EVERY_MS:
                self._day_told[name] = trade.at
                old = self._levels.get(prefix, {"bids": [], "asks": []})
                self._tell(name, market, event_of(topic, market, trade, old))
        if any("depth" in name for name in mine):
            self._levels[prefix] = sides(market, 5000)

    def _tell_candle(self, name: str, market: Market, interval: str, trade: MarketTrade) -> None:
        length, before = market.candles.length_of(interval), self._running.get(name)
        opened = opening_of(trade.at, length)
        if before is not None and before.opened < opened:
            self._tell(name, market, kline_event(market, interval, length, before, trade.at, closed=True))
        if before is None or before.opened != opened:
            candle = market.candles.running(length, trade.at)
        else:
            one = Candle(trade.at, trade.price, trade.price, trade.price, trade.price, trade.quantity)
            candle = before.joined(one)
        self._running[name] = candle
        self._tell(name, market, kline_event(market, interval, length, candle, trade.at, closed=False))

    def _tell(self, name: str, market: Market, event: dict[str, Any]) -> None:
        bare = json.dumps(event)
        facts = {"symbol": market.market_id}
        for connection, wrapped in list(self._listeners.get(name, {}).items()):
            connection.publish(json.dumps({"stream": name, "data": event}) if wrapped else bare, facts)

    def _place(self, name: str) -> tuple[Market, str]:
        symbol, _, topic = name.partition("@")
        market = self._house.markets.get(symbol.upper())
        if market is None or not known(topic):
            raise Refusal(2, f"Invalid request: there is no stream {name!r}")
        return market, topic
