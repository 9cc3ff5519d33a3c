"""How each exchange carries our client order ids: on the way out, and when an order is looked for by one.

A table of facts about ccxt 4.5 per exchange. Where the unified parameter is dropped or means another thing, the
exchange's own is named; where nothing finds an order by our id, lists are searched for it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

UNIFIED = "clientOrderId"
Encoding = Literal["plain", "hex", "number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """One exchange's ways with client order ids."""

    send: str = UNIFIED
    """Parameter of `create_order` that carries the id."""
    find: str | None = None
    """Parameter of `fetch_order` that finds by the id; None: lists are searched."""
    lists: str | None = None
    """Parameter that narrows the lists to the id."""
    read: str = UNIFIED
    """Where an order as ccxt parses it says the id; "info.x" for what it leaves unparsed."""
    prefix: str = ""
    """What the exchange wants before every id; it goes out with it and is taken off again."""
    encoding: Encoding = "plain"
    lists_tell: bool = True
    """Whether lists of orders tell the id at all."""
    fetch: Mapping[str, Any] = field(default_factory=dict)
    """What `fetch_order` needs besides, whichever id it is asked by."""
    certain: bool = True
    """Whether an order that is not found by its id is not there."""

    def encode(self, client_order_id: str) -> str | int:
        """The id as it goes over the wire."""
        if self.encoding == "hex":
            return "0x" + client_order_id.encode().hex().zfill(32)[-32:]
        if self.encoding == "number":
            return zlib.crc32(client_order_id.encode()) or 1
        return self.prefix + client_order_id

    def parameters(self, client_order_id: str) -> dict[str, Any]:
        """For `create_order`."""
        return {self.send: self.encode(client_order_id)}

    def decode(self, order: Mapping[str, Any], known: str | None = None) -> str | None:
        """The id of an order as ccxt tells it, None when it tells none.

        Where the wire's form cannot be read back it is `known` or another; without a `known` nothing can be said.
        """
        value = order.get("info", {}).get(self.read[5:]) if self.read.startswith("info.") else order.get(self.read)
        if value in (None, ""):
            return None
        text = str(value).removeprefix(self.prefix)
        if self.encoding == "plain":
            return text
        if known is not None and text == str(self.encode(known)):
            return known
        if self.encoding == "hex":
            return _from_hex(text)
        return None if known is None else text

    @property
    def finds(self) -> bool:
        """Whether an order that was never acknowledged can be found by its id."""
        by_lists = self.lists is not None or (self.lists_tell and self.encoding != "number")
        return self.certain and (self.find is not None or by_lists)


_BY_UNIFIED_ID = Carriage(find=UNIFIED)
_BYBIT = Carriage(lists="orderLinkId", fetch={"acknowledged": True})
_GATE = Carriage(find=UNIFIED, prefix="t-")
_NOT_KNOWN = Carriage(certain=False)
"""Many drop the id, or do not tell it, or have no list of past orders; what is missing there may have been executed."""
_CARRIAGES: Mapping[str, Carriage] = {
    **dict.fromkeys(("binance", "binanceus", "binanceusdm", "binancecoinm"), _BY_UNIFIED_ID),
    **dict.fromkeys(("okx", "okxus", "myokx", "bitget", "phemex", "htx", "bingx", "whitebit", "mexc"), _BY_UNIFIED_ID),
    **dict.fromkeys(("kucoin", "kucoinfutures", "bitstamp"), _BY_UNIFIED_ID),
    **dict.fromkeys(("gate", "gateio", "gateeu"), _GATE),
    **dict.fromkeys(("bybit", "bybiteu", "bybitid"), _BYBIT),
    "hyperliquid": Carriage(find=UNIFIED, encoding="hex"),
    "kraken": Carriage(lists="cl_ord_id"),
    "krakenfutures": Carriage(),
    "coinbase": Carriage(send="client_order_id"),
    "cryptocom": Carriage(send="client_oid", find="client_oid"),
    "bitfinex": Carriage(encoding="number"),
    "deribit": Carriage(send="label", read="info.label"),
    "upbit": Carriage(find="identifier"),
    "gemini": Carriage(find="client_order_id"),
}


def carriage_of(exchange: str) -> Carriage:
    """The ways of `exchange`; for one that is not in the table: unified out, and silence proves nothing."""
    return _CARRIAGES.get(exchange, _NOT_KNOWN)


def _from_hex(text: str) -> str | None:
    try:
        return bytes.fromhex(text.removeprefix("0x")).lstrip(b"\0").decode("ascii")
    except (ValueError, UnicodeDecodeError):
        return None
