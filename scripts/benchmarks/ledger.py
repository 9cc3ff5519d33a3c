"""Facts per second from the workers' journals through Link, Router and Recorder to COMMIT and acknowledgement.

A fact is one order change, fill or trade change as the engine told it; positions, balances and performance that it
told with them are recorded too and not counted. The senders hold whole journals and send as fast as their credit
allows (128 entries each), so this is the rate at which a backlog is worked off. Beside it: bare inserts of order rows
through the driver, in transactions of 1,000, without keys looked up, projections, decoding or sockets.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil
from benchmarks.bots import replay, simulated
from benchmarks.candles import candle_file
from benchmarks.context import Context
from benchmarks.databases import KINDS, Database
from benchmarks.figure import Figure
from benchmarks.senders import Errand, send
from loguru import logger
from psycopg2.extras import execute_values

from common.wire.messages import Hello, Kind, Welcome
from supervisor.garbage import settle_collector
from supervisor.intake.poller import Poller
from supervisor.intake.router import Router
from supervisor.store.claims import Claimant
from supervisor.store.engine import open_engine
from supervisor.store.events import DatabaseRefused, EntriesRecorded, RecorderStopped
from supervisor.store.recorder import Recorder, RecorderOptions
from supervisor.store.schema import upgrade

PROCESSES = 2
COUNTED = ("order", "fill", "trade")
RAW_ROWS = 100_000
RAW_BATCH = 1000
PATIENCE = 180.0
BUSY = {
    "entry_logic": {
        "name": "RSIOrBBEntryMixin",
        "params": {"rsi_period": 2, "rsi_oversold": 60, "bb_period": 5, "bb_dev": 0.5},
    },
    "exit_logic": {"name": "TimeBasedExitMixin", "params": {"max_bars": 2}},
    "position_size": 0.2,
}
"""A strategy that trades every few bars."""


def measure(context: Context) -> list[Figure]:
    """On both databases."""
    logger.remove()
    return [_on(kind, context) for kind in KINDS]


def _on(kind: str, context: Context) -> Figure:
    database = context.databases.create(kind)
    bots = _prepare(database, 2 if context.quick else 10)
    config = replay(candle_file(context.folder))
    config["strategy"]["parameters"] = BUSY
    facts, seconds, own_cpu = _deliver(database, bots, config, context)
    _require_recorded(database, facts)
    raw = _raw_rate(database)
    counted = sum(facts[fact_kind] for fact_kind in COUNTED)
    told = sum(facts.values()) - facts["entries"]
    return Figure(
        name=f"facts-{kind}",
        label=f"facts recorded and acknowledged, {kind}",
        value=counted / seconds,
        unit="/s",
        at_least=10_000,
        detail=f"{counted:,} orders, fills, trades in {seconds:.1f} s from {len(bots)} senders "
        f"({told / seconds:,.0f}/s with positions, balances, metrics; {facts['entries'] / seconds:,.0f} entries/s; "
        f"own CPU {own_cpu:.1f} s); raw batched inserts {raw:,.0f} rows/s",
        samples={"seconds": seconds, "facts": dict(facts), "raw_rows_per_second": raw, "own_cpu_seconds": own_cpu},
    )


def _prepare(database: Database, count: int) -> list[int]:
    engine = open_engine(database.url)
    upgrade(engine)
    engine.dispose()
    with database.session() as session:
        return session.insert_bots([simulated(number, warm_up=100) for number in range(1, count + 1)], "disabled")


def _deliver(
    database: Database, bots: list[int], config: dict[str, Any], context: Context
) -> tuple[Counter[str], float, float]:
    """What was delivered, in how many seconds, at how much CPU of this process."""
    folder = context.folder / f"link-{'sqlite' if database.is_sqlite else 'postgresql'}"
    folder.mkdir()
    router = Router.bind_ipc(folder / "workers.sock")
    recorder = _recorder(database.url)
    recorder.start()
    errands = [Errand(bot, f"secret-{bot}", router.endpoint, folder / str(bot), config) for bot in bots]
    for errand in errands:
        router.admit(errand.token, errand.bot_id, errand.bot_id)
    pipes = _start_senders(errands)
    try:
        facts: Counter[str] = sum((pipe.recv() for pipe in pipes), Counter())
        cpu, began = time.process_time(), time.perf_counter()
        for pipe in pipes:
            pipe.send("go")
        _serve(router, recorder, pipes)
        return facts, time.perf_counter() - began, time.process_time() - cpu
    finally:
        _stop(recorder)
        router.close()


def _start_senders(errands: list[Errand]) -> list[Connection]:
    spawn = multiprocessing.get_context("spawn")
    pipes = []
    for number in range(PROCESSES):
        mine, theirs = spawn.Pipe()
        spawn.Process(target=send, args=(errands[number::PROCESSES], theirs, PATIENCE), daemon=True).start()
        theirs.close()
        pipes.append(mine)
    return pipes


def _serve(router: Router, recorder: Recorder, pipes: list[Connection]) -> None:
    """The control loop, as far as entries go, until every sender has been acknowledged everything."""
    poller = Poller()
    poller.register(router)
    for descriptor in (recorder.fileno(), *(pipe.fileno() for pipe in pipes)):
        poller.register(descriptor)
    delivered, deadline = 0, time.monotonic() + PATIENCE
    while delivered < len(pipes):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not everything was acknowledged within {PATIENCE:g} s")
        poller.wait(0.0 if router.more_waiting else 1.0)
        for received in router.receive():
            if received.kind == Kind.ENTRY:
                recorder.submit_entry(received.bot_id, received.incarnation, received.payload)
            elif isinstance(received.message, Hello):
                router.send(received.incarnation, Welcome(lease=300))
        _acknowledge(router, recorder)
        for pipe in wait(pipes, 0):
            assert isinstance(pipe, Connection)
            delivered += pipe.recv() == "delivered"


def _acknowledge(router: Router, recorder: Recorder) -> None:
    for event in recorder.events():
        if isinstance(event, DatabaseRefused):
            raise event.error
        if isinstance(event, EntriesRecorded):
            for delivery in event.deliveries:
                router.ack(delivery.incarnation, delivery.journal_id, delivery.up_to_seq)


def _recorder(url: str) -> Recorder:
    settle_collector()  # as the service does
    own = psutil.Process()
    claimant = Claimant(
        host=socket.gethostname(), boot_id="", pid=os.getpid(), pid_created=own.create_time(), state_dir=""
    )
    return Recorder(RecorderOptions(url=url, claimant=claimant, is_alive=lambda pid, created: False))


def _stop(recorder: Recorder) -> None:
    recorder.request_stop(10)
    recorder.join(20)
    if not any(isinstance(event, RecorderStopped) for event in recorder.events()):
        raise RuntimeError("the recorder did not stop")
    recorder.close()


def _require_recorded(database: Database, facts: Counter[str]) -> None:
    """Fills are recorded once each, so their number tells whether everything arrived."""
    with database.session() as session:
        fills = int(session.run("SELECT count(*) FROM trading_fills")[0][0])
    if fills != facts["fill"]:
        raise RuntimeError(f"{facts['fill']} fills were delivered, {fills} are in the database")


def _raw_rate(database: Database) -> float:
    """Rows of orders per second that the driver inserts in batches, into a table without any index but its key."""
    columns = "id, client_order_id, bot_id, symbol, side, status, quantity, price, at, extra"
    rows = [
        (
            n,
            f"bnch{n:014d}",
            n % 100,
            "ETHBTC",
            "buy",
            "filled",
            "1.25",
            "0.0984",
            "2024-01-01 00:00:00",
            json.dumps({}),
        )
        for n in range(RAW_ROWS)
    ]
    with closing(database.connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(
            "CREATE TABLE raw_rows (id BIGINT PRIMARY KEY, client_order_id VARCHAR(32), bot_id INTEGER, "
            "symbol VARCHAR(20), side VARCHAR(8), status VARCHAR(20), quantity NUMERIC(20, 8), price NUMERIC(20, 8), "
            "at TIMESTAMP, extra TEXT)"
        )
        if database.is_sqlite:
            cursor.execute("PRAGMA synchronous=NORMAL")
        began = time.perf_counter()
        for start in range(0, RAW_ROWS, RAW_BATCH):
            cursor.execute("BEGIN")
            _insert(cursor, columns, rows[start : start + RAW_BATCH], database.is_sqlite)
            cursor.execute("COMMIT")
        return RAW_ROWS / (time.perf_counter() - began)


def _insert(cursor: Any, columns: str, rows: Sequence[tuple[object, ...]], is_sqlite: bool) -> None:
    if is_sqlite:
        marks = ", ".join("?" * len(rows[0]))
        cursor.executemany(f"INSERT INTO raw_rows ({columns}) VALUES ({marks})", rows)
    else:
        execute_values(cursor, f"INSERT INTO raw_rows ({columns}) VALUES %s", rows, page_size=RAW_BATCH)
