"""`python -m worker exchange-sim`: the stand-in exchange as a process; one JSON line says where it is."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pydantic import ValidationError

from common.errors import ConfigurationError
from worker.exchange_sim.server import Server
from worker.exchange_sim.setup import SimSetup


def run(options: argparse.Namespace) -> NoReturn:
    """Serve until SIGINT or SIGTERM, then end the process."""
    try:
        asyncio.run(_serve(setup_of(options), while_stdin=options.while_stdin))
    except (ConfigurationError, ValidationError, OSError) as error:
        sys.stderr.write(f"the stand-in exchange cannot start: {error}\n")
        sys.exit(1)
    sys.exit(0)


def setup_of(options: argparse.Namespace) -> SimSetup:
    """The file's setup with the options laid over it. Raises ConfigurationError and ValidationError."""
    wanted: dict[str, Any] = {}
    if options.setup is not None:
        try:
            wanted = json.loads(options.setup.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigurationError(f"{options.setup} is not JSON: {error}") from None
    named = {"port": "port", "candle": "candle", "seed": "seed", "skew": "skew_seconds"}
    wanted |= {field: value for name, field in named.items() if (value := getattr(options, name)) is not None}
    fees = {name: value for name in ("maker", "taker") if (value := getattr(options, name)) is not None}
    if fees:
        wanted["fees"] = {**wanted.get("fees", {}), **fees}
    if options.market:
        wanted["markets"] = [_market(text) for text in options.market]
    return SimSetup.model_validate(wanted)


def _market(text: str) -> dict[str, Any]:
    symbol, _, rest = text.partition("=")
    if not rest:
        return {"symbol": symbol}
    try:
        return {"symbol": symbol, "price": Decimal(rest)}
    except InvalidOperation:
        return {"symbol": symbol, "candles": rest}


async def _serve(setup: SimSetup, *, while_stdin: bool) -> None:
    server, end, loop = Server(setup), asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    await server.start()
    if while_stdin:
        loop.add_reader(0, lambda: end.set() if not os.read(0, 4096) else None)
    sys.stdout.write(json.dumps(server.overview()) + "\n")
    sys.stdout.flush()
    try:
        await end.wait()
    finally:
        await server.stop()
