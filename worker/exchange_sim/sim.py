"""The stand-in exchange inside another program: a thread of its own with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal, TypeVar

from worker.exchange_sim.control import BalanceWish, ClockWish, OrderWish, PositionWish, PriceWish, StreamWish
from worker.exchange_sim.faults import FaultRule
from worker.exchange_sim.server import HOST, Server, ccxt_options
from worker.exchange_sim.setup import SimSetup, market_id_of

T = TypeVar("T")
_START_SECONDS = 30.0


class ExchangeSim:
    """A running exchange. Every method may be called from any thread and waits until it is done.

    The ways to disturb it raise Refusal for what does not exist, pydantic's ValidationError for what makes no sense.
    """

    def __init__(self, setup: SimSetup | None = None) -> None:
        self.setup = setup or SimSetup()
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exchange-sim", daemon=True)

    def __enter__(self) -> ExchangeSim:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Raises OSError when the port is taken, ConfigurationError when a candle file cannot be read."""
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Cut every connection and end; a second call does nothing."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_SECONDS)

    @property
    def port(self) -> int:
        return self._running.port

    @property
    def address(self) -> str:
        """Of REST: http://127.0.0.1:port."""
        return f"http://{HOST}:{self.port}"

    def ccxt_options(self, account: int = 0, *, keys: bool = True) -> dict[str, Any]:
        """What to construct ccxt's binance with, for the account of this number."""
        options = ccxt_options(self.port, perpetual=self.setup.perpetual)
        if keys:
            options["apiKey"] = self.setup.accounts[account].api_key
            options["secret"] = self.setup.accounts[account].secret
        return options

    def fault(self, fault: str, on: str = "*", **rule: Any) -> int:
        """Let something go wrong; the fields are FaultRule's. The rule's number."""
        made = FaultRule.model_validate({"fault": fault, "on": on, **rule})
        return self._ask(lambda server: server.control.add_fault(made))

    def clear_faults(self, number: int | None = None) -> None:
        """One rule, or all."""
        self._ask(lambda server: server.control.remove_faults(number))

    def faults(self) -> list[dict[str, Any]]:
        """Every rule, with how often it struck."""
        return self._ask(lambda server: server.control.faults())

    def set_price(self, symbol: str, price: Decimal | str | float | None, *, hold: bool = True) -> None:
        """Move a price and hold it there, or let it go on from there; None lets go of a held one."""
        wish = PriceWish(symbol=symbol, price=None if price is None else Decimal(str(price)), hold=hold)
        self._ask(lambda server: server.control.price(wish))

    def set_skew(self, seconds: float) -> None:
        """How far the exchange's clock is ahead."""
        self._ask(lambda server: server.control.clock(ClockWish(skew_seconds=seconds)))

    def streams(self, do: Literal["drop", "mute"], which: Literal["user", "market", "all"] = "all") -> int:
        """Cut or silence the websockets that are open; how many."""
        return self._ask(lambda server: server.control.streams(StreamWish(do=do, which=which)))

    def order(self, order_id: int | str, do: Literal["vanish", "fill", "cancel"], **more: Any) -> None:
        """Do something to an open order; the other fields are OrderWish's."""
        wish = OrderWish.model_validate({"do": do, **more})
        self._ask(lambda server: server.control.order(int(order_id), wish))

    def set_balance(self, account: str, asset: str, free: Decimal | str) -> None:
        """Set what is free in an account."""
        wish = BalanceWish(account=account, asset=asset, free=Decimal(free))
        self._ask(lambda server: server.control.balance(wish))

    def set_position(self, account: str, symbol: str, quantity: Decimal | str) -> None:
        """Set what an account holds of a perpetual, as a forced closing or a person would, at the last price."""
        wish = PositionWish(account=account, symbol=symbol, quantity=Decimal(quantity))
        self._ask(lambda server: server.control.position(wish))

    def positions(self) -> dict[str, list[dict[str, Any]]]:
        """By account, of each perpetual."""
        return self._ask(lambda server: server.control.positions())

    def orders(self) -> list[dict[str, Any]]:
        """Every order, oldest first, as the exchange knows it."""
        return self._ask(lambda server: server.control.orders())

    def fills(self) -> list[dict[str, Any]]:
        """Every fill."""
        return self._ask(lambda server: server.control.fills())

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What was asked, oldest first."""
        return self._ask(lambda server: server.control.requests(since))

    def balances(self) -> dict[str, list[dict[str, Any]]]:
        """By account."""
        return self._ask(lambda server: server.control.balances())

    def last_price(self, symbol: str) -> Decimal:
        """The last trade's price."""
        return self._ask(lambda server: server.house.market(market_id_of(symbol)).last)

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the stand-in exchange is not running; call start() first")
        return self._server

    def _ask(self, do: Callable[[Server], T]) -> T:
        server, loop = self._running, self._loop
        if loop is None:
            raise RuntimeError("the stand-in exchange is not running; call start() first")

        async def done() -> T:
            return do(server)

        return asyncio.run_coroutine_threadsafe(done(), loop).result(_START_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for the start
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        server, stop = Server(self.setup), asyncio.Event()
        await server.start()
        self._server, self._loop, self._stop = server, asyncio.get_running_loop(), stop
        self._ready.set()
        try:
            await stop.wait()
        finally:
            await server.stop()
