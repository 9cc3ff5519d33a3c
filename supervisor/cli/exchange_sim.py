"""`botctl exchange-sim`: an exchange on this machine, to rehearse live trading with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from supervisor.cli.options import Json
from supervisor.cli.output import fail, print_json, say
from supervisor.processes.exchange_sim import ExchangeSimError, run_exchange_sim


def exchange_sim(
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; default: a free one.")] = None,
    market: Annotated[
        list[str] | None,
        typer.Option(help="SYMBOL, SYMBOL=PRICE or SYMBOL=FILE of candles; may be given again."),
    ] = None,
    candle: Annotated[str | None, typer.Option(help="How long a candle of the source lasts here; default 1s.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of prices and faults.")] = None,
    skew: Annotated[float | None, typer.Option(help="Seconds its clock is ahead.")] = None,
    setup: Annotated[Path | None, typer.Option(help="JSON file with markets, accounts, fees and the rest.")] = None,
    as_json: Json = False,
) -> None:
    """Run a Binance-shaped exchange on 127.0.0.1 until Ctrl-C: prices, accounts, orders, and faults on request."""
    options = {"--port": port, "--candle": candle, "--seed": seed, "--skew": skew, "--setup": setup}
    arguments = [text for name, value in options.items() if value is not None for text in (name, str(value))]
    arguments += [text for each in market or () for text in ("--market", each)]

    def ready(overview: dict[str, Any]) -> None:
        if as_json:
            print_json(overview)
            return
        say(f"The stand-in exchange listens at {overview['address']}; Ctrl-C ends it.")
        say("A bot trades there, on paper, with these parts of its config; docs/live.md says what live trading needs.")
        say(json.dumps(_config(overview), indent=2))

    try:
        code = run_exchange_sim(arguments, ready)
    except ExchangeSimError as error:
        fail(str(error), as_json=as_json)
    if code:
        raise typer.Exit(code)


def _config(overview: dict[str, Any]) -> dict[str, Any]:
    account = overview["accounts"][0]
    broker = {"type": "binance", "trading_mode": "paper", **overview["broker"]}
    return {
        "symbol": overview["symbols"][0],
        "broker": broker | {"api_key": account["api_key"], "api_secret": account["secret"]},
        "data": {"data_source": "binance", "interval": "1m"},
    }
