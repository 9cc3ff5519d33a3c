"""What `botctl backtest` and `botctl replay` have in common: their options, what they trade, how they show it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from common.errors import ConfigurationError
from common.spec import BotSpec, Problem, read_spec
from common.trading.round_trip import RoundTrip
from common.wire.backtest import BacktestDone, BarsDone
from common.wire.ticket import RowFacts
from supervisor.cli.backtest_page import page_of
from supervisor.cli.backtest_report import report_of
from supervisor.cli.backtest_view import print_report
from supervisor.cli.history import History, over_history
from supervisor.cli.output import PIPE_WIDTH, print_json
from supervisor.cli.session import session
from supervisor.cli.setup import examine, read_json, report_problems
from supervisor.settings import Settings

Target = Annotated[str, typer.Argument(metavar="BOT|FILE", help="Id or name of a bot, or a JSON file with a config.")]
Data = Annotated[Path | None, typer.Option("--data", help="Candle file to trade; the bot's own data without it.")]
From = Annotated[str | None, typer.Option("--from", help="First bar, ISO date or time, inclusive.")]
To = Annotated[str | None, typer.Option("--to", help="Last bar, inclusive; a bare date means its whole day.")]
Bars = Annotated[int | None, typer.Option("--bars", min=1, help="Number of bars, warm-up included; simulated market.")]
Fees = Annotated[float | None, typer.Option("--fees", help="Commission, fraction of each side: 0.001 is 0.1 %.")]
Slippage = Annotated[
    float | None,
    typer.Option("--slippage", help="Market orders and stops fill this fraction worse, times a seeded 0.5 … 1.5."),
]
Html = Annotated[Path | None, typer.Option("--html", help="Where to write the page; a name made of the bot's without.")]
NoHtml = Annotated[bool, typer.Option("--no-html", help="Write no page.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A config that can be traded over a history that has an end."""

    spec: BotSpec
    config: dict[str, Any]
    row: RowFacts
    warnings: tuple[Problem, ...]


def prepare(settings: Settings, target: str, history: History, *, as_json: bool) -> Trial:
    """Find and examine what is to be traded. What is wrong with it is printed and ends the command with 1.

    Raises ConfigurationError.
    """
    if history.bars is not None and history.end is not None:
        raise ConfigurationError("--bars and --to both say where history ends; give one of them")
    config, row = _found(target, as_json=as_json)
    draft = read_spec(config, row).draft
    if draft is not None:
        config = over_history(draft.raw, history)
    reading = examine(settings, config, row)
    spec = reading.spec
    if spec is None:
        report_problems(reading, target, as_json=as_json)
        raise typer.Exit(1)
    _refuse_endless(spec, history)
    config = {**spec.raw, "name": spec.name}
    return Trial(spec=spec, config=config, row=row, warnings=reading.warnings)


def _found(target: str, *, as_json: bool) -> tuple[Any, RowFacts]:
    if Path(target).is_file():
        return read_json(Path(target)), RowFacts(bot_id=0)
    with session(as_json) as here:
        row = here.console.find(target)
    return row.config, RowFacts(bot_id=row.id, user_id=row.user_id, description=row.description)


def _refuse_endless(spec: BotSpec, history: History) -> None:
    if spec.data.source not in ("file", "simulated"):
        raise ConfigurationError(
            f"the bot's data comes from {spec.data.source}, which has no history here; give a candle file with --data"
        )
    if spec.data.source == "file" and history.bars is not None:
        raise ConfigurationError("--bars counts bars of the simulated market; cut a file with --from and --to")
    if spec.data.source == "simulated" and spec.data.todate is None:
        raise ConfigurationError("the simulated market has no end: give --to or --bars (or a file with --data)")


class Bar:
    """A progress bar on stderr; nothing where that is no terminal."""

    def __init__(self, what: str, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=None, at="")

    def show(self, done: BarsDone) -> None:
        """How far it is."""
        at = "" if done.bar_at is None else f"{done.bar_at:%Y-%m-%d %H:%M}"
        self._progress.update(self._task, completed=done.bars, total=done.total, at=at)


@contextmanager
def bar_of(what: str) -> Iterator[Bar]:
    """A bar that is gone when the work is done."""
    terminal = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[at]}")
    with Progress(
        *columns, TimeRemainingColumn(), console=terminal, transient=True, disable=not terminal.is_terminal
    ) as progress:
        yield Bar(what, progress)


def show(
    trial: Trial,
    trades: Sequence[RoundTrip],
    done: BacktestDone,
    *,
    page: Path | None,
    as_json: bool,
    remarks: Sequence[str] = (),
) -> None:
    """Write the page, if any, and print the report. Raises ConfigurationError when the page cannot be written."""
    report = report_of(trial.spec, trades, done.equity, done.denials)
    if page is not None:
        try:
            page.write_text(page_of(report, trades, done), encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"{page} cannot be written: {error.strerror}; name another with --html") from None
    if as_json:
        report["html"] = None if page is None else str(page)
        report["warnings"] = [problem.model_dump() for problem in trial.warnings]
        print_json(report)
        return
    told = Console(stderr=True)
    for line in (*(f"{problem.path}: {problem.message}" for problem in trial.warnings), *remarks):
        told.print(line, style="yellow", highlight=False, markup=False, soft_wrap=True)
    console = Console()
    print_report(report, console if console.is_terminal else Console(width=PIPE_WIDTH))
    if page is not None:
        console.print(f"\npage: {page}", highlight=False, markup=False, soft_wrap=True)


def page_path(html: Path | None, no_html: bool, kind: str, spec: BotSpec) -> Path | None:
    """Where the page goes; None when there shall be none."""
    if no_html:
        return None
    named = re.sub(r"[^\w.-]+", "-", spec.name).strip("-.").lower() or "bot"
    return html or Path(f"{kind}-{named}.html")
