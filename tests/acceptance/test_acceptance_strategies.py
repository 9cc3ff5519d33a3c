"""STR: entries and exits happen on the bars that the rules name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from builders import (
    BUY_ON_ANY_FALL,
    START,
    Candle,
    a_bot,
    a_csv,
    a_rise_then_a_dip,
    an_entry,
    an_exit,
    as_json,
    candles_of,
    parameters,
)
from database import moment, money
from judging import assert_traded_as
from recorded_bots import ETH_BTC, needs_recordings
from reference.simulator import simulate
from seed_example import on_a_file
from world import World

BEGIN = START.replace(tzinfo=None)


def bar(number: int, seconds: int = 300) -> object:
    return BEGIN + timedelta(seconds=seconds * number)


def test_a_known_set_up_opens_a_trade_of_the_named_mixins(fleet: World, tmp_path: Path) -> None:
    """Forty rising bars, then one that falls by a tenth on threefold volume; the next open is the entry."""
    config = on_a_file(a_csv(tmp_path / "m.csv", a_rise_then_a_dip(40, 0.9, [95.0, 95.0, 95.0]), seconds=3600))
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    trade = fleet.trades(bot_id)[0]
    assert (trade["entry_logic_name"], trade["exit_logic_name"]) == ("RSIBBVolumeEntryMixin", "ATRExitMixin")
    assert moment(trade["entry_time"]) == bar(41, 3600)
    assert money(trade["entry_price"]) == money(round(103.9 * 0.9, 8)), "the open after the dip is its close"


@needs_recordings
@pytest.mark.slow
def test_each_entry_parameter_counts(fleet: World) -> None:
    """One parameter at a time is varied; the trades change, and as prescribed."""
    base: dict[str, float] = {
        "rsi_period": 14,
        "rsi_oversold": 30,
        "bb_period": 20,
        "bb_dev": 2.0,
        "vol_ma_period": 20,
        "min_volume_ratio": 1.1,
        "use_bb_touch": True,
    }
    varied: dict[str, dict[str, float]] = {
        "none": {},
        "rsi_period": {"rsi_period": 7},
        "rsi_oversold": {"rsi_oversold": 20},
        "bb_period": {"bb_period": 30},
        "bb_dev": {"bb_dev": 2.5},
        "vol_ma_period": {"vol_ma_period": 5},
        "min_volume_ratio": {"min_volume_ratio": 2.0},
    }
    exit_logic = an_exit("FixedRatioExitMixin", take_profit=0.01, stop_loss=0.01)
    configs = {
        name: a_bot(
            ETH_BTC,
            strategy=parameters(entry_logic=an_entry("RSIBBVolumeEntryMixin", **base | change), exit_logic=exit_logic),
        )
        for name, change in varied.items()
    }
    ids = {name: fleet.insert_bot(config) for name, config in configs.items()}
    fleet.until_finished(*ids.values())
    plain = [trade["entry_time"] for trade in simulate(configs["none"], ETH_BTC).all_trades]
    for name, bot_id in ids.items():
        expected = simulate(configs[name], ETH_BTC)
        assert name == "none" or [trade["entry_time"] for trade in expected.all_trades] != plain, name
        assert_traded_as(fleet, bot_id, expected)


def test_a_touch_of_the_band_counts_only_when_asked_for(fleet: World, tmp_path: Path) -> None:
    """With no deviation the band is the mean, and equal closes lie exactly on it."""
    csv = a_csv(tmp_path / "m.csv", [*candles_of([10.0] * 4), *candles_of([12.0, 13.0, 14.0])])
    ids = []
    for touch in (True, False):
        entry = an_entry(rsi_period=2, rsi_oversold=0.0, rsi_cross=True, bb_period=2, bb_dev=0.0, use_bb_touch=touch)
        ids.append(fleet.insert_bot(a_bot(csv, strategy=parameters(entry_logic=entry))))
    fleet.until_finished(*ids)
    assert moment(fleet.trades(ids[0])[0]["entry_time"]) == bar(3), "touched at the close of bar 2"
    assert all(moment(trade["entry_time"]) != bar(3) for trade in fleet.trades(ids[1]))


def test_the_atr_stop_never_falls_when_the_range_grows(fleet: World, tmp_path: Path) -> None:
    """ATR(1) is the bar's own range.

    Entry at 100 on bar 4, multiplier 2. Stop at the close of bar 4 (range 1): 101 - 2 = 99; of bar 5 (range 8):
    104 - 16 = 88, so it stays 99; bar 6 closes at 99, which is not above it: out at the open of bar 7.
    """
    lead = candles_of([98.0, 100.0, 102.0, 100.0])
    bars = [Candle(100, 101, 100, 101), Candle(101, 104, 96, 100), Candle(100, 100, 99, 99), Candle(98.5, 99, 98, 99)]
    csv = a_csv(tmp_path / "m.csv", [*lead, *bars])
    strategy = parameters(
        entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("ATRExitMixin", atr_period=1, sl_multiplier=2.0)
    )
    wider = parameters(entry_logic=BUY_ON_ANY_FALL, exit_logic=an_exit("ATRExitMixin", atr_period=1, sl_multiplier=9.0))
    stopped, held = (fleet.insert_bot(a_bot(csv, strategy=strategy)), fleet.insert_bot(a_bot(csv, strategy=wider)))
    fleet.until_finished(stopped, held)
    trade = fleet.trades(stopped)[0]
    assert (money(trade["entry_price"]), moment(trade["entry_time"])) == (money(100), bar(4))
    assert (money(trade["exit_price"]), moment(trade["exit_time"])) == (money("98.5"), bar(7))
    assert trade["exit_reason"] == "stop_loss"
    assert fleet.trades(held)[0]["status"] == "open"


def test_an_unknown_strategy_type_falls_back_with_an_error_and_a_warning(fleet: World, tmp_path: Path) -> None:
    csv = a_csv(tmp_path / "m.csv", a_rise_then_a_dip(30, 0.9, [95.0] * 10))
    config = a_bot(csv, strategy={"type": "GridStrategy"})
    bot_id = fleet.insert_bot(config)
    fleet.until_finished(bot_id)
    assert len(fleet.trades(bot_id)) == len(simulate(config, csv).all_trades) > 0
    lines = [line for line in fleet.logged().splitlines() if "GridStrategy" in line]
    assert any("ERROR" in line.upper() for line in lines), lines
    assert any("WARNING" in line.upper() and "CustomStrategy" in line for line in lines), lines


def test_a_plugin_is_chosen_by_its_type(lite_world: World, tmp_path: Path) -> None:
    """Two rows, two types, two behaviours."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "idler.py").write_text(
        "from worker.strategies.contract import BotStrategy\n\n\n"
        "class IdleStrategy(BotStrategy):\n"
        '    """Never trades."""\n\n'
        "    def on_bar(self, *args):\n        return None\n"
    )
    csv = a_csv(tmp_path / "m.csv", a_rise_then_a_dip(30, 0.9, [95.0] * 10))
    custom = lite_world.insert_bot(a_bot(csv))
    idle = lite_world.insert_bot(a_bot(csv, strategy={"type": "IdleStrategy"}))
    lite_world.start(BOTVISOR_PLUGIN_DIRS=str(plugins))
    lite_world.until_finished(custom, idle)
    assert lite_world.trades(custom)
    assert not lite_world.trades(idle)


@pytest.mark.slow
def test_a_row_whose_plugin_was_removed_falls_back_with_a_warning_and_the_list_follows(
    lite_world: World, tmp_path: Path
) -> None:
    """The mixins of the config decide instead; a copy of the plugin put back counts from the next life on."""
    written = lite_world.ask("strategies", "new", "HighBreakout", "--into", str(tmp_path / "plugins"))
    plugins = {"BOTVISOR_PLUGIN_DIRS": str(tmp_path / "plugins")}
    csv = a_csv(tmp_path / "m.csv", a_rise_then_a_dip(30, 0.9, [95.0] * 10))
    config = a_bot(csv, strategy={"type": "HighBreakout"})
    own = lite_world.insert_bot(config)
    lite_world.start(**plugins)
    lite_world.until_finished(own)
    assert {trade["strategy_name"] for trade in lite_world.trades(own)} == {"HighBreakout"}
    assert "HighBreakout" in lite_world.botctl("strategies", "list", **plugins).stdout
    Path(written["plugin"]).unlink()
    assert "HighBreakout" not in lite_world.botctl("strategies", "list", **plugins).stdout
    fallen = lite_world.insert_bot(config)
    lite_world.until_finished(fallen)
    assert {trade["strategy_name"] for trade in lite_world.trades(fallen)} == {"CustomStrategy"}
    assert len(lite_world.trades(fallen)) == len(simulate(config, csv).all_trades) > 0
    lines = [line for line in lite_world.logged().splitlines() if "HighBreakout" in line and "WARNING" in line.upper()]
    assert any("replaced by CustomStrategy" in line for line in lines), lines
    (tmp_path / "bot.json").write_text(as_json(config))
    told = lite_world.botctl("validate", str(tmp_path / "bot.json"), **plugins).stdout
    assert "unknown strategy type HighBreakout" in told


def test_a_mixin_of_a_plugin_decides_in_custom_strategy(lite_world: World, tmp_path: Path) -> None:
    """It enters at the close of bar 3 and the built-in exit leaves five bars after the fill."""
    (tmp_path / "third.py").write_text(
        "from worker.strategies.mixins.mixin import EntryMixin\n"
        "from worker.strategies.parameters import Parameter\n\n\n"
        "class AtBarEntryMixin(EntryMixin):\n"
        '    """Enters at one bar."""\n\n'
        '    parameters = (Parameter(name="bar", kind="integer", default=0, meaning="its number"),)\n\n'
        "    def should_enter(self, chart):\n        return chart.number == self.values['bar']\n\n"
        "    def get_entry_reason(self):\n        return 'due'\n"
    )
    csv = a_csv(tmp_path / "m.csv", candles_of([100.0] * 15))
    bot_id = lite_world.insert_bot(a_bot(csv, strategy=parameters(entry_logic=an_entry("AtBarEntryMixin", bar=3))))
    wrong = lite_world.insert_bot(a_bot(csv, strategy=parameters(entry_logic=an_entry("AtBarEntryMixin", bar="x"))))
    lite_world.start(BOTVISOR_PLUGIN_DIRS=str(tmp_path))
    lite_world.until_finished(bot_id)
    (trade,) = lite_world.trades(bot_id)
    assert trade["entry_logic_name"] == "AtBarEntryMixin"
    assert (moment(trade["entry_time"]), moment(trade["exit_time"])) == (bar(4), bar(10))
    assert "entry_logic.params.e_bar" in lite_world.until_status(wrong, "error")["extra_metadata"]["last_error"]


def test_wrong_parameters_get_one_message_each_with_path_and_value(fleet: World) -> None:
    entry = an_entry(rsi_period=-1)
    cases = {
        "rsi_period": (parameters(entry_logic=entry), ["rsi_period", "-1"]),
        "mixin": (
            parameters(entry_logic={"name": "MACDEntryMixin", "params": {}}),
            ["MACDEntryMixin", "RSIOrBBEntryMixin"],
        ),
        "position_size": (parameters(position_size=2), ["position_size", "2"]),
    }
    said = {}
    for name, (strategy, words) in cases.items():
        bot_id = fleet.insert_bot(a_bot(strategy=strategy))
        said[name] = fleet.until_status(bot_id, "error")["extra_metadata"]["last_error"]
        assert all(word in said[name] for word in words), said[name]
    nameless = a_bot()
    nameless["strategy"]["parameters"]["exit_logic"] = {"params": {}}
    bot_id = fleet.insert_bot(nameless)
    said["exit"] = fleet.until_status(bot_id, "error")["extra_metadata"]["last_error"]
    assert "exit_logic.name" in said["exit"]
    assert len(set(said.values())) == 4


def test_position_size_is_a_fraction_of_cash(fleet: World, tmp_path: Path) -> None:
    """Cash 100, a tenth of it, price 10: size 1."""
    csv = a_csv(tmp_path / "m.csv", candles_of([10.0, 11.0, 12.0, 10.0, 10.5, 11.0, 11.5]))
    strategy = parameters(entry_logic=BUY_ON_ANY_FALL, position_size=0.1)
    bot_id = fleet.insert_bot(a_bot(csv, strategy=strategy, broker={"cash": 100.0}))
    fleet.until_finished(bot_id)
    assert money(fleet.trades(bot_id)[0]["size"]) == money(1)


def test_history_warms_up_and_never_trades(fleet: World, tmp_path: Path) -> None:
    """The same dip inside the history gives no order, after it it gives one."""
    csv = a_csv(tmp_path / "m.csv", a_rise_then_a_dip(30, 0.9, [95.0 + i for i in range(10)]))
    inside = fleet.insert_bot(a_bot(csv, data={"history": True, "lookback_bars": 35}))
    outside = fleet.insert_bot(a_bot(csv, data={"history": True, "lookback_bars": 30}))
    fleet.until_finished(inside, outside)
    assert not fleet.trades(inside)
    assert not fleet.database.rows("SELECT * FROM trading_orders WHERE bot_id = ?", inside)
    assert [moment(trade["entry_time"]) for trade in fleet.trades(outside)] == [bar(31)]
