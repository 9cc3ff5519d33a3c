"""`botctl failover`: stop new entries of all bots, or allow them again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from supervisor.cli.options import Json
from supervisor.cli.output import fail, print_json, say
from supervisor.cli.session import configured
from supervisor.control.socket import ask

_NOBODY = "no supervisor answers on its control socket; is it running with this BOTVISOR_RUN_DIR?"


def failover(
    on: Annotated[bool | None, typer.Option("--on/--off", help="Stop entries everywhere, or allow them again.")] = None,
    as_json: Json = False,
) -> None:
    """Failover mode: no bot makes entries, open positions stay managed. Without an option: whether it is on."""
    with configured(as_json) as settings:
        if on is not None:
            _asked(ask(settings.runtime_dir, {"do": "failover", "on": on}), as_json)
            active = on
        else:
            active = _asked(ask(settings.runtime_dir, {"do": "status"}), as_json)["failover"] is not None
    if as_json:
        print_json({"failover": active})
    else:
        say("failover mode is on: no bot makes entries" if active else "failover mode is off")


def _asked(answer: dict[str, Any] | None, as_json: bool) -> dict[str, Any]:
    if answer is None or "error" in answer:
        fail((answer or {}).get("error") or _NOBODY, as_json=as_json)
    return answer
