"""CFG: what the database says is what runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest
from builders import a_bot, a_csv, a_rise_then_a_dip, an_entry, an_exit, merged, parameters
from judging import assert_traded_as
from recorded_bots import ETH_BTC, needs_recordings
from reference.simulator import simulate
from seed_example import EXAMPLE, on_a_file
from waiting import holds_for
from world import World


def test_all_enabled_rows_are_loaded_at_start(world: World) -> None:
    ids = [
        world.insert_bot(a_bot(name=f"bot {i}"), status) for i, status in enumerate(("running", "starting", "enabled"))
    ]
    world.start()
    pids = world.until_running(*ids)
    assert len(set(pids)) == 3
    assert sorted(world.workers()) == sorted(ids)


def test_disabled_rows_are_not_started_and_keep_their_status(fleet: World) -> None:
    off = fleet.insert_bot(a_bot(), "disabled")
    switched_off = fleet.insert_bot(a_bot(enabled=False), "stopped")
    on = fleet.insert_bot(a_bot())
    fleet.until_running(on)
    assert (fleet.status(off), fleet.status(switched_off)) == ("disabled", "stopped")
    assert not {off, switched_off} & set(fleet.workers())


def test_the_example_of_the_documents_runs_when_its_market_is_a_file(fleet: World, tmp_path: Path) -> None:
    """Nothing but the data source differs from the document."""
    config = on_a_file(a_csv(tmp_path / "market.csv", a_rise_then_a_dip(40, 0.9, [95.0] * 20), seconds=3600))
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    assert_traded_as(fleet, bot_id, simulate(config, config["data"]["file_path"]))


def test_a_source_that_is_not_available_is_refused_by_name(fleet: World) -> None:
    """A clear refusal, no crash."""
    bot_id = fleet.insert_bot(merged(EXAMPLE, {"data": {"data_source": "yahoo"}}))
    row = fleet.until_status(bot_id, "error")
    assert "yahoo" in row["extra_metadata"]["last_error"]
    assert fleet.worker(bot_id) is None


def test_bot_files_in_the_neighbourhood_are_ignored(lite_world: World) -> None:
    text = json.dumps(a_bot())
    for place in (
        ".",
        "config",
        "config/bots",
        "bots",
        "instances",
        "state",
        "state/bots",
        "run",
        "config/enhanced_trading",
    ):
        folder = lite_world.folder / place
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("bot.json", "bots.json", "trading_bots.json", "rsi_atr_btc_paper.json"):
            (folder / name).write_text(text)
    lite_world.start()
    probe = lite_world.insert_bot(a_bot())
    lite_world.until_running(probe)
    assert list(lite_world.workers()) == [probe]
    assert len(lite_world.database.rows("SELECT id FROM trading_bots")) == 1


def test_only_the_supervisor_is_connected_to_the_database(fleet: World) -> None:
    """Workers hold neither connection nor driver nor credentials."""
    ids = [fleet.insert_bot(a_bot(data={"seed": i})) for i in range(3)]
    secrets = [fleet.database.url.encode(), b"DATABASE_URL", b"DB_URL"]
    for pid in fleet.until_running(*ids):
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "_psycopg" not in maps
        assert "libpq" not in maps
        files = {os.path.realpath(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        if fleet.database.is_sqlite:
            assert not [name for name in files if name.startswith(str(fleet.database.file))]
        visible = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
        assert not [secret for secret in secrets if secret in visible]
        assert not psutil.Process(pid).net_connections(kind="inet")


def test_an_invalid_row_is_skipped_and_the_others_run(world: World) -> None:
    good = [world.insert_bot(a_bot(name="good")), world.insert_bot(a_bot(name="good too"))]
    broken = world.insert_bot(a_bot(name="broken one", broker={"cash": -5}))
    world.start()
    world.until_running(*good)
    row = world.until_status(broken, "error")
    assert "broker.cash" in row["extra_metadata"]["last_error"]
    assert "-5" in row["extra_metadata"]["last_error"]
    world.wait(
        "a log line", lambda: any("broker.cash" in line and str(broken) in line for line in world.logged().splitlines())
    )
    assert world.supervisor is not None
    assert world.supervisor.poll() is None


@needs_recordings
def test_older_newer_and_form_spellings_give_the_same_signals(fleet: World) -> None:
    older = a_bot(
        ETH_BTC,
        strategy=parameters(
            entry_logic=an_entry(
                "RSIBBVolumeEntryMixin", rsi_period=7, rsi_oversold=35, bb_period=10, vol_ma_period=10
            ),
            exit_logic=an_exit("FixedRatioExitMixin", take_profit=0.02, stop_loss=0.02),
        ),
    )
    indicators = [
        {"type": "RSI", "params": {"timeperiod": "rsi_period"}, "fields_mapping": {"rsi": "entry_rsi"}},
        {
            "type": "BBANDS",
            "params": {"timeperiod": 10, "nbdevup": 2.0, "nbdevdn": 2.0},
            "fields_mapping": {
                "upperband": "entry_bb_upper",
                "middleband": "entry_bb_middle",
                "lowerband": "entry_bb_lower",
            },
        },
        {
            "type": "SMA",
            "params": {"timeperiod": 10},
            "data_inputs": ["volume"],
            "fields_mapping": {"sma": "entry_volume_ma"},
        },
    ]
    logic_params = {"rsi_period": 7, "oversold": 35, "bb_period": 10, "vol_ma_period": 10}
    newer = a_bot(ETH_BTC, id=..., enabled=..., bot_id="newer")
    newer["strategy"]["parameters"] |= {
        "entry_logic": {"name": "RSIBBVolumeEntryMixin", "indicators": indicators, "logic_params": logic_params},
        "exit_logic": {"name": "FixedRatioExitMixin", "logic_params": {"take_profit": 0.02, "stop_loss": 0.02}},
    }
    form = a_bot(ETH_BTC)
    form["strategy"]["parameters"] |= {
        "entry_logic": older["strategy"]["parameters"]["entry_logic"],
        "exit_logic": an_exit("FixedRatioExitMixin", take_profit_pct=2.0, stop_loss_pct=2.0),
    }
    ids = [fleet.insert_bot(config) for config in (older, newer, form)]
    fleet.until_finished(*ids)
    expected = simulate(older, ETH_BTC)
    assert len(expected.trades) > 5
    for bot_id in ids:
        assert_traded_as(fleet, bot_id, expected)


def test_unknown_keys_are_kept_byte_for_byte(fleet: World) -> None:
    config = a_bot(
        logging={"level": "DEBUG"}, scheduling={"enabled": False, "trading_days": ["monday"]}, foo=[1, {"ü": None}]
    )
    bot_id = fleet.insert_bot(config)
    stored = fleet.database.row("SELECT CAST(config AS TEXT) AS text FROM trading_bots WHERE id = ?", bot_id)
    (pid,) = fleet.until_running(bot_id)
    fleet.botctl("restart", str(bot_id))
    fleet.until_replaced(bot_id, pid)
    assert fleet.database.row("SELECT CAST(config AS TEXT) AS text FROM trading_bots WHERE id = ?", bot_id) == stored


@pytest.mark.slow
def test_settings_come_from_the_environment(lite_world: World) -> None:
    """Intervals, log level and the older name of the database address."""
    environment = lite_world.environment()
    address = environment.pop("BOTVISOR_DATABASE_URL")
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.settings |= {"BOTVISOR_DATABASE_URL": "", "DB_URL": address}
    lite_world.start(BOTVISOR_HEARTBEAT_INTERVAL="0.3", BOTVISOR_LOG_LEVEL="debug")
    lite_world.until_running(bot_id)
    beats: set[object] = set()

    def five() -> bool:
        beats.add(lite_world.bot(bot_id)["last_heartbeat"])
        return len(beats - {None}) >= 5

    lite_world.wait("five heartbeats sooner than five seconds apart", five, within=20)
    lite_world.wait("a debug line", lambda: "DEBUG" in lite_world.logged())


def test_each_wrong_setting_is_named_on_a_line_of_its_own(lite_world: World) -> None:
    said = lite_world.refuse_to_start(BOTVISOR_HEARTBEAT_INTERVAL="soon", BOTVISOR_RESTART_LIMIT="0")
    lines = [line for line in said.splitlines() if "BOTVISOR_" in line]
    assert any("BOTVISOR_HEARTBEAT_INTERVAL" in line and "soon" in line for line in lines), said
    assert any("BOTVISOR_RESTART_LIMIT" in line and "0" in line for line in lines), said


def test_the_user_filter_runs_the_bots_of_one_owner(world: World) -> None:
    mine, theirs = world.an_owner("mine@example.org"), world.an_owner("theirs@example.org")
    ours, foreign = world.insert_bot(a_bot(), owner=mine), world.insert_bot(a_bot(), owner=theirs)
    world.start(BOTVISOR_USER_ID=str(mine))
    world.until_running(ours)
    holds_for(1.5, "only our owner's bot runs", lambda: list(world.workers()) == [ours])
    assert world.status(foreign) == "starting", "a row that is not ours is not touched"


@pytest.mark.parametrize("name", ["state", "run", "log"])
def test_folders_are_made_where_the_settings_say(lite_world: World, name: str) -> None:
    lite_world.start()
    bot_id = lite_world.insert_bot(a_bot())
    lite_world.until_running(bot_id)
    lite_world.wait(f"something in {name}", lambda: any((lite_world.folder / name).iterdir()))
