"""The table of what can be asked: where, how heavy, by whom, and how faults and logs call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.exchange_sim import contract_operations as contract
from worker.exchange_sim import private_operations as private
from worker.exchange_sim import public_operations as public
from worker.exchange_sim.kinds import PLACE
from worker.exchange_sim.request import Request


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the exchange does."""

    kind: str
    """One of `kinds.REQUESTS`."""
    run: Callable[[Request], Any]
    """Raises Refusal."""
    weight: int = 1
    signed: bool = False


_PLACE = Operation(PLACE, private.place, 1, signed=True)

_TIME = Operation("time", public.time)
_RULES = Operation("exchange_info", public.exchange_info, 20)
_KLINES = Operation("klines", public.klines, 2)
_PRICE = Operation("ticker.price", public.price, 2)
_QUOTES = Operation("ticker.book", public.book_ticker, 2)
_DAY = Operation("ticker.day", public.day, 2)
_TRADES = Operation("trades", public.trades, 25)
_JOINED = Operation("trades", public.joined_trades, 4)
_DEPTH = Operation("depth", public.depth, 5)
_PING = Operation("ping", public.ping)
_ACCOUNT = Operation("account", private.account, 20, signed=True)
_TEST = Operation("order.test", private.test, 1, signed=True)
_QUERY = Operation("order.query", private.query, 4, signed=True)
_CANCEL = Operation("order.cancel", private.cancel, 1, signed=True)
_CANCEL_ALL = Operation("order.cancel_all", private.cancel_all, 1, signed=True)
_OPEN = Operation("orders.open", private.open_orders, 6, signed=True)
_ALL = Operation("orders.all", private.all_orders, 20, signed=True)
_MINE = Operation("trades.mine", private.my_trades, 20, signed=True)
_FEE = Operation("trade_fee", private.trade_fee, 1, signed=True)
_STATUS = Operation("system_status", public.system_status)

REST: dict[tuple[str, str], Operation] = {
    ("GET", "/api/v3/ping"): _PING,
    ("GET", "/api/v3/time"): _TIME,
    ("GET", "/api/v3/exchangeInfo"): _RULES,
    ("GET", "/api/v3/klines"): _KLINES,
    ("GET", "/api/v3/ticker/price"): _PRICE,
    ("GET", "/api/v3/ticker/bookTicker"): _QUOTES,
    ("GET", "/api/v3/ticker/24hr"): _DAY,
    ("GET", "/api/v3/trades"): _TRADES,
    ("GET", "/api/v3/aggTrades"): _JOINED,
    ("GET", "/api/v3/depth"): _DEPTH,
    ("GET", "/api/v3/account"): _ACCOUNT,
    ("POST", "/api/v3/order"): _PLACE,
    ("POST", "/api/v3/order/test"): _TEST,
    ("GET", "/api/v3/order"): _QUERY,
    ("DELETE", "/api/v3/order"): _CANCEL,
    ("DELETE", "/api/v3/openOrders"): _CANCEL_ALL,
    ("GET", "/api/v3/openOrders"): _OPEN,
    ("GET", "/api/v3/allOrders"): _ALL,
    ("GET", "/api/v3/myTrades"): _MINE,
    ("GET", "/sapi/v1/asset/tradeFee"): _FEE,
    ("GET", "/sapi/v1/system/status"): _STATUS,
}
"""By HTTP method and path."""

_POSITIONS = Operation("positions", contract.positions, 5, signed=True)
_ALL_POSITIONS = Operation("positions", contract.all_positions, 5, signed=True)
_CONTRACT_ACCOUNT = Operation("account", contract.contract_account, 5, signed=True)
_LISTEN = Operation("listen_key", contract.listen_key)

CONTRACT_REST: dict[tuple[str, str], Operation] = {
    ("GET", "/fapi/v1/ping"): _PING,
    ("GET", "/fapi/v1/time"): _TIME,
    ("GET", "/fapi/v1/exchangeInfo"): Operation("exchange_info", contract.contract_rules),
    ("GET", "/fapi/v1/klines"): _KLINES,
    ("GET", "/fapi/v1/ticker/price"): _PRICE,
    ("GET", "/fapi/v2/ticker/price"): _PRICE,
    ("GET", "/fapi/v1/ticker/bookTicker"): _QUOTES,
    ("GET", "/fapi/v1/ticker/24hr"): _DAY,
    ("GET", "/fapi/v1/trades"): _TRADES,
    ("GET", "/fapi/v1/aggTrades"): _JOINED,
    ("GET", "/fapi/v1/depth"): _DEPTH,
    ("GET", "/fapi/v2/account"): _CONTRACT_ACCOUNT,
    ("GET", "/fapi/v3/account"): _CONTRACT_ACCOUNT,
    ("GET", "/fapi/v2/positionRisk"): _ALL_POSITIONS,
    ("GET", "/fapi/v3/positionRisk"): _POSITIONS,
    ("GET", "/fapi/v1/leverageBracket"): Operation("brackets", contract.brackets, 1, signed=True),
    ("GET", "/fapi/v1/symbolConfig"): Operation("symbol_config", contract.symbol_config, 5, signed=True),
    ("GET", "/fapi/v1/commissionRate"): Operation("trade_fee", contract.contract_fee, 20, signed=True),
    ("GET", "/fapi/v1/positionSide/dual"): Operation("position_mode", contract.position_mode, 30, signed=True),
    ("POST", "/fapi/v1/positionSide/dual"): Operation("position_mode.set", contract.set_position_mode, 1, signed=True),
    ("POST", "/fapi/v1/leverage"): Operation("leverage.set", contract.set_leverage, 1, signed=True),
    ("POST", "/fapi/v1/marginType"): Operation("margin_mode.set", contract.set_margin_mode, 1, signed=True),
    ("POST", "/fapi/v1/listenKey"): _LISTEN,
    ("PUT", "/fapi/v1/listenKey"): _LISTEN,
    ("POST", "/fapi/v1/order"): Operation(PLACE, contract.place_contract, 1, signed=True),
    ("GET", "/fapi/v1/order"): Operation("order.query", contract.query_contract, 1, signed=True),
    ("DELETE", "/fapi/v1/order"): Operation("order.cancel", contract.cancel_contract, 1, signed=True),
    ("DELETE", "/fapi/v1/allOpenOrders"): Operation("order.cancel_all", contract.cancel_all_contracts, 1, signed=True),
    ("GET", "/fapi/v1/openOrders"): Operation("orders.open", contract.open_contracts, 1, signed=True),
    ("GET", "/fapi/v1/allOrders"): Operation("orders.all", contract.all_contracts, 5, signed=True),
    ("GET", "/fapi/v1/userTrades"): Operation("trades.mine", contract.contract_trades, 5, signed=True),
}
"""The same of an exchange of perpetuals."""

WEBSOCKET: dict[str, Operation] = {
    "ping": _PING,
    "time": _TIME,
    "exchangeInfo": _RULES,
    "klines": _KLINES,
    "ticker.price": _PRICE,
    "ticker.book": _QUOTES,
    "ticker.24hr": _DAY,
    "trades.recent": _TRADES,
    "trades.aggregate": _JOINED,
    "depth": _DEPTH,
    "account.status": _ACCOUNT,
    "order.place": _PLACE,
    "order.test": _TEST,
    "order.status": _QUERY,
    "order.cancel": _CANCEL,
    "openOrders.cancelAll": _CANCEL_ALL,
    "openOrders.status": _OPEN,
    "allOrders": _ALL,
    "myTrades": _MINE,
}
"""By method of the websocket API."""
