"""What requests and streams are called in fault rules and in the log of requests."""

from __future__ import annotations

PLACE = "order.create"
"""What may suffer from the faults of orders."""

REQUESTS = (
    "ping",
    "time",
    "system_status",
    "exchange_info",
    "klines",
    "depth",
    "trades",
    "ticker.price",
    "ticker.book",
    "ticker.day",
    "account",
    "positions",
    "brackets",
    "symbol_config",
    "trade_fee",
    "position_mode",
    "position_mode.set",
    "leverage.set",
    "margin_mode.set",
    "listen_key",
    PLACE,
    "order.test",
    "order.query",
    "order.cancel",
    "order.cancel_all",
    "orders.open",
    "orders.all",
    "trades.mine",
)
STREAMS = ("stream.user", "stream.market")
