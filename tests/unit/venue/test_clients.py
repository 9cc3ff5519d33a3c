"""The client of an exchange: which network it speaks to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from common.wire.ticket import Credentials, ExchangeTicket
from worker.venue.exchange.client import make_client
from worker.venue.exchange_port import InstrumentKind

OWN = {"urls": {"api": {"fapiPrivate": "http://127.0.0.1:1/fapi/v1"}}}


@pytest.mark.parametrize(
    ("kind", "section", "options", "host"),
    [
        ("spot", "private", {}, "https://testnet.binance.vision"),
        ("linear", "fapiPrivate", {}, "https://demo-fapi.binance.com"),
        ("linear", "fapiPrivate", OWN, "http://127.0.0.1:1"),
    ],
)
def test_on_the_test_network_a_client_speaks_to_that_of_its_market_or_to_the_host_that_was_named(
    tmp_path: Path, kind: InstrumentKind, section: str, options: dict[str, Any], host: str
) -> None:
    keys = Credentials(api_key="key", secret="secret")
    ticket = ExchangeTicket(exchange="binance", mode="testnet", options=options, credentials=keys, bucket_dir=tmp_path)

    async def signed() -> str:
        client = make_client(ticket, kind)
        try:
            return str(client.sign("order", [section], "POST", {"symbol": "BTCUSDT"})["url"])
        finally:
            await client.close()

    assert asyncio.run(signed()).startswith(host)
