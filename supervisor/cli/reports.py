"""`botctl trades`, `orders`, `logs`: what was."""

from __future__ import annotations

import json
from contextlib import closing
from enum import StrEnum
from typing import Annotated, Any

import typer

from common.logs import human_line
from supervisor.cli.log_view import LogView, log_file
from supervisor.cli.options import AnyBot, Json, Limit
from supervisor.cli.output import fail, print_json, show
from supervisor.cli.session import Session, session


class TradeState(StrEnum):
    """Which trades to list."""

    OPEN = "open"
    CLOSED = "closed"


def trades(
    bot: AnyBot = None,
    state: Annotated[TradeState | None, typer.Option("--status", help="Only these.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Round trips, newest first."""
    with session(as_json) as here:
        rows = here.console.trades(_bot_id(here, bot), state, limit)
        columns = {
            "id": "Id",
            "bot_id": "Bot",
            "symbol": "Symbol",
            "status": "Status",
            "entry_time": "Entry",
            "entry_price": "Entry price",
            "size": "Size",
            "exit_time": "Exit",
            "exit_price": "Exit price",
            "exit_reason": "Reason",
            "net_pnl": "Net pnl",
            "pnl_percentage": "%",
        }
        show(rows, columns, as_json=as_json, empty="no trades")


def orders(
    bot: AnyBot = None,
    denied: Annotated[bool, typer.Option("--denied", help="Signals that were refused instead.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Orders, newest first."""
    with session(as_json) as here:
        bot_id = _bot_id(here, bot)
        if denied:
            columns = {
                "bot_id": "Bot",
                "decided_at": "Decided",
                "symbol": "Symbol",
                "side": "Side",
                "rule": "Rule",
                "message": "Why",
                "correlation_id": "Signal",
            }
            show(here.console.denials(bot_id, limit), columns, as_json=as_json, empty="no refused signals")
            return
        columns = {
            "bot_id": "Bot",
            "client_order_id": "Order",
            "created_at": "Created",
            "symbol": "Symbol",
            "side": "Side",
            "order_type": "Type",
            "purpose": "For",
            "status": "Status",
            "quantity": "Quantity",
            "average_price": "Average price",
            "reason": "Reason",
        }
        show(here.console.orders(bot_id, limit), columns, as_json=as_json, empty="no orders")


def log_lines(
    bot: AnyBot = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing as lines come.")] = False,
    errors: Annotated[bool, typer.Option("--errors", help="Only errors.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Log lines, oldest first, of one bot or of all processes."""
    with session(as_json) as here:
        bot_id = _bot_id(here, bot)
        path = log_file(here.settings.logs_dir, bot_id, errors=errors)
        if not path.exists():
            fail(f"there is no log yet at {path}", as_json=as_json)
        with closing(LogView(path, bot_id)) as view:
            lines = view.last(limit)
            if as_json and not follow:
                print_json(lines)
                return
            for line in lines:
                _print(line, as_json)
            for line in view.following() if follow else ():
                _print(line, as_json)


def _print(line: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(line, ensure_ascii=False))
    else:
        typer.echo(human_line(line))


def _bot_id(here: Session, bot: str | None) -> int | None:
    return None if bot is None else here.console.find(bot).id
