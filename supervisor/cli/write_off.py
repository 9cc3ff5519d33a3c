"""`botctl write-off`: close a bot's trade in the books, when what it held is not there any more."""

from __future__ import annotations

import threading
import time
from typing import Annotated

import typer

from supervisor.cli.options import BotName, Json
from supervisor.cli.output import fail, say
from supervisor.cli.session import Session, session
from supervisor.store.console import name_of

_LOOK_AGAIN = 0.1


def write_off(
    bot: BotName,
    price: Annotated[str, typer.Option("--price", help="What a unit brought, in quote currency; 0: nothing.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait until it is so.", min=0)] = 15.0,
    as_json: Json = False,
) -> None:
    """Close the open trade of a bot at an exchange in the books alone: what it held was sold or lost elsewhere.

    No order is sent. What rests at the exchange for the trade is taken back first.
    """
    with session(as_json) as here:
        row = here.console.find(bot)
        label = f"bot {row.id} ({name_of(row)})"
        opened = here.console.trades(row.id, "open", 1)
        if not opened:
            fail(f"{label} has no open trade", as_json=as_json, id=row.id)
        if not yes and not as_json:
            held = f"{opened[0]['size']} of {opened[0]['symbol']}"
            typer.confirm(f"{label}: close its trade of {held} in the books at {price}, without an order?", abort=True)
        here.told({"do": "write_off", "bot": row.id, "price": price}, as_json=as_json, id=row.id)
        if not _closes(here, row.id, opened[0]["id"], wait):
            fail(
                f"{label}: its trade is still open after {wait:g} s; it waits until every order is answered. See "
                "`botctl orders`, and ask again",
                as_json=as_json,
                id=row.id,
            )
        say(f"{label}: its trade is closed at {price}", as_json=as_json, id=row.id, trade=opened[0]["id"])


def _closes(here: Session, bot_id: int, trade_id: int, wait: float) -> bool:
    """Whether that trade is closed within `wait` seconds; the bot may have opened another by then."""
    deadline, pause = time.monotonic() + wait, threading.Event()
    while any(trade["id"] == trade_id for trade in here.console.trades(bot_id, "open", None)):
        if time.monotonic() >= deadline:
            return False
        pause.wait(_LOOK_AGAIN)
    return True
