"""SEC: credentials reach the one worker that trades with them, and can be read nowhere else."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
from builders import a_bot
from world import World

MARK = "kQ7marker2secret9Zx"
LIVE = {
    "type": "binance",
    "trading_mode": "live",
    "live_trading_confirmed": True,
    "risk_management": {"max_position_size": 100, "max_daily_loss": 10},
    "credentials": "main",
    "testnet": True,
    "ccxt": {"urls": {"api": {"public": "http://127.0.0.1:9/", "private": "http://127.0.0.1:9/"}}, "timeout": 500},
}


def a_live_bot() -> dict[str, object]:
    return a_bot() | {"broker": LIVE, "data": {"interval": "1m"}, "symbol": "BTC/USDT"}


def readable(world: World) -> Iterator[tuple[str, bytes]]:
    """Everything that is written down or shown while the bot lives, and where."""
    for path in (path for path in world.folder.rglob("*") if path.is_file()):
        yield str(path), path.read_bytes()
    for process in [psutil.Process(world.pid), *world.remember_processes()]:
        for what in ("cmdline", "environ"):
            try:
                yield f"{what} of {process.pid}", Path(f"/proc/{process.pid}/{what}").read_bytes()
            except (OSError, psutil.Error):
                continue
    for command in ("status", "ps", "incidents", "secrets list", "logs", "orders"):
        done = world.botctl(*command.split(), *(() if command == "logs" else ("--json",)))
        yield f"botctl {command}", (done.stdout + done.stderr).encode()


def rows_of_all_tables(world: World) -> Iterator[tuple[str, bytes]]:
    for table in world.database.tables():
        yield f"table {table}", str(world.database.rows(f'SELECT * FROM "{table}"')).encode()


def test_stored_credentials_are_readable_nowhere_while_their_bot_lives(world: World) -> None:
    world.migrate()
    world.settings["BOTVISOR_SECRET_KEY"] = world.botctl("secrets", "key").stdout.strip()
    world.settings["BOTVISOR_LOG_LEVEL"] = "TRACE"
    bot_id = world.insert_bot(a_live_bot())
    world.start()
    row = world.until_status(bot_id, "error")
    assert 'broker.credentials is "main"' in row["extra_metadata"]["last_error"]
    given = json.dumps({"api_key": f"key{MARK}", "secret": f"secret{MARK}"})
    world.botctl("secrets", "add", "main", "--from-stdin", stdin=given)
    pid = world.wait("a life with credentials", lambda: world.worker(bot_id))
    world.wait("it tries to reach the exchange", lambda: "cannot be reached yet" in world.logged())
    psutil.Process(pid).send_signal(signal.SIGABRT)
    world.wait("another life follows", lambda: world.worker(bot_id) not in (None, pid))
    leaks = [place for place, content in (*readable(world), *rows_of_all_tables(world)) if MARK.encode() in content]
    assert leaks == []
