"""The options a ccxt client is made with, and how layers of them are laid over each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.wire.ticket import ExchangeTicket
from worker.venue.exchange_port import InstrumentKind

REQUEST_TIMEOUT = 10_000
"""Milliseconds for one request, unless the options say otherwise."""
STREAM_PING = 20_000
"""Milliseconds between pings of a stream at most; two that are not answered end it."""

_MARKET_TYPES: Mapping[InstrumentKind, tuple[str, ...]] = {"spot": ("spot",), "linear": ("linear", "swap")}
_DEFAULTS: Mapping[InstrumentKind, Mapping[str, Any]] = {
    "spot": {"defaultType": "spot"},
    "linear": {"defaultType": "swap", "defaultSubType": "linear"},
}


def laid_over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `top` laid over it, object by object; neither is changed."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = laid_over(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def constructor_options(ticket: ExchangeTicket, kind: InstrumentKind) -> dict[str, Any]:
    """What the client is constructed with: our defaults, over them the ticket's options, over them the credentials."""
    defaults: dict[str, Any] = {
        "enableRateLimit": True,
        "timeout": REQUEST_TIMEOUT,
        "has": {"fetchCurrencies": False},
        "options": {
            **_DEFAULTS[kind],
            "fetchCurrencies": False,
            "fetchMargins": False,
            "warnOnFetchOpenOrdersWithoutSymbol": False,
        },
    }
    options = laid_over(defaults, ticket.options)
    inner = options.get("options")
    if isinstance(inner, dict):
        inner.pop("maxRetriesOnFailure", None)
    if ticket.credentials is not None:
        options["apiKey"] = ticket.credentials.api_key.get_secret_value()
        options["secret"] = ticket.credentials.secret.get_secret_value()
        if ticket.credentials.password is not None:
            options["password"] = ticket.credentials.password.get_secret_value()
    return options


def market_types(known: Any, kind: InstrumentKind) -> Any:
    """The `types` of ccxt's option `fetchMarkets` that ask for this kind only, in the shape the exchange has them."""
    wanted = _MARKET_TYPES[kind]
    if isinstance(known, Mapping):
        return {name: rule if name in wanted else _nothing_of(rule) for name, rule in known.items()}
    if isinstance(known, Sequence) and not isinstance(known, str):
        return [name for name in known if name in wanted]
    return known


def _nothing_of(rule: Any) -> Any:
    return dict.fromkeys(rule, False) if isinstance(rule, Mapping) else False
