"""What a life keeps of an instrument: the next one must understand all that the exchange says of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ccxt.async_support
import pytest

from common.wire.ticket import ExchangeTicket
from worker.venue.exchange.instrument import find_market, know_only, other_names
from worker.venue.exchange.market_cache import MarketCache

PAIRS = {
    "XXBTZUSD": {"altname": "XBTUSD", "base": "XXBT", "quote": "ZUSD", "pair_decimals": 1, "lot_decimals": 8},
    "XETHZUSD": {"altname": "ETHUSD", "base": "XETH", "quote": "ZUSD", "pair_decimals": 2, "lot_decimals": 8},
}
ORDER = {"id": "O1", "status": "closed", "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "market"}, "vol": "1"}


@pytest.fixture
def cache(tmp_path: Path) -> MarketCache:
    return MarketCache(ExchangeTicket(exchange="kraken", mode="live", bucket_dir=tmp_path), "BTC/USD", "spot")


def kraken(pairs: dict[str, Any] | None = None) -> Any:
    """A client that is offline, having read `pairs` before."""
    client = ccxt.async_support.kraken({"options": {"fetchCurrencies": False}})
    if pairs is not None:
        listed = [pair | {"status": "online", "fees": [], "fees_maker": []} for pair in pairs.values()]

        async def told(parameters: object = None) -> dict[str, Any]:
            return {"error": [], "result": dict(zip(pairs, listed, strict=True))}

        client.has["fetchCurrencies"] = False
        client.publicGetAssetPairs = told
        asyncio.run(client.load_markets())
    return client


def test_an_order_named_by_another_id_of_its_market_is_understood_in_each_life(cache: MarketCache) -> None:
    first = kraken(PAIRS)
    market = find_market(first, "BTC/USD", "spot")
    cache.write(market, other_names(first, market))
    know_only(first, market, other_names(first, market))

    kept = cache.read(datetime.now(UTC))
    second = kraken()
    assert kept is not None
    know_only(second, kept.market, kept.names)

    for client in (first, second):
        assert list(client.markets) == ["BTC/USD"]
        assert [order["symbol"] for order in client.parse_orders([ORDER], client.market("BTC/USD"))] == ["BTC/USD"]


@pytest.mark.parametrize("content", ["", "[]", '{"symbol": "BTC/USD", "precision": {}}', '{"market": {}, "names": {}}'])
def test_a_file_of_another_form_is_none(cache: MarketCache, tmp_path: Path, content: str) -> None:
    cache.write({"symbol": "BTC/USD", "precision": {}}, {})
    (file,) = tmp_path.rglob("*.json")
    file.write_text(content)

    assert cache.read(datetime.now(UTC)) is None
