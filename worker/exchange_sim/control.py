"""`/sim`: what a rehearsal does to the exchange, and the exchange's own truth. No key is asked for: it is loopback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.exchange_sim.connection import Connection
from worker.exchange_sim.contract_shapes import position_risk
from worker.exchange_sim.desk import Desk
from worker.exchange_sim.faults import FaultRule
from worker.exchange_sim.order import SimOrder
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.setup import market_id_of
from worker.exchange_sim.shapes import balances, my_trade, order_status

Handler = Callable[[web.Request], Awaitable[web.Response]]


class _Wish(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceWish(_Wish):
    """Move a market's price."""

    symbol: str
    """Market id or unified symbol."""
    price: Annotated[Decimal, Field(gt=0)] | None = None
    """None: let go of a held one."""
    hold: bool = False
    """Whether it stays there until the next wish."""


class ClockWish(_Wish):
    """Set the exchange's clock."""

    skew_seconds: float


class StreamWish(_Wish):
    """Do something to every open websocket of a kind."""

    do: Literal["drop", "mute"]
    which: Literal["user", "market", "all"] = "all"


class OrderWish(_Wish):
    """Do something to an open order."""

    do: Literal["vanish", "fill", "cancel"]
    quantity: Annotated[Decimal, Field(gt=0)] | None = None
    """Of `fill`; None: all that is left."""
    without_trace: bool = False
    """Of `vanish`."""


class BalanceWish(_Wish):
    """Set what is free in an account, as a deposit or somebody else's trade would."""

    account: str
    asset: str
    free: Annotated[Decimal, Field(ge=0)]


class PositionWish(_Wish):
    """Set what an account holds of a perpetual, as a forced closing or somebody else's trade would."""

    account: str
    symbol: str
    """Market id or unified symbol."""
    quantity: Decimal
    """Base currency; negative: short."""
    price: Annotated[Decimal, Field(gt=0)] | None = None
    """At which it is changed; None: the last price."""


class Control:
    """The wishes, for the server's event loop; used over HTTP and from Python alike. All raise Refusal."""

    def __init__(self, desk: Desk, connections: set[Connection]) -> None:
        self._desk, self._house, self._connections = desk, desk.house, connections

    def price(self, wish: PriceWish) -> None:
        """Move, hold or let go."""
        market_id = market_id_of(wish.symbol)
        if wish.price is None:
            self._house.market(market_id).let_go()
        else:
            self._house.set_price(market_id, wish.price, hold=wish.hold)

    def clock(self, wish: ClockWish) -> None:
        """Set the skew."""
        self._house.clock.skew_seconds = wish.skew_seconds

    def streams(self, wish: StreamWish) -> int:
        """How many connections suffered."""
        hit = [one for one in self._connections if wish.which == "all" or one.kind == f"stream.{wish.which}"]
        for connection in hit:
            if wish.do == "drop":
                connection.drop()
            else:
                connection.muted = True
        return len(hit)

    def order(self, order_id: int, wish: OrderWish) -> None:
        """Do it."""
        order = self._house.order(order_id)
        if wish.do == "vanish":
            self._house.vanish(order, without_trace=wish.without_trace)
        elif wish.do == "fill":
            self._house.fill(order, wish.quantity)
        else:
            self._house.cancel(order.account, order, None)

    def balance(self, wish: BalanceWish) -> None:
        """Set it."""
        self._house.account_named(wish.account).free[wish.asset] = wish.free

    def position(self, wish: PositionWish) -> None:
        """Set it."""
        account = self._house.account_named(wish.account)
        self._house.set_position(account, market_id_of(wish.symbol), wish.quantity, wish.price)

    def positions(self) -> dict[str, list[dict[str, Any]]]:
        """By account, of each perpetual."""
        now = self._house.clock.now_ms()
        perpetuals = [market for market in self._house.markets.values() if market.setup.perpetual]
        return {
            account.name: [position_risk(account, market, now) for market in perpetuals]
            for account in self._house.accounts.values()
        }

    def add_fault(self, rule: FaultRule) -> int:
        """Its number."""
        return self._desk.faults.add(rule)

    def remove_faults(self, number: int | None = None) -> None:
        """One, or all."""
        self._desk.faults.remove(number)

    def faults(self) -> list[dict[str, Any]]:
        """Every rule, with how often it struck."""
        return self._desk.faults.shown()

    def orders(self) -> list[dict[str, Any]]:
        """Every order of every account, oldest first."""
        return [_truth(order) for order in self._house.orders.values()]

    def fills(self) -> list[dict[str, Any]]:
        """Every fill of every account, in the order of each market's trade numbers."""
        found = [
            {
                "account": order.account.name,
                "clientOrderId": order.client_id,
                "side": order.side,
                **my_trade(order, fill),
            }
            for order in self._house.orders.values()
            for fill in order.fills
        ]
        return sorted(found, key=lambda fill: (fill["symbol"], fill["id"]))

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What was asked, oldest first."""
        return self._desk.log.shown(since)

    def balances(self) -> dict[str, list[dict[str, Any]]]:
        """By account."""
        return {account.name: balances(account) for account in self._house.accounts.values()}


def _truth(order: SimOrder) -> dict[str, Any]:
    return {"account": order.account.name, "forgotten": order.forgotten, **order_status(order)}


def control_routes(control: Control, overview: Callable[[], dict[str, Any]]) -> list[web.RouteDef]:
    """The paths below /sim."""

    async def begin(request: web.Request) -> Any:
        return overview()

    async def add(request: web.Request) -> Any:
        return {"id": control.add_fault(FaultRule.model_validate_json(await request.read()))}

    async def remove(request: web.Request) -> Any:
        return control.remove_faults(_number(request, "id"))

    async def requests(request: web.Request) -> Any:
        return control.requests(int(request.query.get("since", 0)))

    async def order(request: web.Request) -> Any:
        return control.order(_number(request, "id") or 0, OrderWish.model_validate_json(await request.read()))

    return [
        web.get("/sim", _told(begin)),
        web.get("/sim/orders", _shown(control.orders)),
        web.get("/sim/fills", _shown(control.fills)),
        web.get("/sim/balances", _shown(control.balances)),
        web.get("/sim/positions", _shown(control.positions)),
        web.get("/sim/requests", _told(requests)),
        web.get("/sim/faults", _shown(control.faults)),
        web.post("/sim/faults", _told(add)),
        web.delete("/sim/faults", _told(remove)),
        web.delete("/sim/faults/{id}", _told(remove)),
        web.post("/sim/price", _wished(PriceWish, control.price)),
        web.post("/sim/clock", _wished(ClockWish, control.clock)),
        web.post("/sim/streams", _wished(StreamWish, control.streams)),
        web.post("/sim/balances", _wished(BalanceWish, control.balance)),
        web.post("/sim/positions", _wished(PositionWish, control.position)),
        web.post("/sim/orders/{id}", _told(order)),
    ]


def _number(request: web.Request, name: str) -> int | None:
    text = request.match_info.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise Refusal(-1100, f"{text!r} is not a number.", 400)
    return int(text)


def _told(act: Callable[[web.Request], Awaitable[Any]]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            done = await act(request)
        except (ValidationError, ValueError) as error:
            return web.json_response({"code": -1, "msg": str(error)}, status=400)
        except Refusal as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        return web.json_response({} if done is None else done)

    return handle


def _shown(show: Callable[[], Any]) -> Handler:
    async def act(request: web.Request) -> Any:
        return show()

    return _told(act)


def _wished(kind: type[_Wish], act: Callable[[Any], Any]) -> Handler:
    async def wish(request: web.Request) -> Any:
        done = act(kind.model_validate_json(await request.read()))
        return {"done": done} if isinstance(done, int) else done

    return _told(wish)
