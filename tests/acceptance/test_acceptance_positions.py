"""Positions and metrics say what the executions amount to, whoever dies on the way."""

from __future__ import annotations

import itertools
from decimal import Decimal

import psutil
import pytest
from builders import a_bot
from recomputing import assert_metrics_true, assert_positions_true
from recorded_bots import needs_recordings, often
from world import World

ROUGH = {
    "base_slippage": 0.0005,
    "slippage_model": "fixed",
    "partial_fill_probability": 0.5,
    "reject_probability": 0.02,
}


@needs_recordings
@pytest.mark.slow
def test_a_bot_that_is_killed_again_and_again_keeps_true_positions_and_metrics(world: World) -> None:
    """Half of its orders fill in pieces, at prices worse than asked for."""
    base = often()
    config = base | {
        "broker": base["broker"] | {"paper_trading_config": ROUGH},
        "data": base["data"] | {"speed": 700_000, "seed": 5},
    }
    bot_id = world.insert_bot(config)
    world.start()
    (pid,) = world.until_running(bot_id)
    for _ in range(3):
        world.until_more_trades(bot_id, 10)
        psutil.Process(pid).kill()
        pid = world.until_replaced(bot_id, pid)
    world.until_finished(bot_id)
    pieces = world.database.rows(
        "SELECT client_order_id FROM trading_fills WHERE bot_id = ? GROUP BY client_order_id HAVING count(*) > 1",
        bot_id,
    )
    assert len(pieces) > 20
    assert_positions_true(world, bot_id)
    assert_metrics_true(world, bot_id, Decimal(10_000))


@pytest.mark.slow
def test_metrics_are_written_in_between_while_they_change(lite_world: World) -> None:
    """A position that is held for long moves the drawdown; a bot that is off has no figures."""
    config = a_bot(
        strategy={"parameters": {"exit_logic": {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 100_000}}}},
        data={"speed": 6000},
    )
    holding = lite_world.insert_bot(config)
    off = lite_world.insert_bot(config, status="disabled")
    lite_world.start(BOTVISOR_METRICS_INTERVAL="0.1")
    lite_world.until_running(holding)
    question = "SELECT metrics FROM trading_performance_metrics WHERE bot_id = ? ORDER BY id"
    lite_world.wait("scheduled metrics", lambda: len(lite_world.database.rows(question, holding)) >= 3)
    assert lite_world.stop() == 0
    figures = [row["metrics"] for row in lite_world.database.rows(question, holding)]
    assert {each["total_trades"] for each in figures} == {0}
    told = [{name: value for name, value in each.items() if name != "last_updated"} for each in figures]
    assert all(one != other for one, other in itertools.pairwise(told)), "only what changed is written"
    assert lite_world.database.rows(question, off) == []
