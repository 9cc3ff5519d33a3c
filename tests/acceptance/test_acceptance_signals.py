"""TRD: a signal is checked, asked of the limits, decided and traded under one id; a refused one is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders import a_bot, a_csv, candles_of
from database import moment
from world import World

PLUGIN = '''
"""Emits sound and unsound signals by the number of the bar."""

from datetime import timedelta

from worker.strategies.contract import BotStrategy, Signal


class Emitter(BotStrategy):
    """What each bar asks for stands in `bars` of the parameters."""

    def on_bar(self):
        for change in self.spec.strategy.parameters["bars"].get(str(self.desk.bar_number), []):
            late = change.pop("hours_late", 0)
            values = {
                "side": "buy",
                "symbol": self.spec.symbol,
                "price": self.data.close[0],
                "time": self.desk.bar_time - timedelta(hours=late),
                "reason": "emitted",
            }
            self.desk.signal(Signal(**values | change))
'''
BARS: dict[str, list[dict[str, Any]]] = {
    "1": [{"quantity": -5}],
    "2": [{"hours_late": 48}],
    "3": [{"side": "sell"}],
    "4": [{"symbol": "DOGEUSDT"}],
    "5": [{"signal_id": "one", "quantity": 2}, {"signal_id": "two", "quantity": 2}],
    "7": [{"side": "sell"}],
    "9": [{"signal_id": "one"}],
}
REFUSED = ["signal_size", "signal_stale", "signal_short", "signal_symbol", "signal_duplicate", "signal_duplicate"]
BOTH_WAYS = ["signal", "validated", "risk", "decision", "order", "fill", "position"] * 2


def run_emitter(world: World, folder: Path, bars: dict[str, list[dict[str, Any]]], **settings: str) -> int:
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "emitter.py").write_text(PLUGIN)
    csv = a_csv(folder / "m.csv", candles_of([100.0 + i / 10 for i in range(14)]))
    bot_id = world.insert_bot(a_bot(csv, strategy={"type": "Emitter", "parameters": {"bars": bars}}))
    world.start(BOTVISOR_PLUGIN_DIRS=str(plugins), **settings)
    world.until_finished(bot_id)
    return bot_id


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_unsound_signals_make_no_order_and_are_recorded_with_their_reason(world: World, tmp_path: Path) -> None:
    bot_id = run_emitter(world, tmp_path, BARS)
    denials = world.database.rows("SELECT * FROM trading_denials WHERE bot_id = ? ORDER BY id", bot_id)
    assert [row["rule"] for row in denials] == REFUSED
    assert "quantity -5 is not a finite number above 0" in denials[0]["message"]
    assert len({row["correlation_id"] for row in denials}) == len(REFUSED)
    orders = world.database.rows("SELECT * FROM trading_orders WHERE bot_id = ? ORDER BY id", bot_id)
    assert [(row["side"], row["status"]) for row in orders] == [("buy", "filled"), ("sell", "filled")]
    assert not {row["correlation_id"] for row in orders} & {row["correlation_id"] for row in denials}
    shown = world.ask("orders", str(bot_id), "--denied")
    assert sorted(row["rule"] for row in shown) == sorted(REFUSED)
    assert all(row["message"] and row["correlation_id"] for row in shown)


def test_one_correlation_id_leads_through_every_stage_table_and_process(lite_world: World, tmp_path: Path) -> None:
    bot_id = run_emitter(lite_world, tmp_path, BARS, BOTVISOR_LOG_LEVEL="DEBUG")
    (trade,) = lite_world.trades(bot_id)
    told = trade["extra_metadata"]["correlation_id"]
    for question in (
        "SELECT correlation_id FROM trading_orders WHERE bot_id = ?",
        "SELECT correlation_id FROM trading_orders JOIN trading_fills USING (client_order_id, bot_id) WHERE bot_id = ?",
    ):
        assert {row["correlation_id"] for row in lite_world.database.rows(question, bot_id)} == {told}
    position = lite_world.database.row("SELECT * FROM trading_positions WHERE bot_id = ?", bot_id)
    assert position["extra_metadata"] == {"correlation_id": told}
    assert moment(position["closed_at"]) == moment(trade["exit_time"])
    assert lite_world.stop() == 0
    lines = [line for path in lite_world.logs.rglob("*.jsonl") for line in lines_of(path)]
    about = [line for line in lines if line.get("correlation_id") == told]
    own = [
        line
        for line in lines_of(lite_world.logs / "bots" / f"bot-{bot_id}.jsonl")
        if line.get("correlation_id") == told
    ]
    assert [line["stage"] for line in own] == [*BOTH_WAYS, "metrics"]
    assert {line["process"] for line in about} == {"worker", "supervisor"}
    recorded = [line["message"] for line in about if line["process"] == "supervisor"]
    assert any("closed trade" in message for message in recorded), recorded
    (refusal,) = lite_world.database.rows("SELECT * FROM trading_denials WHERE rule = 'signal_stale'")
    stages = [line for line in lines if line.get("correlation_id") == refusal["correlation_id"]]
    assert {line.get("stage") for line in stages if line["process"] == "worker"} == {"signal", "decision"}
    assert any(line["process"] == "supervisor" for line in stages)


def test_without_debug_a_trade_costs_the_two_lines_that_a_trader_reads(lite_world: World, tmp_path: Path) -> None:
    bot_id = run_emitter(lite_world, tmp_path, {"5": [{}], "7": [{"side": "sell"}]})
    (trade,) = lite_world.trades(bot_id)
    assert lite_world.stop() == 0
    own = [line for line in lines_of(lite_world.logs / "bots" / f"bot-{bot_id}.jsonl") if line.get("stage")]
    assert [line["stage"] for line in own] == ["position", "position"]
    assert {line["correlation_id"] for line in own} == {trade["extra_metadata"]["correlation_id"]}
