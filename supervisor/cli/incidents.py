"""`botctl incidents`: what went wrong, of which class, and what was done about it."""

from __future__ import annotations

from typing import Annotated

import typer

from supervisor.cli.options import AnyBot, Json, Limit
from supervisor.cli.output import fail, print_json, say, show
from supervisor.cli.session import Session, session

_INCIDENTS = {
    "at": "When",
    "bot_id": "Bot",
    "incarnation": "Life",
    "severity": "Severity",
    "category": "Class",
    "error_class": "What",
    "message": "What happened",
}
_RECOVERIES = {
    "began_at": "Began",
    "ended_at": "Ended",
    "bot_id": "Bot",
    "incarnation": "Life",
    "category": "Class",
    "strategy": "Done",
    "attempt": "Try",
    "outcome": "Outcome",
    "detail": "Why",
}
_RATES = {
    "category": "Class",
    "count": "Recoveries",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "pending": "Pending",
    "success_rate": "Success rate",
}
_COUNTS = {"bot_id": "Bot", "category": "Class", "errors": "Errors", "last_at": "Last"}


def incidents(
    bot: AnyBot = None,
    recoveries: Annotated[
        bool, typer.Option("--recoveries", help="What was done about errors, and whether it helped, instead.")
    ] = False,
    counts: Annotated[bool, typer.Option("--counts", help="How many errors of each bot and class, instead.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """What an operator should read, newest first."""
    if recoveries and counts:
        fail("--recoveries and --counts are two different lists; ask for one of them", as_json=as_json)
    with session(as_json) as here:
        bot_id = None if bot is None else here.console.find(bot).id
        if recoveries:
            _show_recoveries(here, bot_id, limit, as_json=as_json)
        elif counts:
            show(here.console.error_counts(bot_id), _COUNTS, as_json=as_json, empty="no errors")
        else:
            show(here.console.incidents(bot_id, limit), _INCIDENTS, as_json=as_json, empty="no incidents")


def _show_recoveries(here: Session, bot_id: int | None, limit: int | None, *, as_json: bool) -> None:
    attempts, rates = here.console.recoveries(bot_id, limit), here.console.recovery_rates(bot_id)
    if as_json:
        print_json({"attempts": attempts, "classes": rates})
        return
    show(attempts, _RECOVERIES, as_json=False, empty="no recoveries")
    if rates:
        say("")
        show(rates, _RATES, as_json=False, empty="")
