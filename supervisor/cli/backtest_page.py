"""A report as one HTML page that needs no network: figures as text, equity, drawdown and trades drawn by its script."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

from common.trading.round_trip import RoundTrip
from common.wire.backtest import BacktestDone
from supervisor.cli.backtest_view import (
    Figure,
    conditions_line,
    headline,
    money,
    open_trade_line,
    sections_of,
)

_TEMPLATE = "backtest_page.html"


def page_of(report: dict[str, Any], trades: Sequence[RoundTrip], done: BacktestDone) -> str:
    """The page's text."""
    data = {
        "bars": [_short(point) for point in done.chart],
        "barsPerPoint": done.bars_per_point,
        "start": float(report["conditions"]["start_balance"]),
        "trades": _trades(trades, done),
    }
    parts = {
        "title": escape(headline(report)),
        "conditions": escape(f"{report['data']}; {conditions_line(report)}"),
        "sections": "\n".join(_section(title, figures) for title, figures in sections_of(report)),
        "reasons": _reasons(report["exit_reasons"]),
        "notes": "".join(f"<p>{escape(note)}</p>" for note in _notes(report, done) if note),
        "data": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    }
    page = (files("supervisor.cli") / _TEMPLATE).read_text(encoding="utf-8")
    before, *rest = page.split("{{")
    filled = [before]
    for piece in rest:
        name, _, after = piece.partition("}}")
        filled += (parts[name.strip()], after)
    return "".join(filled)


def _trades(trades: Sequence[RoundTrip], done: BacktestDone) -> list[list[Any]]:
    """[entry point, entry price, exit point, exit price, net, percent, reason, entry ms, exit ms, size] each."""
    stamps = [point[0] for point in done.chart]

    def place(milliseconds: int) -> int:
        return max(0, bisect_right(stamps, milliseconds) - 1)

    rows: list[list[Any]] = []
    for trade in trades:
        entered = _milliseconds(trade.entry_time)
        row = [place(entered), float(trade.entry_price), None, None, None, None, None, entered, None, str(trade.size)]
        if trade.exit_time is not None and trade.exit_price is not None:
            left = _milliseconds(trade.exit_time)
            net, percent = float(trade.net_pnl or 0), float(trade.pnl_percentage or 0)
            row[2:7] = [place(left), float(trade.exit_price), net, percent, trade.exit_reason]
            row[8] = left
        rows.append(row)
    return rows


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _short(point: Sequence[float]) -> list[float]:
    """Numbers with as many digits as a picture can show."""
    return [point[0], *(float(f"{value:.10g}") for value in point[1:])]


def _section(title: str, figures: Sequence[Figure]) -> str:
    rows = "".join(
        f'<tr><th>{escape(figure.label)}</th><td class="{figure.tone}">{escape(figure.value)}</td></tr>'
        for figure in figures
    )
    return f"<section><h2>{escape(title)}</h2><table>{rows}</table></section>"


def _reasons(reasons: Sequence[dict[str, Any]]) -> str:
    if not reasons:
        return ""
    rows = "".join(
        f"<tr><th>{escape(reason['reason'])}</th><td>{reason['trades']}</td><td>{reason['wins']}</td>"
        f'<td class="{"good" if reason["net_pnl"] > 0 else "bad"}">{escape(money(reason["net_pnl"]))}</td></tr>'
        for reason in reasons
    )
    head = "<tr><th></th><td>Trades</td><td>Won</td><td>Net</td></tr>"
    return f'<section><h2>Exit reasons</h2><table class="wide">{head}{rows}</table></section>'


def _notes(report: dict[str, Any], done: BacktestDone) -> tuple[str, ...]:
    refused = ", ".join(f"{rule} {count}" for rule, count in report["denials"].items())
    summed = done.bars_per_point
    return (
        open_trade_line(report),
        f"Entries refused: {refused}" if refused else "",
        f"Each candle sums up {summed} bars; the figures are of all bars." if summed > 1 else "",
    )
