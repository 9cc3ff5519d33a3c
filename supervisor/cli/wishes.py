"""`botctl enable`, `disable`, `restart`, `stop`: wishes written into the status column, and waiting for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console as Terminal

from supervisor.cli.options import BotName, Json
from supervisor.cli.output import fail, say
from supervisor.cli.session import Session, session
from supervisor.store.console import name_of

Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait until it is so; 0 returns at once.", min=0)]
_LOOK_AGAIN = 0.1

View = dict[str, Any] | None


def enable(bot: BotName, wait: Wait = 15.0, as_json: Json = False) -> None:
    """Start a bot; also one that finished, was stopped or is quarantined."""
    _wish(bot, "enabled", "running", wait, as_json, lambda before, now: _trades(now) or _has_ended(before, now))


def disable(bot: BotName, wait: Wait = 15.0, as_json: Json = False) -> None:
    """Stop a bot and keep it off, also after a restart of the service."""
    _wish(bot, "disabled", "off", wait, as_json, lambda before, now: _is_off(now))


def stop(bot: BotName, wait: Wait = 15.0, as_json: Json = False) -> None:
    """Stop a bot until it is started again."""
    _wish(bot, "stopping", "stopped", wait, as_json, lambda before, now: _is_off(now))


def restart(bot: BotName, wait: Wait = 15.0, as_json: Json = False) -> None:
    """Replace a bot's process; its position goes on."""
    _wish(bot, "restarting", "restarted", wait, as_json, lambda before, now: _trades(now) and _pid(now) != _pid(before))


def pause(bot: BotName, wait: Wait = 15.0, as_json: Json = False) -> None:
    """No more entries; an open position is still managed. Holds over restarts, until `resume`."""
    _refuse_unless(bot, as_json, _may_be_paused, "does not run; `botctl enable` starts it")
    _wish(bot, "paused", "paused", wait, as_json, lambda before, now: _is_paused(now))


def resume(bot: BotName, wait: Wait = 15.0, as_json: Json = False) -> None:
    """Allow entries again."""
    _refuse_unless(bot, as_json, lambda status: status == "paused", "is not paused")
    _wish(bot, "running", "running", wait, as_json, lambda before, now: _trades(now) and not _is_paused(now))


def _refuse_unless(bot: str, as_json: bool, allowed: Callable[[str], bool], why: str) -> None:
    with session(as_json) as here:
        row = here.console.find(bot)
        if not allowed(row.status):
            fail(f"bot {row.id} ({name_of(row)}) {why}; its status is {row.status}", as_json=as_json, id=row.id)


def _may_be_paused(status: str) -> bool:
    return status in ("running", "starting", "enabled", "restarting", "paused")


def _wish(bot: str, status: str, done: str, wait: float, as_json: bool, reached: Callable[[View, View], bool]) -> None:
    with session(as_json) as here:
        row = here.console.find(bot)
        label = f"bot {row.id} ({name_of(row)})"
        before = _view(here, row.id)
        supervised = here.live() is not None
        here.console.wish(row.id, status)
        if not supervised:
            say(
                f"{label}: {status} is noted; no supervisor runs here now", as_json=as_json, id=row.id, supervised=False
            )
            return
        if wait == 0:
            say(f"{label}: {status} is noted", as_json=as_json, id=row.id, supervised=True)
            return
        after = _await(here, row.id, before, wait, reached, quiet=as_json)
        if after is None or not reached(before, after):
            seen = (after or {}).get("status", "unknown")
            error = (after or {}).get("error")
            fail(
                f"{label} is not {done} after {wait:g} s; its status is {seen}" + (f": {error}" if error else ""),
                as_json=as_json,
                id=row.id,
                status=seen,
            )
        say(f"{label} is {_state(after, done)}", as_json=as_json, id=row.id, status=after["status"], pid=_pid(after))


def _await(
    here: Session, bot_id: int, before: View, wait: float, reached: Callable[[View, View], bool], *, quiet: bool
) -> View:
    deadline = time.monotonic() + wait
    pause = threading.Event()
    with Terminal(stderr=True, quiet=quiet).status("waiting for the supervisor"):
        while True:
            now = _view(here, bot_id)
            if (now is not None and reached(before, now)) or time.monotonic() >= deadline:
                return now
            pause.wait(_LOOK_AGAIN)


def _view(here: Session, bot_id: int) -> View:
    live = here.live()
    bots = live["bots"] if live else []
    return next((bot for bot in bots if bot["id"] == bot_id), None)


def _trades(view: View) -> bool:
    life = (view or {}).get("life")
    return bool(life and life["phase"] == "running" and not life["stopping"])


def _is_paused(view: View) -> bool:
    life = (view or {}).get("life")
    return bool(life and life["paused"])


def _has_ended(before: View, now: View) -> bool:
    """The wish was taken up, and did not last."""
    if now is None or now["life"] is not None or now["status"] not in ("stopped", "error"):
        return False
    return before is None or any(before[key] != now[key] for key in ("status", "error", "newest_life"))


def _is_off(view: View) -> bool:
    return view is not None and view["life"] is None and view["status"] not in ("stopping", "running", "starting")


def _pid(view: View) -> int | None:
    life = (view or {}).get("life")
    return life["pid"] if life else None


def _state(view: dict[str, Any], done: str) -> str:
    pid = _pid(view)
    if pid is None and done == "running":
        return str(view["status"]) + (f": {view['error']}" if view["error"] else "")
    return done + (f", pid {pid}" if pid else "")
