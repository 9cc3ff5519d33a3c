"""The exchange as a server on 127.0.0.1, in the event loop it is started in."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from worker.exchange_sim.clock import ExchangeClock
from worker.exchange_sim.connection import Connection
from worker.exchange_sim.control import Control, control_routes
from worker.exchange_sim.desk import Desk
from worker.exchange_sim.faults import Faults
from worker.exchange_sim.house import House
from worker.exchange_sim.listen_api import ListenApi
from worker.exchange_sim.market import Market, MarketTrade
from worker.exchange_sim.market_streams import MarketStreams
from worker.exchange_sim.rest_api import RestApi, unknown_path
from worker.exchange_sim.setup import SimSetup
from worker.exchange_sim.stream_api import StreamApi
from worker.exchange_sim.user_streams import UserStreams
from worker.exchange_sim.websocket_api import WebsocketApi

HOST = "127.0.0.1"
_MOST_AT_ONCE = 500
"""Trades made up for in one go before requests are served again."""


class Server:
    """All of it belongs to the event loop of `start`."""

    def __init__(self, setup: SimSetup) -> None:
        """Raises ConfigurationError when a candle file cannot be read."""
        self._setup = setup
        self.house = House(setup, ExchangeClock(setup.skew_seconds))
        faults = Faults(setup.seed)
        desk = Desk(self.house, faults)
        self._users, self._streams = UserStreams(), MarketStreams(self.house)
        self._connections: set[Connection] = set()
        self.control = Control(desk, self._connections)
        self.house.on_event = self._users.tell
        self.house.on_trade = self._told
        self._app = self._application(desk, faults)
        self._runner: web.AppRunner | None = None
        self._market: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen, and let the market trade. Raises OSError when the port is taken."""
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._setup.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._market = asyncio.create_task(self._trade())

    async def stop(self) -> None:
        """Cut every connection and end."""
        if self._market is not None:
            self._market.cancel()
        for connection in list(self._connections):
            connection.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    def overview(self) -> dict[str, Any]:
        """Address, accounts and what to write into a bot's config."""
        return {
            "address": f"http://{HOST}:{self.port}",
            "accounts": [account.model_dump(include={"name", "api_key", "secret"}) for account in self._setup.accounts],
            "symbols": [market.symbol for market in self._setup.markets],
            "skew_seconds": self.house.clock.skew_seconds,
            "broker": broker_of(self._setup, self.port),
        }

    def _application(self, desk: Desk, faults: Faults) -> web.Application:
        app = web.Application()
        streams = StreamApi(self._streams, faults, self._connections)
        users = WebsocketApi(desk, self._users, self._connections)
        listening = ListenApi(desk, self._users, self._connections)
        app.add_routes(RestApi(desk).routes())
        app.add_routes(control_routes(self.control, self.overview))
        app.add_routes(
            [
                web.get("/ws-api/v3", users.handle),
                web.get("/private/ws", listening.handle),
                web.get("/public/ws/{tail:.*}", streams.handle),
                web.get("/market/ws/{tail:.*}", streams.handle),
                web.get("/ws", streams.handle),
                web.get("/stream", streams.handle),
                web.get("/stream/ws", streams.handle),
                web.get("/stream/ws/{tail:.*}", streams.handle),
                web.get("/ws/{tail:.*}", streams.handle),
                web.route("*", "/{tail:.*}", unknown_path),
            ]
        )
        return app

    def _told(self, market: Market, trade: MarketTrade) -> None:
        self._streams.traded(market, trade)

    async def _trade(self) -> None:
        """Trades of the market at their times; what was missed while the process slept is made up for."""
        while True:
            done = 0
            while self.house.next_due() <= self.house.clock.now_ms() and done < _MOST_AT_ONCE:
                self.house.trade_once()
                done += 1
            left = (self.house.next_due() - self.house.clock.now_ms()) / 1000
            await asyncio.sleep(min(max(left, 0.0), 0.1))


def broker_of(setup: SimSetup, port: int) -> dict[str, Any]:
    """What a bot's config says about its broker to trade at the exchange on this port."""
    kind = {"market_type": "linear"} if setup.perpetual else {}
    return {**kind, "ccxt": ccxt_options(port, perpetual=setup.perpetual)}


def ccxt_options(port: int, *, perpetual: bool = False) -> dict[str, Any]:
    """Constructor options that point ccxt's binance at the exchange on this port, and nowhere else."""
    rest, socket = f"http://{HOST}:{port}", f"ws://{HOST}:{port}"
    api: dict[str, Any] = {
        "public": f"{rest}/api/v3",
        "private": f"{rest}/api/v3",
        "sapi": f"{rest}/sapi/v1",
        "ws": {"spot": f"{socket}/stream/ws", "ws-api": {"spot": f"{socket}/ws-api/v3"}},
    }
    if perpetual:
        sections = {"": "v1", "V2": "v2", "V3": "v3"}
        for name, version in sections.items():
            api[f"fapiPublic{name}"] = api[f"fapiPrivate{name}"] = f"{rest}/fapi/{version}"
        api["ws"]["linear"] = f"{socket}/ws"
    return {
        "urls": {"api": api},
        "options": {
            "fetchMarkets": {"types": ["linear" if perpetual else "spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
        },
    }
