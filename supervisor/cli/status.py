"""`botctl status`, `ps`: what is, by the database and by the running supervisor; by the latter alone in an outage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from common.errors import TransientError
from supervisor.cli.options import AnyBot, Json
from supervisor.cli.output import ago, say, show
from supervisor.cli.session import configured, connected, live_status, told
from supervisor.settings import Settings
from supervisor.store.console import choose

_COLUMNS = {
    "id": "Id",
    "name": "Name",
    "status": "Status",
    "process": "Pid",
    "health": "Health",
    "cpu_percent": "CPU %",
    "memory_mb": "MB",
    "heartbeat": "Heard",
    "bars": "Bars",
    "position": "Position",
    "current_balance": "Balance",
    "total_pnl": "P&L",
    "error_count": "Errors",
    "ended": "Last end",
    "last_error": "Last error",
}
_PROCESS_COLUMNS = {
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


def status(bot: AnyBot = None, as_json: Json = False) -> None:
    """Every bot: wish, state, money, position, how its last life ended, last error."""
    with configured(as_json) as settings:
        live = live_status(settings)
        lives = {item["id"]: item for item in (live["bots"] if live else [])}
        recorded, outage = _recorded(settings, live)
        now = datetime.now(UTC)
        rows = [_row(row, lives.get(row["id"]), now) for row in recorded]
        if bot is not None:
            chosen = choose({row["id"]: row["name"] for row in rows}, bot)
            rows = [row for row in rows if row["id"] == chosen]
        if as_json:
            show(rows, {}, as_json=True, empty="")
            return
        say(_headline(live))
        if outage is not None:
            say(f"{outage}; until then this is what the supervisor knows, without money and errors counted")
        shown = [row | {"process": _process(row), "ended": _ended(row["last_exit"], now)} for row in rows]
        show(shown, _COLUMNS, as_json=False, empty="no bots; add one with `botctl add FILE`")


def processes(as_json: Json = False) -> None:
    """The workers' processes."""
    with configured(as_json) as settings:
        live = told(settings, {"do": "status"}, as_json=as_json)
        rows = [{"id": bot["id"], "name": bot["name"], **bot["life"]} for bot in live["bots"] if bot["life"]]
        show(rows, _PROCESS_COLUMNS, as_json=as_json, empty="no workers")


def _recorded(settings: Settings, live: dict[str, Any] | None) -> tuple[Sequence[dict[str, Any]], str | None]:
    """The bots by the database; when it is away and the supervisor is not, by that, with the reason."""
    try:
        with connected(settings) as console:
            return console.bots(), None
    except TransientError as error:
        if live is None:
            raise
        return [_as_recorded(bot) for bot in live["bots"]], str(error)


def _as_recorded(bot: dict[str, Any]) -> dict[str, Any]:
    return {"id": bot["id"], "status": bot["status"], "config": {"name": bot["name"]}}


def _row(row: dict[str, Any], live: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
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
        "heartbeat": ago(row.get("last_heartbeat"), now) or _seconds(life.get("heartbeat_age")),
        "last_heartbeat": row.get("last_heartbeat"),
        "progress_age": life.get("progress_age"),
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
        "last_exit": _last_exit(row.get("ended_life")),
    }


def _last_exit(life: dict[str, Any] | None) -> dict[str, Any] | None:
    if life is None:
        return None
    told = ("cause", "exit_code", "exit_signal", "detail", "ended_at")
    return {"incarnation": life["id"]} | {name: life[name] for name in told}


def _process(row: dict[str, Any]) -> str | int | None:
    """The worker's pid, or when there will be one."""
    wait = row["next_start_in"]
    return row["pid"] if row["pid"] is not None or wait is None else f"in {wait:.0f}s"


def _ended(last_exit: dict[str, Any] | None, now: datetime) -> str:
    if last_exit is None:
        return ""
    return f"{last_exit['cause'] or 'unknown'}, {ago(last_exit['ended_at'], now)}"


def _seconds(age: float | None) -> str:
    return "" if age is None else f"{age:.0f}s"


def _headline(live: dict[str, Any] | None) -> str:
    if live is None:
        return "no supervisor runs here; this is what the database says"
    line = f"supervisor pid {live['pid']}, database {live['database']}, {live['backlog']} writes waiting"
    host = live.get("host") or {}
    if host.get("short_of"):
        line += f"; the host is short of {', '.join(host['short_of'])}" + (", bots slowed" if host["throttled"] else "")
    since = (live.get("failover") or {}).get("since")
    return line + (f"; FAILOVER since {since}: no entries (`botctl failover --off` ends it)" if since else "")
