"""`botctl failover`: stop new entries of all bots, or allow them again."""

from __future__ import annotations

from typing import Annotated

import typer

from supervisor.cli.options import Json
from supervisor.cli.output import print_json, say
from supervisor.cli.session import configured, told


def failover(
    on: Annotated[bool | None, typer.Option("--on/--off", help="Stop entries everywhere, or allow them again.")] = None,
    as_json: Json = False,
) -> None:
    """Failover mode: no bot makes entries, open positions stay managed. Without an option: whether it is on."""
    with configured(as_json) as settings:
        if on is not None:
            told(settings, {"do": "failover", "on": on}, as_json=as_json)
            active = on
        else:
            active = told(settings, {"do": "status"}, as_json=as_json)["failover"] is not None
    if as_json:
        print_json({"failover": active})
    else:
        say("failover mode is on: no bot makes entries" if active else "failover mode is off")
