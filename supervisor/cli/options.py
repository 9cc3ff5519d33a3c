"""Arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]
BotName = Annotated[str, typer.Argument(metavar="BOT", help="Id or name of the bot.")]
AnyBot = Annotated[str | None, typer.Argument(metavar="[BOT]", help="Id or name of the bot; all bots without it.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Print at most this many, newest first.")]
