"""A stand-in exchange beside a world, a bot that trades there, and what both sides say of it afterwards."""

from __future__ import annotations

import json
import random
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
PATIENT = {"BOTVISOR_RESTART_DELAY": "0.1", "BOTVISOR_RESTART_LIMIT": "1000"}
DUST = Decimal("0.05")
"""Fees of spot are kept in base currency, so what is left of a trade is less than a step: it cannot be sold."""
NEVER_LEAVES = an_exit("TimeBasedExitMixin", max_bars=100_000)
_TROUBLE = (
    ("hang_up", "order.*", 0.15),
    ("error", "order.*", 0.15),
    ("late", "*", 0.05),
    ("miss", "stream.user", 0.2),
    ("duplicate", "stream.user", 0.2),
    ("drop", "stream.*", 0.02),
)
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


def held_at(exchange: ExchangeSim) -> Decimal:
    """Of the instrument, by the one account."""
    if exchange.setup.perpetual:
        ((position,),) = exchange.positions().values()
        return Decimal(str(position["positionAmt"]))
    (account,) = exchange.balances().values()
    amounts = [each[name] for each in account for name in ("free", "locked") if each["asset"] == "BTC"]
    return sum((Decimal(str(amount)) for amount in amounts), Decimal(0))


def assert_nothing_twice_and_nothing_lost(world: World, exchange: ExchangeSim, bot_id: int) -> None:
    ids = client_order_ids(exchange)
    twice = [key for key, count in Counter(ids).items() if count > 1]
    assert twice == [], "orders sent twice"
    assert filled_in(world, bot_id) == filled_at(exchange)


def close_out(world: World, exchange: ExchangeSim, bot_id: int) -> None:
    """Switch the bot off, its position being closed, and see that both sides say the same."""
    world.until_running(bot_id)
    world.ask("disable", str(bot_id))
    world.wait("it is off", lambda: world.status(bot_id) == "disabled" and world.worker(bot_id) is None, 90)
    world.wait("both sides agree", lambda: filled_in(world, bot_id) == filled_at(exchange), 30)
    assert_nothing_twice_and_nothing_lost(world, exchange, bot_id)
    left = held_at(exchange)
    assert left == 0 if exchange.setup.perpetual else left < DUST
    assert [trade for trade in world.trades(bot_id) if trade["status"] == "open"] == []


def trade_through_deaths(world: World, exchange: ExchangeSim, config: dict[str, Any], turns: int) -> None:
    """A fault at many an order, a death after most of them, for so many orders; then both sides must say the same."""
    chance = random.Random(turns)
    for fault, on, probability in _TROUBLE:
        exchange.fault(fault, on, probability=probability)
    bot_id = world.insert_bot(config)
    world.start(**PATIENT)
    world.until_running(bot_id)
    for turn in range(turns):
        before = len(client_order_ids(exchange))
        world.wait("it goes on trading", lambda: len(client_order_ids(exchange)) > before, 120)  # noqa: B023
        if turn % 4 == 2:
            world.kill_supervisor()
            world.start(**PATIENT)
        if chance.random() < 0.8:
            kill_worker(world, bot_id)
    exchange.clear_faults()
    close_out(world, exchange, bot_id)
