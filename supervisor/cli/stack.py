"""`botctl stack`: what the threads of a bot's worker are doing at this moment."""

from __future__ import annotations

import threading
import time
from typing import Annotated, Any

import typer

from supervisor.cli.options import BotName, Json
from supervisor.cli.output import fail, print_json
from supervisor.cli.session import session
from supervisor.control.socket import ask
from supervisor.store.console import name_of

_LOOK_AGAIN = 0.05


def stack(
    bot: BotName,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for the answer.", min=0)] = 5.0,
    as_json: Json = False,
) -> None:
    """Print the Python stacks of all threads of a bot's worker; the worker goes on."""
    with session(as_json) as here:
        row = here.console.find(bot)
        run_dir = here.settings.runtime_dir
        asked = here.told({"do": "stack", "bot": row.id}, as_json=as_json, id=row.id)
        deadline, pause = time.monotonic() + wait, threading.Event()
        text = None
        while text is None and time.monotonic() < deadline:
            answer: dict[str, Any] = ask(run_dir, {"do": "stacks", "bot": row.id, "question": asked["question"]}) or {}
            text = answer.get("text")
            if text is None:
                pause.wait(_LOOK_AGAIN)
        if text is None:
            fail(
                f"bot {row.id} ({name_of(row)}), pid {asked['pid']}, did not answer within {wait:g} s: it is stopped, "
                f"or C code holds its interpreter; the watchdog will replace it and put its stacks into an incident",
                as_json=as_json,
                id=row.id,
                pid=asked["pid"],
            )
        if as_json:
            print_json({"id": row.id, "pid": asked["pid"], "stacks": text})
        else:
            typer.echo(text)
