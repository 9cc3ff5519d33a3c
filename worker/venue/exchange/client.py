"""Making a ccxt client that keeps to the shared rate limit.

The library is imported here, inside a life that trades at an exchange and nowhere else: it is large.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from common.errors import ConfigurationError
from common.wire.ticket import ExchangeTicket
from worker.venue.exchange.client_options import STREAM_PING, constructor_options, laid_over, market_types
from worker.venue.exchange.rate_bucket import Errand, RateBucket
from worker.venue.exchange_port import ExchangeRateLimitError, InstrumentKind
from worker.venue.waiting import Waiting

LONGEST_ORDER_WAIT = 5.0
"""Seconds an order may wait for its turn; then it is refused unsent, for the price it was decided at is gone."""
LONGEST_READ_WAIT = 30.0

_BINANCE = "binance"


@dataclass(slots=True)
class Exchanged:
    """What one task learned from the last answer to it."""

    errand: Errand = "prices"
    status: int | None = None
    """HTTP status of the answer, None before there is one."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def retry_after(self) -> float | None:
        """Seconds the exchange asked us to keep away."""
        for name, value in self.headers.items():
            if name.lower() == "retry-after":
                try:
                    return max(0.0, float(value))
                except ValueError:
                    return None
        return None


CURRENT: ContextVar[Exchanged | None] = ContextVar("exchanged", default=None)
"""The exchange of words the running task is in; set by whoever calls."""


def make_client(ticket: ExchangeTicket, kind: InstrumentKind) -> Any:
    """A client for markets of this kind, not connected. Raises ConfigurationError for an exchange that is not known."""
    library: Any = importlib.import_module("ccxt.pro")
    if ticket.exchange not in library.exchanges:
        rest = importlib.import_module("ccxt.async_support")
        library = rest if ticket.exchange in rest.exchanges else None
    if library is None:
        raise ConfigurationError(
            f"exchange {ticket.exchange!r} is not known; name one of the ccxt library, such as binance, kraken or okx"
        )
    client = getattr(library, ticket.exchange)(constructor_options(ticket, kind))
    if ticket.mode == "testnet":
        _to_test_network(client, ticket, kind)
    _restrict_markets(client, kind)
    _know_errors_on_any_host(client, kind)
    if hasattr(client, "streaming"):
        client.streaming = {
            **client.streaming,
            "keepAlive": min(STREAM_PING, client.streaming.get("keepAlive", STREAM_PING)),
        }
    return client


def keep_to_limit(client: Any, bucket: RateBucket, waiting: Waiting) -> None:
    """Make every call of `client` wait for its turn in `bucket`, and keep what the answers say."""

    async def throttle(cost: float | None = None) -> None:
        exchanged = CURRENT.get()
        errand: Errand = "prices" if exchanged is None else exchanged.errand
        longest = LONGEST_ORDER_WAIT if errand == "order" else LONGEST_READ_WAIT
        booking = bucket.book(1.0 if cost is None else float(cost), errand, at_most=longest)
        if booking.banned or booking.wait > longest:
            why = "asked for fewer calls" if booking.banned else "takes no more calls now"
            raise ExchangeRateLimitError(f"{client.id} {why}; not asked for {booking.wait:.1f} s", booking.wait)
        await waiting.pause(booking.wait)

    def on_answer(status: int, reason: str, url: str, method: str, headers: Any, body: Any, *rest: Any) -> Any:
        exchanged = CURRENT.get()
        if exchanged is not None:
            exchanged.status, exchanged.headers = status, headers or {}
        return body.strip()

    client.throttle = throttle
    client.on_rest_response = on_answer


def rate_of(client: Any) -> float:
    """Units of cost a second that the exchange allows."""
    return 1000.0 / max(1.0, float(client.rateLimit))


def _to_test_network(client: Any, ticket: ExchangeTicket, kind: InstrumentKind) -> None:
    if "test" not in client.urls:
        raise ConfigurationError(f"exchange {ticket.exchange!r} has no test network; leave testnet out")
    if kind == "linear" and "demo" in client.urls and client.id.startswith(_BINANCE):
        client.enable_demo_trading(True)  # it has closed its test network of perpetuals for that
    else:
        client.set_sandbox_mode(True)
    own = ticket.options.get("urls")
    if isinstance(own, Mapping) and "api" in own:
        client.urls = laid_over(client.urls, {"api": own["api"]})


def _restrict_markets(client: Any, kind: InstrumentKind) -> None:
    rules = client.options.get("fetchMarkets")
    if isinstance(rules, Mapping) and "types" in rules:
        client.options["fetchMarkets"] = {**rules, "types": market_types(rules["types"], kind)}


def _know_errors_on_any_host(client: Any, kind: InstrumentKind) -> None:
    """binance's codes of one section are told by the host; elsewhere (a test server, a proxy) they would be unknown."""
    section = client.exceptions.get(kind) if client.id.startswith(_BINANCE) else None
    if isinstance(section, Mapping):
        client.exceptions = laid_over(
            client.exceptions, {key: section[key] for key in ("exact", "broad") if key in section}
        )
