"""Reading `data.data_source`: which market the bot sees, and whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.spec.exchanges import EXCHANGES
from common.spec.fields import Field, Unfit
from common.spec.model import BrokerSpec, DataSource
from common.spec.section import Section

EXCHANGE: Literal["exchange"] = "exchange"
_SIMULATED = ("simulated", "paper", "mock", "backtrader", "file_broker")
"""Words for the built-in market: its own name, and the brokers that have no market of their own."""
_UNAVAILABLE = ("alpaca", "yahoo", "websocket", "ibkr", "interactive_brokers", "coingecko")
_OLDER = {"binance_paper": "binance"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Field[str]):
    """Which market: `file`, `simulated`, `exchange`, or the id of an exchange.

    Sources that exist elsewhere but not here are refused by name.
    """

    kind = "text"

    def parse(self, value: object) -> str:
        word = value.strip().lower() if isinstance(value, str) else ""
        word = _OLDER.get(word, word)
        if word in ("file", EXCHANGE) or word in EXCHANGES:
            return word
        if word in _SIMULATED:
            return "simulated"
        if word in _UNAVAILABLE:
            raise Unfit(f"{word} is not available in this version; use file, simulated or an exchange")
        raise Unfit(self.rule())

    def rule(self) -> str:
        return "must be one of: file, simulated, exchange, or the id of an exchange"


SOURCE = Source(
    name="data_source",
    default_note="simulated for paper, mock, backtrader and file_broker brokers; file for an exchange's paper broker "
    "beside a file_path; else the broker's type",
    note="exchange: that of broker.type; in paper mode fills are simulated at its prices. paper, mock, backtrader and "
    "file_broker mean simulated",
)


def market_of(data: Section, broker: BrokerSpec | None, *, file_named: bool) -> tuple[DataSource | None, str | None]:
    """The source and, when that is an exchange, its id. (None, None) when it cannot be told (an error is noted)."""
    word = data.get(SOURCE) if data.given(SOURCE) else _derived(data, broker, file_named=file_named)
    if word is None:
        return None, None
    if word in ("file", "simulated"):
        if broker is not None and broker.live and broker.exchange is not None:
            data.error(SOURCE.name, "a live bot trades on the prices of its own exchange", f"use {EXCHANGE}")
        return ("file" if word == "file" else "simulated"), None
    exchange = _exchange(data, word, broker)
    return (EXCHANGE, exchange) if exchange is not None else (None, None)


def _derived(data: Section, broker: BrokerSpec | None, *, file_named: bool) -> str | None:
    if broker is None:
        return None
    if file_named and broker.exchange is not None and not broker.live:
        return "file"
    try:
        return SOURCE.parse(broker.type)
    except Unfit as unfit:
        data.lacks(SOURCE.name, str(unfit), f"without it the broker's type, {broker.type}, is the source")
        return None


def _exchange(data: Section, word: str, broker: BrokerSpec | None) -> str | None:
    own = broker.exchange if broker is not None else None
    if word == EXCHANGE:
        if own is None and broker is not None:
            rule = f"the broker {broker.type} is no exchange"
            data.error(SOURCE.name, rule, "name the exchange here or in broker.type, e.g. binance")
        return own
    if own is not None and word != own and broker is not None:
        if broker.live:
            rule = f"a live bot trades on the prices of its own exchange, {own}"
            data.error(SOURCE.name, rule, f"use {EXCHANGE}")
        else:
            data.warning(SOURCE.name, f"is another exchange than broker.type {own}, which has no effect")
    return word
