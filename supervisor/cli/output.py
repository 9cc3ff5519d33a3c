"""How `botctl` prints: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from itertools import compress
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_STATUS_STYLE = {
    "running": "green",
    "starting": "cyan",
    "stopping": "cyan",
    "restarting": "cyan",
    "paused": "yellow",
    "error": "bold red",
    "disabled": "dim",
    "stopped": "dim",
    "closed": "dim",
    "filled": "green",
    "rejected": "red",
    "critical": "bold red",
    "warning": "yellow",
}
PIPE_WIDTH = 400
"""Columns of a report where the output is no terminal."""
_LOOSE = frozenset(
    {"Last error", "Last end", "Why", "What happened", "What to do", "Rule", "Given", "Meaning", "About"}
)
"""Columns of sentences: they take what width is left, and wrap."""
_NUMERIC = (
    "pnl",
    "p&l",
    "price",
    "size",
    "balance",
    "value",
    "quantity",
    "commission",
    "percent",
    "%",
    "errors",
    "trades",
)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, default=_plain, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def show(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool, empty: str) -> None:
    """Rows as JSON (all keys) or as a table of `columns` (key → heading); a terminal is spared the empty ones."""
    if as_json:
        print_json(list(rows))
        return
    console = Console()
    if not rows:
        console.print(empty, style="dim")
        return
    cells = [[_cell(key, row.get(key)) for key in columns] for row in rows]
    headings = list(columns.values())
    if console.is_terminal:
        filled = [any(row[place].cell_len for row in cells) for place in range(len(headings))]
        headings = list(compress(headings, filled))
        cells = [list(compress(row, filled)) for row in cells]
    else:
        console = Console(width=_whole([[Text(heading) for heading in headings], *cells]))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        numeric = any(word in heading.lower() for word in _NUMERIC)
        loose = heading in _LOOSE
        table.add_column(
            heading,
            justify="right" if numeric else "left",
            overflow="ellipsis" if loose else "fold",
            no_wrap=not loose or not console.is_terminal,
            ratio=1 if loose else None,
        )
    for row in cells:
        table.add_row(*row)
    console.print(table)


def say(message: str, *, as_json: bool = False, **facts: Any) -> None:
    """A sentence about what was done; with --json the facts instead."""
    if as_json:
        print_json({"message": message, **facts})
    else:
        Console().print(message, highlight=False, markup=False, soft_wrap=True)


def fail(message: str, *, as_json: bool = False, code: int = 1, **facts: Any) -> NoReturn:
    """Say what is wrong and end with a non-zero exit code."""
    if as_json:
        print_json({"error": message, **facts})
    else:
        Console(stderr=True).print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, as a person says it: 3s, 5m, 2h, 4d."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size * 60 // size if unit != 'd' else ''}".split(" ")[0]
    return f"{seconds}s"


def _whole(rows: Sequence[Sequence[Text]]) -> int:
    """Width of a table none of whose cells is cut: whoever reads a pipe wants whole cells."""
    return sum(max(cell.cell_len for cell in column) + 2 for column in zip(*rows, strict=True))


def _cell(key: str, value: Any) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, Decimal):
        short = value.quantize(Decimal("0.0001")) if value.adjusted() >= 2 else value
        return Text(_money(short), style="red" if value < 0 and "pnl" in key else "")
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return Text(moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M"))
    text = str(value.value if isinstance(value, Enum) else value)
    return Text(text, style=_STATUS_STYLE.get(text, ""))


def _money(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _money(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value)
