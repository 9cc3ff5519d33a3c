"""`botctl notify` and `botctl ack`: where news goes, whether it gets there, what was told, and taking note."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import typer

from supervisor.cli.options import AnyBot, Json, Limit
from supervisor.cli.output import fail, print_json, say, show
from supervisor.cli.session import Session, session
from supervisor.notify import directory
from supervisor.notify.directory import Entry
from supervisor.notify.parcel import Parcel, Receipt
from supervisor.notify.phrasing import Message
from supervisor.notify.sender import AppriseSender
from supervisor.notify.terms import Terms, service_of, terms_of
from supervisor.notify.wishes import wishes_of
from supervisor.store.bots import BotRow

app = typer.Typer(no_args_is_help=True, help="Where news goes, and whether it gets there.")

_TARGETS = {"whose": "For", "target": "Target", "health": "Health", "last_success": "Last success", "error": "Why"}
_TRIED = {"whose": "For", "target": "Target", "result": "Result", "seconds": "Seconds", "error": "Why"}
_NEWS = {
    "at": "When",
    "bot_id": "Bot",
    "kind": "Kind",
    "state": "State",
    "target": "Target",
    "attempts": "Tries",
    "message": "What happened",
    "last_error": "Last error",
}
_OPEN = {"at": "When", "bot_id": "Bot", "message": "What happened"}
_AT_ONCE = 8


@app.command("test")
def try_targets(bot: AnyBot = None, as_json: Json = False) -> None:
    """Send a test message to every target of the service, or of a bot, now; says of each what became of it."""
    with session(as_json) as here:
        terms = terms_of(here.settings)
        entries = _entries(here, None if bot is None else here.console.find(bot), terms)
    if not entries:
        fail(_no_target(bot), as_json=as_json)
    message = Message("botvisor test", "This is a test of botvisor's notifications; nothing happened.")
    sender = AppriseSender(terms.telegram_api)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        receipts = list(pool.map(lambda entry: _try(sender, entry, message, terms.timeout), entries))
    rows = [_tried(entry, receipt) for entry, receipt in zip(entries, receipts, strict=True)]
    show(rows, _TRIED, as_json=as_json, empty="")
    if not all(receipt.delivered for receipt in receipts):
        raise typer.Exit(1)


def _no_target(bot: str | None) -> str:
    if bot is None:
        return "no target is named; set BOTVISOR_NOTIFY_URLS, or BOTVISOR_SMTP_URL and an administrator's address"
    return "this bot's config enables no channel; set email_enabled, telegram_enabled or webhook_enabled, or name urls"


def _entries(here: Session, row: BotRow | None, terms: Terms) -> list[Entry]:
    service = service_of(here.settings)
    if row is None:
        return list(directory.of_service(service, here.console.administrators(), terms))
    wishes = wishes_of(row.id, row.config, row.description)
    if wishes is None:
        return []
    return list(directory.of_bot(wishes, here.console.owner_of(row.id), service, terms))


def _try(sender: AppriseSender, entry: Entry, message: Message, timeout: float) -> Receipt:
    if entry.url is None:
        return Receipt(False, entry.lacks)
    payload = {"event": "test", "topic": "test", "priority": "NORMAL"}
    return sender.send(Parcel(url=entry.url, message=message, payload=payload, timeout=timeout))


def _tried(entry: Entry, receipt: Receipt) -> dict[str, Any]:
    return {
        "whose": entry.whose,
        "target": entry.shown,
        "result": "delivered" if receipt.delivered else "not sent" if entry.url is None else "failed",
        "seconds": round(receipt.seconds, 2),
        "error": receipt.error,
    }


@app.command("targets")
def targets(as_json: Json = False) -> None:
    """Every target that the settings and the bots name, and how it did when it was last tried."""
    with session(as_json) as here:
        show(list_targets(here), _TARGETS, as_json=as_json, empty="no targets")


def list_targets(here: Session) -> list[dict[str, Any]]:
    """Rows of the targets, those of the service first."""
    terms = terms_of(here.settings)
    rows: Sequence[BotRow | None] = [None, *here.console.rows()]
    entries = [entry for row in rows for entry in _entries(here, row, terms)]
    health = here.console.target_health()
    sender = AppriseSender(terms.telegram_api)
    return [_target(entry, health, sender) for entry in entries]


def _target(entry: Entry, health: dict[str, dict[str, Any]], sender: AppriseSender) -> dict[str, Any]:
    known = health.get(entry.address.ref, {}) if entry.address is not None else {}
    problem = entry.lacks or (sender.problem(entry.url) if entry.url is not None else None)
    return {
        "whose": entry.whose,
        "target": entry.shown,
        "health": "UNUSABLE" if problem else known.get("status", "UNKNOWN"),
        "last_success": known.get("last_success"),
        "error": problem or known.get("error_message"),
    }


@app.command("list")
def list_news(
    bot: AnyBot = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only deliveries that are waiting, sending, delivered, failed or cancelled."),
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """What was told, to whom, and what became of it, newest first."""
    with session(as_json) as here:
        bot_id = None if bot is None else here.console.find(bot).id
        show(here.console.news(bot_id, state, limit), _NEWS, as_json=as_json, empty="no news")


def ack(bot: AnyBot = None, as_json: Json = False) -> None:
    """Take note of what is critical (of one bot, or of all), so that nobody is told of it again."""
    with session(as_json) as here:
        bot_id = None if bot is None else here.console.find(bot).id
        found = here.console.acknowledge(bot_id, getpass.getuser())
    if as_json:
        print_json(found)
    elif found:
        show(found, _OPEN, as_json=False, empty="")
        say(f"{len(found)} acknowledged")
    else:
        say("nothing waits to be acknowledged")
