"""Which market of an exchange a bot's symbol names, and making it the only one a client knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.errors import ConfigurationError
from worker.venue.exchange_port import InstrumentKind


def find_market(client: Any, symbol: str, kind: InstrumentKind) -> Mapping[str, Any]:
    """The market by its unified name, else by the exchange's own. Raises ConfigurationError naming what there is."""
    for name in (symbol, f"{symbol}:{symbol.split('/')[-1]}"):
        market = client.markets.get(name)
        if market is not None and _is_of(market, kind):
            return _checked(market, client.id)
    named = client.markets_by_id.get(symbol) or client.markets_by_id.get(symbol.replace("/", "")) or []
    found = [each for each in (named if isinstance(named, list) else [named]) if _is_of(each, kind)]
    if len(found) == 1:
        return _checked(found[0], client.id)
    if found:
        choices = ", ".join(sorted(each["symbol"] for each in found))
        raise ConfigurationError(
            f"symbol {symbol!r} names several markets of {client.id}: {choices}; name one of these"
        )
    base = symbol.split("/")[0].upper()
    near = sorted(name for name, each in client.markets.items() if each.get("base") == base and _is_of(each, kind))
    hint = f"; of {base} there is {', '.join(near[:8])}" if near else ""
    raise ConfigurationError(f"{client.id} has no {kind} market {symbol!r}{hint}")


def other_names(client: Any, market: Mapping[str, Any]) -> dict[str, list[str]]:
    """By option of the client, the keys under which the library found `market` there when it read all markets.

    kraken's orders, for one, name their market by a second id, which only such a table explains.
    """
    tables = ((name, table) for name, table in client.options.items() if isinstance(table, Mapping))
    keys = {name: [key for key, each in table.items() if _is_same(each, market)] for name, table in tables}
    return {name: found for name, found in keys.items() if found}


def know_only(client: Any, market: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> None:
    """Have `client` know this market alone, under its `names` too."""
    client.set_markets([market])
    known = client.market(market["symbol"])
    for name, keys in names.items():
        client.options[name] = {**(client.options.get(name) or {}), **dict.fromkeys(keys, known)}


def _is_same(entry: Any, market: Mapping[str, Any]) -> bool:
    if not isinstance(entry, Mapping):
        return False
    return entry.get("symbol") == market["symbol"] and entry.get("id") == market.get("id")


def _is_of(market: Mapping[str, Any], kind: InstrumentKind) -> bool:
    if kind == "spot":
        return bool(market.get("spot"))
    return bool(market.get("swap") and market.get("linear"))


def _checked(market: Mapping[str, Any], exchange: str) -> Mapping[str, Any]:
    if market.get("active") is False:
        raise ConfigurationError(f"{exchange} does not trade {market['symbol']} at present")
    return market
