"""`botctl takeover`: frees the database of a supervisor whose host is gone."""

from __future__ import annotations

from typing import Annotated

import typer

from supervisor.cli.options import Json
from supervisor.cli.output import fail, say
from supervisor.cli.session import session
from supervisor.host.name import host_name


def takeover(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Release the claim of a supervisor on another host that is gone. Its workers must not trade any more."""
    with session(as_json) as here:
        held = here.console.claim()
        if held is None:
            say("no supervisor has this database; start one", as_json=as_json, released=False)
            return
        who = f"process {held.pid} on {held.host} (state folder {held.state_dir}, since {held.claimed_at:%F %T} UTC)"
        if held.host == host_name():
            fail(
                f"{who} is on this host: a supervisor that starts here takes over from a dead one by itself, "
                "and a living one is to be stopped first",
                as_json=as_json,
            )
        if not yes:
            _confirm(who, as_json)
        if not here.console.release_claim(held):
            fail("the claim has changed meanwhile; look again", as_json=as_json)
        say(f"released the claim of {who}; start the supervisor here", as_json=as_json, released=True, host=held.host)


def _confirm(who: str, as_json: bool) -> None:
    question = (
        f"{who} did not release this database. If it, or one of its workers, still runs, bots will trade twice. "
        "Is that host gone for good?"
    )
    try:
        sure = not as_json and typer.confirm(question)
    except typer.Abort:
        sure = False
    if not sure:
        fail("nothing was released; add --yes when you are sure", as_json=as_json)
