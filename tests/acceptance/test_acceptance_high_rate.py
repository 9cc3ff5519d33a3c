"""A thousand trades of the market in every second: each bar arrives once and is the one the exchange remembers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from effort import THOROUGH
from live_market import ON_PAPER, an_exchange_bot, exchange_for
from world import World

from worker.exchange_sim.sim import ExchangeSim

SECONDS = 60 if THOROUGH else 5
NOTE_TAKER = '''"""A strategy that writes down every bar it is asked about."""

import json
import pathlib

from worker.strategies.contract import BotStrategy

NOTES = pathlib.Path(__file__).parent / "bars.jsonl"


class TakesNotes(BotStrategy):
    def on_bar(self):
        data = self.data
        values = [line[0] for line in (data.open, data.high, data.low, data.close, data.volume)]
        with NOTES.open("a") as notes:
            notes.write(json.dumps([self.desk.bar_time.isoformat(), *values]) + "\\n")
'''


@pytest.fixture
def exchange(lite_world: World) -> Iterator[ExchangeSim]:
    with exchange_for(lite_world, tick_seconds=0.001) as running:
        yield running


def noted(folder: Path) -> list[tuple[datetime, list[float]]]:
    """What the strategy saw; the last line may be half written."""
    notes = folder / "bars.jsonl"
    lines = notes.read_text().splitlines(keepends=True) if notes.exists() else []
    read = [json.loads(line) for line in lines if line.endswith("\n")]
    return [(datetime.fromisoformat(time), values) for time, *values in read]


def remembered(exchange: ExchangeSim, first: datetime, bars: int) -> list[list[float]]:
    """The same bars, asked of the exchange afterwards."""
    since = int(first.timestamp() * 1000)
    question = f"/api/v3/klines?symbol=BTCUSDT&interval=1s&startTime={since}&limit={bars}"
    with urllib.request.urlopen(exchange.address + question, timeout=10) as answer:
        rows: list[list[Any]] = json.load(answer)
    return [[float(value) for value in row[1:6]] for row in rows]


def test_no_bar_is_lost_or_wrong_at_a_thousand_ticks_a_second(
    lite_world: World, exchange: ExchangeSim, tmp_path: Path
) -> None:
    (tmp_path / "takes_notes.py").write_text(NOTE_TAKER)
    config = an_exchange_bot(ON_PAPER) | {"strategy": {"type": "TakesNotes", "parameters": {}}}
    bot_id = lite_world.insert_bot(config)
    lite_world.start(BOTVISOR_PLUGIN_DIRS=str(tmp_path))
    lite_world.until_running(bot_id)
    lite_world.wait("it saw enough bars", lambda: len(noted(tmp_path)) >= SECONDS, SECONDS + 60)
    seen = noted(tmp_path)
    first = seen[0][0]
    assert [time for time, _ in seen] == [first + timedelta(seconds=number) for number in range(len(seen))]
    assert [values for _, values in seen] == remembered(exchange, first, len(seen))
