"""Thousands of orders at the stand-in exchange, a fault at most of them, workers and supervisor killed all the while.

`make chaos-exchange`, or `python scripts/chaos_exchange.py --orders 3000 --bots 8 --seed 7 --database sqlite`.
Afterwards what the exchange executed must be what `trading_orders` and `trading_trades` say, order by order, with none
twice, none lost and none left unknown. The exit code is 1 when it is not.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "acceptance")]

from database import Database  # noqa: E402
from live_market import LEVERAGED, LIVE, PERPETUAL, SYMBOL, an_exchange_bot, client_order_ids, filled_at  # noqa: E402
from postgres import Postgres  # noqa: E402
from world import World  # noqa: E402

from worker.exchange_sim.setup import AccountSetup, MarketSetup, SimSetup  # noqa: E402
from worker.exchange_sim.sim import ExchangeSim  # noqa: E402

FAULTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("hang_up", "order.create", {"probability": 0.12}),
    ("hang_up", "order.create", {"probability": 0.05, "when": "before"}),
    ("error", "order.create", {"probability": 0.12}),
    ("error", "order.create", {"probability": 0.04, "when": "before", "status": 503}),
    ("late", "order.create", {"probability": 0.08, "seconds": 4}),
    ("empty", "order.create", {"probability": 0.04}),
    ("malformed", "order.create", {"probability": 0.04}),
    ("too_many", "order.create", {"probability": 0.02}),
    ("partial", "order.create", {"probability": 0.12}),
    ("partial", "order.create", {"probability": 0.05, "rest": "expires"}),
    ("reject", "order.create", {"probability": 0.05}),
    ("silent", "order.create", {"probability": 0.2}),
    ("error", "order.query", {"probability": 0.1}),
    ("late", "order.query", {"probability": 0.05, "seconds": 2}),
    ("hang_up", "order.cancel", {"probability": 0.2}),
    ("miss", "stream.user", {"probability": 0.25}),
    ("duplicate", "stream.user", {"probability": 0.2}),
    ("reorder", "stream.user", {"probability": 0.1}),
    ("drop", "stream.*", {"probability": 0.005}),
)
PATIENT = {"BOTVISOR_RESTART_DELAY": "0.1", "BOTVISOR_RESTART_LIMIT": "1000"}
SETTLE = 180.0
"""Seconds within which every bot must have left its position and be off, once the exchange behaves."""


def main() -> int:
    """Run what the options ask for; the exit code."""
    options = _options()
    print(
        f"seed {options.seed}: {options.orders} orders of {options.bots} bots, {options.market}, {options.database}",
        flush=True,
    )
    with _world(options.database) as world, ExchangeSim(_setup(options)) as exchange:
        bots = _begin(world, exchange, options.bots)
        began = time.monotonic()
        kills = _disturb(world, exchange, bots, options)
        seconds = time.monotonic() - began
        struck = Counter({f"{rule['fault']} {rule['on']}": rule["struck"] for rule in exchange.faults()})
        exchange.clear_faults()
        _switch_off(world, bots)
        wrong = [*_differences(world, exchange), *_left_over(world, exchange, bots)]
        orders, fills = len(exchange.orders()), len(exchange.fills())
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"{orders} orders, {fills} fills, {struck.total()} faults, {kills} kills in {seconds:.0f} s: ", end="")
    print(f"{len(wrong)} things are wrong" if wrong else "nothing twice, nothing lost, nothing unknown")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Orders under faults at the stand-in exchange.")
    parser.add_argument("--orders", type=int, default=3000, help="how many the exchange has taken when it ends")
    parser.add_argument("--bots", type=int, default=8)
    parser.add_argument("--market", choices=("spot", "linear"), default="spot")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, which is printed")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--pause", type=float, default=3.0, help="mean seconds between two kills")
    parser.add_argument("--minutes", type=float, default=60.0, help="at most so long")
    options = parser.parse_args()
    options.seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    return options


@contextmanager
def _world(database: str) -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="bvx", dir="/tmp"))
    folder.chmod(0o755)
    postgres = None
    try:
        if database == "postgresql":
            (folder / "pg").mkdir()
            postgres = Postgres(folder / "pg")
        url = f"sqlite:///{folder / 'world.db'}" if postgres is None else postgres.url(postgres.create())
        world = World(Database(url))
        try:
            world.migrate()
            yield world
        finally:
            world.close()
    finally:
        if postgres is not None:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _setup(options: argparse.Namespace) -> SimSetup:
    accounts = tuple(AccountSetup(name=f"a{n}", api_key=f"key-{n}", secret=f"secret-{n}") for n in range(options.bots))
    return SimSetup(
        markets=(MarketSetup(symbol=PERPETUAL if options.market == "linear" else SYMBOL),),
        accounts=accounts,
        seed=options.seed,
        weight_limit=1_000_000,
        order_limit=10_000,
    )


def _begin(world: World, exchange: ExchangeSim, count: int) -> list[int]:
    options = exchange.ccxt_options(keys=False) | {"timeout": 1500}
    world.settings["BOTVISOR_CCXT_BINANCE"] = json.dumps(options)
    for fault, on, rule in FAULTS:
        exchange.fault(fault, on, **rule)
    bots = []
    for number, account in enumerate(exchange.setup.accounts[:count]):
        kind = LEVERAGED if exchange.setup.perpetual else LIVE
        broker = kind | {"api_key": account.api_key, "api_secret": account.secret}
        guard = {"risk_management": {"stop_loss_pct": 3}} if number % 2 else {}
        bots.append(world.insert_bot(an_exchange_bot(broker, trading={"on_stop": "close_position"}, **guard)))
    world.start(**PATIENT)
    world.until_running(*bots, within=SETTLE)
    return bots


def _disturb(world: World, exchange: ExchangeSim, bots: list[int], options: argparse.Namespace) -> int:
    """Kill until there are enough orders; how many kills that were."""
    chance = random.Random(options.seed)
    kills, ends_at, told_at = 0, time.monotonic() + 60 * options.minutes, time.monotonic()
    while len(client_order_ids(exchange)) < options.orders and time.monotonic() < ends_at:
        time.sleep(chance.uniform(0.2, 1.8) * options.pause)
        if chance.random() < 0.06:
            world.kill_supervisor()
            world.start(**PATIENT)
        else:
            _kill(world.worker(chance.choice(bots)))
        kills += 1
        if time.monotonic() - told_at > 30:
            told_at = time.monotonic()
            print(f"  {len(client_order_ids(exchange))} orders, {kills} kills", flush=True)
    return kills


def _kill(pid: int | None) -> None:
    if pid is not None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).send_signal(signal.SIGKILL)


def _switch_off(world: World, bots: list[int]) -> None:
    world.until_running(*bots, within=SETTLE)
    for bot_id in bots:
        world.set_status(bot_id, "disabled")
    for bot_id in bots:
        world.wait(f"bot {bot_id} is off", lambda: world.worker(bot_id) is None, SETTLE)  # noqa: B023
    with suppress(AssertionError):
        world.wait("both sides agree", lambda: not _differences(world, None), SETTLE)


def _differences(world: World, exchange: ExchangeSim | None) -> list[str]:
    rows = world.database.rows("SELECT bot_id, client_order_id, status, filled_quantity FROM trading_orders")
    unknown = [f"order {row['client_order_id']} is left {row['status']}" for row in rows if row["status"] in _OPEN]
    if exchange is None:
        return unknown
    twice = [key for key, count in Counter(client_order_ids(exchange)).items() if count > 1]
    wrong = unknown + [f"order {key} was taken twice" for key in twice]
    here = {row["client_order_id"]: Decimal(str(row["filled_quantity"])) for row in rows}
    there = filled_at(exchange)
    for key in sorted(here.keys() | there.keys()):
        ours, theirs = here.get(key, Decimal(0)), there.get(key, Decimal(0))
        if ours != theirs:
            wrong.append(f"order {key}: {ours} filled in the ledger, {theirs} at the exchange")
    return wrong


DUST = Decimal("0.5")
"""Fees are kept in the instrument itself, so of each trade less than a step stays; a position is above five."""
_OPEN = ("intended", "submitted", "unknown", "accepted", "partially_filled")


def _left_over(world: World, exchange: ExchangeSim, bots: list[int]) -> list[str]:
    """What a bot still holds though it was told to sell; each has an account of its own that began without any."""
    wrong = []
    for trade in world.database.rows("SELECT bot_id, id FROM trading_trades WHERE status = 'open'"):
        wrong.append(f"trade {trade['id']} of bot {trade['bot_id']} is still open")
    for bot_id, held in zip(bots, _held(exchange), strict=True):
        if abs(held) > (0 if exchange.setup.perpetual else DUST):
            wrong.append(f"bot {bot_id} holds {held} after it was switched off")
    return wrong


def _held(exchange: ExchangeSim) -> list[Decimal]:
    """Of the instrument, by account."""
    if exchange.setup.perpetual:
        return [Decimal(str(position["positionAmt"])) for (position,) in exchange.positions().values()]
    return [
        sum(
            (Decimal(str(each[name])) for each in account for name in ("free", "locked") if each["asset"] == "BTC"),
            Decimal(0),
        )
        for account in exchange.balances().values()
    ]


if __name__ == "__main__":
    sys.exit(main())
