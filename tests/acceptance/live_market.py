"""A stand-in exchange beside a world, a bot that trades there, and what both sides say of it afterwards."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psutil
from builders import BUY_ON_ANY_FALL, a_bot, an_exit, merged
from world import World

from worker.exchange_sim.setup import MarketSetup, SimSetup
from worker.exchange_sim.sim import ExchangeSim

SYMBOL = "BTC/USDT"
PERPETUAL = "BTC/USDT:USDT"
GATE = {"live_trading_confirmed": True, "risk_management": {"max_position_size": 3000, "max_daily_loss": 100000}}
LIVE = {"type": "binance", "trading_mode": "live", "cash": 5000} | GATE
LEVERAGED = LIVE | {"market_type": "linear", "margin_mode": "isolated"}
ON_PAPER = {"type": "binance", "trading_mode": "paper", "cash": 5000}


@contextmanager
def exchange_for(world: World, symbol: str = SYMBOL, **setup: Any) -> Iterator[ExchangeSim]:
    """The exchange, to which every bot of the world goes that names binance. It outlives whatever is killed."""
    with ExchangeSim(SimSetup(markets=(MarketSetup(symbol=symbol),), **setup)) as exchange:
        account = exchange.setup.accounts[0]
        options = exchange.ccxt_options(keys=False) | {"timeout": 1500}
        world.settings["BOTVISOR_CCXT_BINANCE"] = json.dumps(options)
        world.settings["BINANCE_API_KEY"] = account.api_key
        world.settings["BINANCE_API_SECRET"] = account.secret
        yield exchange


def an_exchange_bot(broker: dict[str, Any] = LIVE, **override: Any) -> dict[str, Any]:
    """Candles of one second; buys after any fall and sells a bar or two later."""
    strategy = {
        "type": "CustomStrategy",
        "parameters": {"entry_logic": BUY_ON_ANY_FALL, "exit_logic": an_exit("TimeBasedExitMixin", max_bars=1)}
        | {"position_size": 0.2},
    }
    config = a_bot(symbol=SYMBOL) | {
        "strategy": strategy,
        "broker": broker,
        "data": {"data_source": "binance", "interval": "1s", "lookback_bars": 30},
    }
    return merged(config, override)


def closed(world: World, bot_id: int) -> int:
    return sum(trade["status"] == "closed" for trade in world.trades(bot_id))


def kill_worker(world: World, bot_id: int) -> None:
    pid = world.worker(bot_id)
    if pid is not None:
        try:
            psutil.Process(pid).send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            return


def client_order_ids(exchange: ExchangeSim) -> list[str]:
    return [str(order["clientOrderId"]) for order in exchange.orders()]


def filled_at(exchange: ExchangeSim) -> dict[str, Decimal]:
    """Executed quantity by client order id, as the exchange has it."""
    filled: Counter[str] = Counter()
    for order in exchange.orders():
        filled[str(order["clientOrderId"])] += Decimal(str(order["executedQty"]))  # type: ignore[assignment]
    return {key: Decimal(value) for key, value in filled.items() if value}


def filled_in(world: World, bot_id: int) -> dict[str, Decimal]:
    """Executed quantity by client order id, as the ledger has it."""
    rows = world.database.rows("SELECT client_order_id, filled_quantity FROM trading_orders WHERE bot_id = ?", bot_id)
    return {row["client_order_id"]: Decimal(str(row["filled_quantity"])) for row in rows if row["filled_quantity"]}


def held_at(exchange: ExchangeSim, asset: str = "BTC") -> Decimal:
    (account,) = exchange.balances().values()
    return sum(
        (Decimal(str(each["free"])) + Decimal(str(each["locked"])) for each in account if each["asset"] == asset),
        Decimal(0),
    )


def position_at(exchange: ExchangeSim) -> Decimal:
    """Of the one account, in the one perpetual."""
    ((position,),) = exchange.positions().values()
    return Decimal(str(position["positionAmt"]))


def assert_nothing_twice_and_nothing_lost(world: World, exchange: ExchangeSim, bot_id: int) -> None:
    ids = client_order_ids(exchange)
    twice = [key for key, count in Counter(ids).items() if count > 1]
    assert twice == [], "orders sent twice"
    assert filled_in(world, bot_id) == filled_at(exchange)
