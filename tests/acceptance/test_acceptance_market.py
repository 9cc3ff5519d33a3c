"""DATA: where the candles come from and at which pace."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from builders import a_bot, a_csv, a_rise_then_a_dip
from database import moment
from judging import assert_traded_as
from reference.simulator import simulate
from world import World


def test_interval_and_history_are_honoured_and_a_missing_block_gets_defaults(fleet: World, tmp_path: Path) -> None:
    csv = a_csv(tmp_path / "m.csv", a_rise_then_a_dip(30, 0.9, [95.0] * 10), seconds=3600)
    hourly = fleet.insert_bot(a_bot(csv, data={"interval": "1h"}))
    without = fleet.insert_bot(a_bot(data=...))
    fleet.until_finished(hourly)
    assert fleet.trades(hourly)[0]["interval"] == "1h"
    fleet.until_running(without)


def test_a_simulated_market_trades_the_same_every_time(fleet: World) -> None:
    """The seed and the fixed first date make it a recording."""
    config = a_bot(data={"speed": 60_000, "seed": 11})
    ids = [fleet.insert_bot(config) for _ in range(2)]
    other = fleet.insert_bot(a_bot(data={"speed": 60_000, "seed": 12}))
    for bot_id in (*ids, other):
        fleet.wait("ten closed trades", partial(ten_closed, fleet, bot_id))
    assert closed(fleet, ids[0])[:10] == closed(fleet, ids[1])[:10] != closed(fleet, other)[:10]


def ten_closed(world: World, bot_id: int) -> bool:
    return len(closed(world, bot_id)) >= 10


def closed(world: World, bot_id: int) -> list[tuple[object, ...]]:
    return [
        (moment(t["entry_time"]), t["entry_price"], moment(t["exit_time"]), t["exit_price"], t["net_pnl"])
        for t in world.trades(bot_id)
        if t["status"] == "closed"
    ]


def test_unknown_and_missing_sources_get_a_clear_error(fleet: World) -> None:
    unknown = fleet.insert_bot(a_bot(data={"data_source": "crystal_ball"}))
    nowhere = fleet.insert_bot(a_bot("/nowhere/at/all.csv"))
    pathless = fleet.insert_bot(a_bot(data={"data_source": "file"}))
    assert "crystal_ball" in fleet.until_status(unknown, "error")["extra_metadata"]["last_error"]
    assert "/nowhere/at/all.csv" in fleet.until_status(nowhere, "error")["extra_metadata"]["last_error"]
    assert "file_path" in fleet.until_status(pathless, "error")["extra_metadata"]["last_error"]


def test_columns_separator_and_order_of_a_file_are_mapped(fleet: World, tmp_path: Path) -> None:
    candles = a_rise_then_a_dip(30, 0.9, [95.0] * 10)
    header = ("when", "first", "top", "bottom", "last", "amount")
    csv = a_csv(tmp_path / "m.csv", candles, header=header, separator=";")
    head, *lines = csv.read_text().splitlines()
    csv.write_text("\n".join([head, *reversed(lines)]) + "\n")
    names = ("datetime", "open", "high", "low", "close", "volume")
    columns = {f"{name}_col": column for name, column in zip(names, header, strict=True)}
    config = a_bot(csv, data={"separator": ";", "reverse": True, **columns})
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    expected = simulate(config, csv)
    assert expected.all_trades
    assert_traded_as(fleet, bot_id, expected)


def test_dates_bound_the_replay(fleet: World, tmp_path: Path) -> None:
    wave = a_rise_then_a_dip(30, 0.9, [95.0 + i % 7 for i in range(900)])
    config = a_bot(a_csv(tmp_path / "m.csv", wave), data={"fromdate": "2024-01-02", "todate": "2024-01-03"})
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    expected = simulate(config, config["data"]["file_path"])
    assert expected.rows == 576
    assert_traded_as(fleet, bot_id, expected)


def test_real_time_simulation_takes_its_time(fleet: World, tmp_path: Path) -> None:
    """Thirty bars at a tenth of a second; explicit speed beats it."""
    csv = a_csv(tmp_path / "m.csv", a_rise_then_a_dip(20, 0.9, [95.0] * 9))
    pace = {"simulate_realtime": True, "realtime_interval": 0.1}
    begun = time.monotonic()
    slow, quick = fleet.insert_bot(a_bot(csv, data=pace)), fleet.insert_bot(a_bot(csv, data=pace | {"speed": 0}))
    fleet.until_finished(quick)
    fleet.until_finished(slow)
    assert time.monotonic() - begun >= 2.8
