"""What the command line of a back-test makes of a bot's config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import a_bot

from common.spec import BotSpec, read_spec
from common.wire.ticket import RowFacts
from supervisor.cli.history import SIMULATED_START, History, over_history
from worker.feeds import simulated
from worker.feeds.source import open_source


def read(config: dict[str, Any], **said: Any) -> BotSpec:
    reading = read_spec(over_history(config, History(**said)), RowFacts(bot_id=1))
    assert reading.spec is not None, reading.problems
    return reading.spec


def test_another_file_keeps_how_files_are_read_and_drops_where_the_old_one_was_cut() -> None:
    config = a_bot("old.csv", data={"close_col": "last", "separator": ";", "fromdate": "2020-01-01", "history": True})
    data = read(config, file=Path("new.csv")).data
    assert data.file is not None
    assert data.file.path == str(Path("new.csv").absolute())
    assert (data.file.close_col, data.file.separator) == ("last", ";")
    assert (data.interval, data.history, data.fromdate) == ("5m", True, None)


def test_a_file_takes_the_place_of_a_market_of_another_kind() -> None:
    data = read(a_bot(data={"todate": "2024-02-01"}), file=Path("new.csv")).data
    assert (data.source, data.interval, data.todate, data.history) == ("file", "1m", None, False)


def test_history_is_not_waited_for() -> None:
    paced = a_bot("m.csv", data={"simulate_realtime": True, "realtime_interval": 5})
    for config in (paced, a_bot(data={"speed": 600})):
        data = read(config, bars=10).data
        assert (data.speed, data.bar_seconds) == (0, None)


def test_fees_beat_every_rate_of_the_config() -> None:
    config = a_bot("m.csv", broker={"paper_trading_config": {"commission_rate": 0.01, "initial_balance": 500}})
    broker = read(config, fees=0.0005).broker
    assert str(broker.commission_rate) == "0.0005"
    assert broker.start_balance == 500


def test_slippage_is_the_fixed_model_with_the_configs_seed() -> None:
    config = a_bot("m.csv", broker={"paper_trading_config": {"mode": "disabled", "seed": 4, "reject_probability": 0.5}})
    paper = read(config, slippage=0.002).broker.paper
    assert (str(paper.base_slippage), paper.slippage_model, paper.seed) == ("0.002", "fixed", 4)
    assert paper.reject_probability == 0, "disabled imperfections stay off"


def test_without_options_only_pace_and_noise_change() -> None:
    config = a_bot("m.csv")
    result = over_history(config, History())
    assert {key for key in config if result[key] != config[key]} == {"data"}
    assert result["data"] == config["data"] | {"speed": 0}
    assert result["notifications"] == {"error_notifications": False, "bot_events": False}
    assert config == a_bot("m.csv"), "the config itself is left as it is"


def test_a_live_bot_is_tried_on_paper_and_a_switched_off_one_runs() -> None:
    spec = read(a_bot("m.csv", enabled=False, broker={"trading_mode": "live"}))
    assert (spec.broker.trading_mode, spec.enabled) == ("paper", True)


@pytest.mark.parametrize("start", [None, "2024-03-05", "2024-03-05T06:00:00+02:00"])
def test_a_number_of_bars_is_that_many(start: str | None) -> None:
    data = read(a_bot(), bars=750, start=start).data
    assert open_source(data).length == 750


def test_bars_are_counted_from_where_the_simulated_market_begins() -> None:
    assert simulated.START == SIMULATED_START


def test_a_config_without_sections_stays_one() -> None:
    """What is wrong with it is for the reading to say."""
    assert over_history({"data": 7, "broker": "x"}, History(fees=0.1))["broker"] == "x"
