"""How late a bar is when the market trades a thousand times a second: from its end to the strategy being asked.

A whole service with one bot on paper at the stand-in exchange, which runs in a process of its own and tells every
trade on the stream. The strategy is a plugin that notes when it is asked about which bar.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from benchmarks.figure import Figure, Spread
from benchmarks.installation import Installation
from benchmarks.stand_in import stand_in_exchange
from benchmarks.waiting import wait_for

SECONDS = 60
TICKS = 1000
PLUGIN = '''"""A strategy that notes when it is asked about which bar."""

import pathlib
from datetime import UTC, datetime

from worker.strategies.contract import BotStrategy

NOTES = pathlib.Path(__file__).parent / "bars"


class TakesNotes(BotStrategy):
    def on_bar(self) -> None:
        with NOTES.open("a") as notes:
            notes.write(f"{self.desk.bar_time.isoformat()} {datetime.now(UTC).isoformat()}\\n")
'''


def measure(context: Context) -> list[Figure]:
    """The lag of every bar; fails when one is missing or came twice."""
    plugins = context.folder / "note-taking"
    plugins.mkdir()
    (plugins / "takes_notes.py").write_text(PLUGIN)
    setup = context.folder / "thousand-ticks.json"
    setup.write_text(json.dumps({"tick_seconds": 1 / TICKS}))
    with stand_in_exchange("--setup", str(setup)) as about:
        lags = _lags(context, plugins, about, 10 if context.quick else SECONDS)
    label = f"bar at {TICKS:,} trades a second: from its end to the strategy"
    return [
        _figure("bar-lag", f"{label}, median", lags, lags.median),
        _figure("bar-lag-most", "the same, longest", lags, lags.values[-1], at_most=1000),
    ]


def _figure(name: str, label: str, lags: Spread, value: float, at_most: float | None = None) -> Figure:
    return Figure(
        name=name, label=label, value=value, unit="ms", at_most=at_most, detail=lags.text(), samples=lags.as_json()
    )


def _lags(context: Context, plugins: Path, about: dict[str, Any], seconds: int) -> Spread:
    options = json.dumps(about["broker"]["ccxt"])
    place = Installation(
        context.databases.create("sqlite"), BOTVISOR_PLUGIN_DIRS=str(plugins), BOTVISOR_CCXT_BINANCE=options
    )
    notes = plugins / "bars"
    with place, place.database.session() as session:
        session.insert_bots([_config()], "enabled")
        place.until_all_trade(session, 1, place.start(), within=60)
        wait_for("enough bars", lambda: len(_read(notes)) >= seconds, within=seconds + 60)
        read = _read(notes)
    for (earlier, _), (later, _) in pairwise(read):
        if (later - earlier).total_seconds() != 1:
            raise RuntimeError(f"after the bar of {earlier} came that of {later}")
    return Spread.of([1000 * ((asked - opened).total_seconds() - 1) for opened, asked in read])


def _read(notes: Path) -> list[tuple[datetime, datetime]]:
    lines = notes.read_text().splitlines(keepends=True) if notes.exists() else []
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(datetime.fromisoformat(opened), datetime.fromisoformat(asked)) for opened, asked in whole]


def _config() -> dict[str, Any]:
    return {
        "name": "note taker",
        "symbol": "BTC/USDT",
        "broker": {"type": "binance", "trading_mode": "paper", "cash": 5000},
        "strategy": {"type": "TakesNotes", "parameters": {}},
        "data": {"data_source": "binance", "interval": "1s", "lookback_bars": 30},
    }
