"""`botctl status`, `ps`, `trades`, `orders`, `logs`: what is and what was."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from common.logs import human_line
from supervisor.cli.log_view import LogView, log_file
from supervisor.cli.options import AnyBot, Json, Limit
from supervisor.cli.output import ago, fail, print_json, say, show
from supervisor.cli.session import Session, session


class TradeState(StrEnum):
    """Which trades to list."""

    OPEN = "open"
    CLOSED = "closed"


def status(bot: AnyBot = None, as_json: Json = False) -> None:
    """Every bot: wish, state, money, position, last error."""
    with session(as_json) as here:
        now = datetime.now(UTC)
        live = here.live()
        lives = {item["id"]: item for item in (live["bots"] if live else [])}
        rows = [_status_row(row, lives.get(row["id"]), now) for row in here.console.bots()]
        if bot is not None:
            wanted = here.console.find(bot).id
            rows = [row for row in rows if row["id"] == wanted]
        if not as_json:
            say(_headline(live))
        columns = {
            "id": "Id",
            "name": "Name",
            "status": "Status",
            "pid": "Pid",
            "health": "Health",
            "cpu_percent": "CPU %",
            "memory_mb": "MB",
            "heartbeat": "Heard",
            "bars": "Bars",
            "position": "Position",
            "current_balance": "Balance",
            "total_pnl": "P&L",
            "error_count": "Errors",
            "last_error": "Last error",
        }
        show(rows, columns, as_json=as_json, empty="no bots; add one with `botctl add FILE`")


def processes(as_json: Json = False) -> None:
    """The workers' processes."""
    with session(as_json) as here:
        live = here.live()
        if live is None:
            fail(
                "no supervisor answers on its control socket; is it running with this BOTVISOR_RUN_DIR?",
                as_json=as_json,
            )
        rows = [{"id": bot["id"], "name": bot["name"], **bot["life"]} for bot in live["bots"] if bot["life"]]
        columns = {
            "id": "Id",
            "name": "Name",
            "pid": "Pid",
            "incarnation": "Life",
            "phase": "Phase",
            "stopping": "Stopping",
            "health": "Health",
            "cpu_percent": "CPU %",
            "memory_mb": "RSS (MB)",
            "memory_uss_mb": "USS (MB)",
            "response_time": "Answer (s)",
            "uptime": "Up (s)",
            "heartbeat_age": "Heard (s)",
            "progress_age": "Progress (s)",
            "bars": "Bars",
            "last_bar_at": "Last bar",
            "unacknowledged": "Unacked",
        }
        show(rows, columns, as_json=as_json, empty="no workers")


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


def _status_row(row: dict[str, Any], live: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    config = row.get("config")
    named = config.get("name") if isinstance(config, dict) else None
    metadata = row.get("extra_metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    life = (live or {}).get("life") or {}
    shown = row["status"]
    if shown == "stopped" and metadata.get("finished"):
        shown = "finished"
    return {
        "id": row["id"],
        "name": named or row.get("description") or f"Bot {row['id']}",
        "status": shown,
        "row_status": row["status"],
        "finished": bool(metadata.get("finished")),
        "pid": life.get("pid"),
        "incarnation": life.get("incarnation"),
        "phase": life.get("phase"),
        "heartbeat": ago(row.get("last_heartbeat"), now),
        "last_heartbeat": row.get("last_heartbeat"),
        "health": life.get("health"),
        "cpu_percent": life.get("cpu_percent"),
        "memory_mb": life.get("memory_mb"),
        "bars": life.get("bars"),
        "last_bar_at": life.get("last_bar_at"),
        "position": life.get("position"),
        "current_balance": row.get("current_balance"),
        "total_pnl": row.get("total_pnl"),
        "error_count": row.get("error_count") or 0,
        "last_error": (live or {}).get("error") or metadata.get("last_error"),
        "generation": (live or {}).get("generation"),
        "quarantined": bool((row.get("supervision") or {}).get("quarantined_generation")),
        "next_start_in": (live or {}).get("next_start_in"),
    }


def _headline(live: dict[str, Any] | None) -> str:
    if live is None:
        return "no supervisor runs here; this is what the database says"
    line = f"supervisor pid {live['pid']}, database {live['database']}, {live['backlog']} writes waiting"
    host = live.get("host") or {}
    if host.get("short_of"):
        line += f"; the host is short of {', '.join(host['short_of'])}" + (", bots slowed" if host["throttled"] else "")
    since = (live.get("failover") or {}).get("since")
    return line + (f"; FAILOVER since {since}: no entries (`botctl failover --off` ends it)" if since else "")
