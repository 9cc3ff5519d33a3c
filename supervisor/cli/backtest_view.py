"""A report as a person reads it on a terminal: sections of labelled figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a section."""

    label: str
    value: str
    tone: str = ""
    """good, bad or nothing."""


Section = tuple[str, tuple[Figure, ...]]


def sections_of(report: dict[str, Any]) -> tuple[Section, ...]:
    """The figures in the order people look for them, worded."""
    figures = report["figures"]
    result = (
        Figure("Net P&L of closed trades", money(figures["net_pnl"]), _tone(figures["net_pnl"])),
        Figure("Gross P&L", money(figures["gross_pnl"])),
        Figure("Fees", money(figures["fees"])),
        Figure("Return of closed trades", percent(figures["closed_return_pct"]), _tone(figures["closed_return_pct"])),
        Figure("Equity at the end", money(figures["end_equity"])),
        Figure("Return with the open trade", percent(figures["return_pct"]), _tone(figures["return_pct"])),
        Figure("Buy and hold", percent(figures["buy_and_hold_pct"])),
    )
    risk = (
        Figure("Max drawdown", percent(figures["max_drawdown_pct"])),
        Figure("Longest drawdown", duration(figures["longest_drawdown_seconds"])),
        Figure("Sharpe", ratio(figures["sharpe"])),
        Figure("Sortino", ratio(figures["sortino"])),
        Figure("Exposure", percent(figures["exposure_pct"])),
        Figure("Days", str(figures["days"])),
        Figure("Bars", f"{figures['bars']:,}"),
    )
    trades = (
        Figure("Trades", f"{figures['trades']:,}"),
        Figure("Won / lost", f"{figures['wins']:,} / {figures['losses']:,}"),
        Figure("Win rate", percent(figures["win_rate"])),
        Figure("Profit factor", ratio(figures["profit_factor"])),
        Figure("Average trade", f"{money(figures['average_trade'])} ({percent(figures['average_trade_pct'])})"),
        Figure("Average win / loss", f"{money(figures['average_win'])} / {money(figures['average_loss'])}"),
        Figure("Best / worst", f"{money(figures['best_trade'])} / {money(figures['worst_trade'])}"),
        Figure("Average duration", duration(figures["average_seconds"])),
        Figure("Longest losing streak", str(figures["longest_losing_streak"])),
    )
    return ("Result", result), ("Risk", risk), ("Trades", trades)


def headline(report: dict[str, Any]) -> str:
    """Bot, market and time."""
    return (
        f"{report['bot']}: {report['symbol']} {report['interval']}, {moment(report['from'])} to {moment(report['to'])}"
    )


def conditions_line(report: dict[str, Any]) -> str:
    """What the account was like."""
    said = report["conditions"]
    text = f"start {money(said['start_balance'])}, commission {plain(said['commission_rate'] * 100)} % a side"
    if said["base_slippage"] is None:
        return f"{text}, no slippage"
    model = said["slippage_model"]
    return f"{text}, slippage {plain(said['base_slippage'] * 100)} % × 0.5 … 1.5 ({model}, seed {said['seed']})"


def open_trade_line(report: dict[str, Any]) -> str:
    """The trade that is still open; empty without one."""
    held = report["open_trade"]
    if held is None:
        return ""
    return (
        f"Still open since {moment(held['entry_time'])}: {plain(held['size'])} at {plain(held['entry_price'])}, "
        f"at the last close {plain(held['last_close'])}: {money(held['unrealised_pnl'])} "
        f"({percent(held['unrealised_pct'])}); not among the trades above"
    )


def print_report(report: dict[str, Any], console: Console) -> None:
    """The whole report on a terminal or into a pipe."""
    console.print(Text(headline(report), style="bold"))
    console.print(Text(f"{report['data']}; {conditions_line(report)}", style="dim"))
    console.print()
    console.print(Columns([_table(title, figures) for title, figures in sections_of(report)], padding=(0, 4)))
    console.print()
    if report["exit_reasons"]:
        console.print(_reasons(report["exit_reasons"]))
    held = open_trade_line(report)
    if held:
        console.print(Text(f"\n{held}"))
    if report["denials"]:
        refused = ", ".join(f"{rule} {count}" for rule, count in report["denials"].items())
        console.print(Text(f"\nEntries refused: {refused}"))


def _table(title: str, figures: Iterable[Figure]) -> Table:
    table = Table(box=None, show_header=False, title=title, title_justify="left", title_style="bold", pad_edge=False)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for figure in figures:
        style = {"good": "green", "bad": "red"}.get(figure.tone, "")
        table.add_row(Text(figure.label), Text(figure.value, style=style))
    return table


def _reasons(reasons: Iterable[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Exit reason")
    for heading in ("Trades", "Won", "Net P&L"):
        table.add_column(heading, justify="right")
    for reason in reasons:
        net = reason["net_pnl"]
        style = {"good": "green", "bad": "red"}.get(_tone(net), "")
        cells = reason["reason"], str(reason["trades"]), str(reason["wins"])
        table.add_row(*(Text(cell) for cell in cells), Text(money(net), style=style))
    return table


def money(amount: Decimal | None) -> str:
    """Two decimals, or four significant digits of what is smaller."""
    if amount is None:
        return NOTHING
    if amount == 0 or abs(amount) >= 1:
        return f"{amount:,.2f}"
    return f"{float(amount):.4g}"


def percent(amount: Decimal | None) -> str:
    """Two decimals and the sign."""
    return NOTHING if amount is None else f"{amount:.2f} %"


def ratio(value: Decimal | float | None) -> str:
    """Two decimals."""
    return NOTHING if value is None else f"{value:.2f}"


def plain(amount: Decimal) -> str:
    """All digits that say something."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float | None) -> str:
    """The two largest units, such as `3d 4h`."""
    if seconds is None:
        return NOTHING
    left, parts = round(seconds), []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return " ".join(parts[:2]) or "0s"


def moment(at: datetime | None) -> str:
    """Date and minute, UTC."""
    return NOTHING if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _tone(amount: Decimal | None) -> str:
    if not amount:
        return ""
    return "good" if amount > 0 else "bad"
