"""Recorded candles end with the prescribed trades, to the last digit, whoever was killed on the way."""

from __future__ import annotations

import random
import signal

import psutil
import pytest
from builders import a_bot
from judging import assert_traded_as
from recorded_bots import BOTS, ETH_BTC, XRP_USDT, needs_recordings, often
from reference.simulator import simulate
from waiting import holds_for
from world import World

pytestmark = needs_recordings

LASTING = {"speed": 120_000}
"""The recorded twenty days take about fourteen seconds."""


def kill(pid: int) -> None:
    psutil.Process(pid).send_signal(signal.SIGKILL)


def test_every_recorded_bot_ends_with_the_prescribed_trades(fleet: World) -> None:
    configs = {name: make() for name, make in BOTS.items()}
    ids = {name: fleet.insert_bot(config) for name, config in configs.items()}
    fleet.until_finished(*ids.values())
    for name, bot_id in ids.items():
        expected = simulate(configs[name], ETH_BTC)
        assert len(expected.all_trades) > 10, name
        assert_traded_as(fleet, bot_id, expected)


def test_hourly_candles_end_with_the_prescribed_trades(fleet: World) -> None:
    config = a_bot(XRP_USDT, symbol="XRPUSDT", data={"interval": "1h"}, broker={"cash": 100})
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    assert_traded_as(fleet, bot_id, simulate(config, XRP_USDT))


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_twenty_kills_of_the_worker_change_no_digit(world: World) -> None:
    config = often() | {"data": often()["data"] | LASTING}
    bot_id = world.insert_bot(config)
    world.start()
    (pid,) = world.until_running(bot_id)
    chance, kills = random.Random(20), 0
    while kills < 20:
        _let_it_trade(world, chance.uniform(0.2, 0.6))
        kill(pid)
        kills += 1
        dead = pid
        pid = world.until_replaced(bot_id, dead)
    assert world.status(bot_id) != "stopped", "the recording ended before the last kill: the test is too slow a killer"
    world.until_finished(bot_id, within=120)
    assert_traded_as(world, bot_id, simulate(config, ETH_BTC))


def _let_it_trade(world: World, seconds: float) -> None:
    holds_for(seconds, "the supervisor lives", lambda: world.supervisor is not None and world.supervisor.poll() is None)


@pytest.mark.slow
def test_three_quick_kills_change_no_digit(world: World) -> None:
    config = often() | {"data": often()["data"] | {"speed": 600_000}}
    bot_id = world.insert_bot(config)
    world.start()
    (pid,) = world.until_running(bot_id)
    for _ in range(3):
        world.until_more_trades(bot_id, 20)
        kill(pid)
        pid = world.until_replaced(bot_id, pid)
    world.until_finished(bot_id)
    assert_traded_as(world, bot_id, simulate(config, ETH_BTC))


@pytest.mark.slow
def test_a_killed_supervisor_finds_its_workers_again_and_no_digit_changes(world: World) -> None:
    configs = [often() | {"data": often()["data"] | LASTING}, a_bot(ETH_BTC, data=LASTING)]
    ids = [world.insert_bot(config) for config in configs]
    world.start()
    pids = world.until_running(*ids)
    for _ in range(2):
        world.kill_supervisor()
        assert [world.worker(bot_id) for bot_id in ids] == pids, "workers live on without their supervisor"
        world.start()
        world.until_more_trades(ids[0], 30)
        assert [world.worker(bot_id) for bot_id in ids] == pids, "adopted, not replaced"
    kill(pids[1])
    world.until_replaced(ids[1], pids[1])
    world.until_finished(*ids)
    for bot_id, config in zip(ids, configs, strict=True):
        assert_traded_as(world, bot_id, simulate(config, ETH_BTC))


def test_supervisor_and_worker_killed_together_change_no_digit(world: World) -> None:
    config = often() | {"data": often()["data"] | {"speed": 400_000}}
    bot_id = world.insert_bot(config)
    world.start()
    (pid,) = world.until_running(bot_id)
    world.wait("trades", lambda: len(world.trades(bot_id)) > 50)
    world.kill_supervisor()
    kill(pid)
    world.start()
    world.until_finished(bot_id)
    assert_traded_as(world, bot_id, simulate(config, ETH_BTC))
