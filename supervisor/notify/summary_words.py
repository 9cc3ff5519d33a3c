"""A summary of a period in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervisor.notify.figures import money, number_of, percent

_LENGTH = {"hourly": 16, "daily": 10, "weekly": 10, "monthly": 7}
"""Characters of the ISO time of its beginning that name a period."""


def report_title(name: str, facts: Mapping[str, Any]) -> str:
    """Such as `Daily summary 2026-11-24: Dip buyer`."""
    period = str(facts.get("period"))
    begin = str(facts.get("begin"))[: _LENGTH.get(period, 10)].replace("T", " ")
    return f"{period.capitalize()} summary {'from ' if period == 'weekly' else ''}{begin}: {name}"


def report_body(name: str, facts: Mapping[str, Any]) -> tuple[str, list[str]]:
    """What a phone shows, and the lines below."""
    trades, wins = int(facts.get("trades") or 0), int(facts.get("wins") or 0)
    balance = money(number_of(facts.get("balance")))
    pnl = number_of(facts.get("net_pnl"))
    if trades == 0:
        body = f"[{name}] no trades closed, balance {balance}"
    else:
        rate = f"{wins / trades * 100:.1f}%"
        body = (
            f"[{name}] {trades} trade{'' if trades == 1 else 's'}, {wins} won ({rate}), "
            f"net P&L {money(pnl, signed=True)}, balance {balance}"
        )
    details = [
        f"From {str(facts.get('begin'))[:16].replace('T', ' ')} to {str(facts.get('end'))[:16].replace('T', ' ')} UTC",
        f"Open positions now: {facts.get('open_trades', 0)}",
    ]
    if trades:
        best, worst = (
            money(number_of(facts.get("best")), signed=True),
            money(number_of(facts.get("worst")), signed=True),
        )
        details += [
            f"Wins {wins}, losses {facts.get('losses', 0)}, fees {money(number_of(facts.get('fees')))}",
            f"Best trade {best}, worst {worst}, mean {percent(number_of(facts.get('mean_pct')))}",
        ]
    return body, details
