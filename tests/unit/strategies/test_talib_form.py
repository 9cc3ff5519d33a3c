"""Logics that list their indicators themselves."""

from __future__ import annotations

from typing import Any

import pytest
from tape import TapeDesk, a_spec, play, random_bars

from common.spec import LogicSpec
from worker.strategies.blueprint import draw
from worker.strategies.indicators.catalogue import INDICATORS
from worker.strategies.logic import LogicReading, read_entry, read_exit
from worker.strategies.mixins.mixin import EntryMixin

VOLUME, EITHER, ATR = "RSIBBVolumeEntryMixin", "RSIOrBBEntryMixin", "ATRExitMixin"

RSI: dict[str, Any] = {"type": "RSI", "params": {"timeperiod": "rsi_period"}, "fields_mapping": {"rsi": "entry_rsi"}}
BANDS: dict[str, Any] = {
    "type": "BBANDS",
    "params": {"timeperiod": "bb_period", "nbdevup": "bb_dev", "nbdevdn": "bb_dev"},
    "fields_mapping": {
        "upperband": "entry_bb_upper",
        "middleband": "entry_bb_middle",
        "lowerband": "entry_bb_lower",
    },
}
MEAN_VOLUME: dict[str, Any] = {
    "type": "SMA",
    "params": {"timeperiod": "vol_ma_period"},
    "fields_mapping": {"sma": "entry_volume_ma"},
    "data_field": "volume",
}
LOGIC_PARAMS = {
    "rsi_period": 5,
    "oversold": 45,
    "bb_period": 10,
    "bb_dev": 0.5,
    "vol_ma_period": 8,
    "min_volume_ratio": 0.9,
}
NEVER = {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 3}}


def changed(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**entry, **changes}


def read(*indicators: Any, name: str = VOLUME, **logic_params: Any) -> LogicReading[EntryMixin]:
    # model_construct: validation of the shape is the spec's; what slips through must still be reported here
    logic = LogicSpec.model_construct(
        name=name, params={}, logic_params={**LOGIC_PARAMS, **logic_params}, indicators=indicators
    )
    return read_entry(logic)


def errors(reading: LogicReading[Any]) -> list[tuple[str, str]]:
    prefix = "strategy.parameters.entry_logic.indicators"
    found = [problem for problem in reading.problems if problem.severity == "error"]
    assert reading.mixin is None
    return [(problem.path.removeprefix(prefix), problem.message) for problem in found]


def signals(entry: dict[str, Any]) -> list[tuple[int, str]]:
    desk = TapeDesk(random_bars(11, 400))
    play(a_spec(entry, NEVER), desk)
    return desk.entries


def test_the_listed_form_trades_as_the_plain_one() -> None:
    listed = {"name": VOLUME, "indicators": [RSI, BANDS, MEAN_VOLUME], "logic_params": LOGIC_PARAMS}
    plain = {
        "name": VOLUME,
        "params": {f"e_{k.replace('oversold', 'rsi_oversold')}": v for k, v in LOGIC_PARAMS.items()},
    }
    assert signals(listed) == signals(plain) != []


def test_an_empty_list_means_the_mixins_own_indicators() -> None:
    assert signals({"name": VOLUME, "indicators": [], "logic_params": LOGIC_PARAMS}) == signals(
        {"name": VOLUME, "logic_params": LOGIC_PARAMS}
    )


def test_data_inputs_is_read_as_data_field() -> None:
    by_inputs = {key: value for key, value in MEAN_VOLUME.items() if key != "data_field"} | {"data_inputs": ["volume"]}
    assert read(RSI, BANDS, by_inputs).blueprint.plans[2].sources == ("volume",)
    assert read(RSI, BANDS, by_inputs).problems == ()
    both = changed(MEAN_VOLUME, data_inputs=["high"])
    reading = read(RSI, BANDS, both)
    assert reading.blueprint.plans[2].sources == ("volume",)
    assert [problem.severity for problem in reading.problems] == ["warning"]


def test_without_a_source_an_indicator_reads_the_close() -> None:
    bare = {key: value for key, value in MEAN_VOLUME.items() if key != "data_field"}
    assert read(RSI, BANDS, bare).blueprint.plans[2].sources == ("close",)


def test_an_indicator_may_read_an_earlier_one() -> None:
    smooth = {
        "type": "SMA",
        "params": {"timeperiod": 3},
        "fields_mapping": {"sma": "entry_rsi"},
        "data_field": "raw_rsi",
    }
    raw = changed(RSI, fields_mapping={"rsi": "raw_rsi"})
    reading = read(raw, smooth, BANDS, name=EITHER)
    assert [problem for problem in reading.problems if problem.severity == "error"] == []
    assert reading.mixin is not None
    too_late = read(smooth, raw, BANDS, name=EITHER)
    assert [path for path, _ in errors(too_late)] == ["[0].data_field"]


def test_a_reference_falls_back_on_the_mixins_default() -> None:
    logic = LogicSpec(name=EITHER, indicators=(RSI, BANDS))
    reading = read_entry(logic)
    assert reading.lookback == 20
    assert [plan.values["timeperiod"] for plan in reading.blueprint.plans] == [14, 20]


def test_only_aliases_that_the_mixin_reads_are_required() -> None:
    lower_only = changed(BANDS, fields_mapping={"lowerband": "entry_bb_lower"})
    assert read(RSI, lower_only, MEAN_VOLUME).mixin is not None


@pytest.mark.parametrize(
    ("indicators", "place", "words"),
    [
        (
            [RSI, RSI, BANDS, MEAN_VOLUME],
            "[1].fields_mapping.rsi",
            ["duplicate alias", "entry_rsi", "[0].fields_mapping.rsi"],
        ),
        (
            [changed(RSI, type="WILLR"), BANDS, MEAN_VOLUME],
            "[0].type",
            ["WILLR", "must be one of: ATR, BBANDS, EMA, EOM, ICHIMOKU"],
        ),
        ([changed(RSI, type=None), BANDS, MEAN_VOLUME], "[0].type", ["missing", "must name an indicator"]),
        ([changed(RSI, type=["RSI"]), BANDS, MEAN_VOLUME], "[0].type", ["must be one of"]),
        ([changed(RSI, params={}), BANDS, MEAN_VOLUME], "[0].params.timeperiod", ["missing", "RSI needs it"]),
        ([changed(RSI, params={"timeperiod": 0}), BANDS, MEAN_VOLUME], "[0].params.timeperiod", ["is 0", "from 1"]),
        ([changed(RSI, params=[14]), BANDS, MEAN_VOLUME], "[0].params", ["must be an object"]),
        (
            [changed(RSI, params={"timeperiod": "period"}), BANDS, MEAN_VOLUME],
            "[0].params.timeperiod",
            ["period", "logic_params"],
        ),
        (
            [changed(RSI, fields_mapping={"value": "entry_rsi"}), BANDS, MEAN_VOLUME],
            "[0].fields_mapping.value",
            ["no such output"],
        ),
        ([changed(RSI, fields_mapping={"rsi": "close"}), BANDS, MEAN_VOLUME], "[0].fields_mapping.rsi", ["column"]),
        ([changed(RSI, fields_mapping={"rsi": 5}), BANDS, MEAN_VOLUME], "[0].fields_mapping.rsi", ["must be a text"]),
        ([changed(RSI, fields_mapping=None), BANDS, MEAN_VOLUME], "[0].fields_mapping", ["missing"]),
        ([changed(MEAN_VOLUME, data_field="typical"), RSI, BANDS], "[0].data_field", ["typical", "open, high, low"]),
        (
            [changed(BANDS, params={"timeperiod": 20, "matype": 1}), RSI, MEAN_VOLUME],
            "[0].params.matype",
            ["must be 0", "simple"],
        ),
        ([RSI, BANDS], "", ["entry_volume_ma", "no indicator gives it"]),
        (["RSI", BANDS, MEAN_VOLUME], "[0]", ["must be an object"]),
    ],
)
def test_a_mistake_in_the_list_is_an_error_at_its_place(indicators: list[Any], place: str, words: list[str]) -> None:
    found = dict(errors(read(*indicators)))
    assert place in found, found
    assert all(word in found[place] for word in words), found[place]


def test_one_mistake_is_one_error() -> None:
    assert len(errors(read(changed(RSI, params={"timeperiod": -1}), BANDS, MEAN_VOLUME))) == 1
    assert len(errors(read(changed(RSI, type="WILLR"), BANDS, MEAN_VOLUME))) == 1


def test_what_has_no_effect_is_a_warning() -> None:
    literal = changed(RSI, params={"timeperiod": 21, "smoothing": 3}, colour="red")
    reading = read(literal, BANDS, MEAN_VOLUME)
    assert reading.mixin is not None
    assert {problem.path.rpartition("entry_logic.")[2] for problem in reading.problems} == {
        "logic_params.rsi_period",
        "indicators[0].params.smoothing",
        "indicators[0].colour",
    }
    assert {problem.severity for problem in reading.problems} == {"warning"}


def test_the_wait_is_the_longest_period_of_the_indicators_in_force() -> None:
    short = [changed(RSI, params={"timeperiod": 4}), changed(BANDS, params={"timeperiod": 6}), MEAN_VOLUME]
    unread = {"type": "SMA", "params": {"timeperiod": 200}, "fields_mapping": {"sma": "entry_trend"}}
    assert read(*short, unread).lookback == 8


def test_the_true_range_takes_its_own_columns() -> None:
    atr = {"type": "ATR", "params": {"timeperiod": 9}, "fields_mapping": {"atr": "exit_atr"}}
    reading = read_exit(LogicSpec(name=ATR, indicators=({**atr, "data_inputs": ["high", "low", "close"]},)))
    assert reading.problems == ()
    assert reading.blueprint.plans[0].sources == ("high", "low", "close")
    assert reading.lookback == 9
    other = read_exit(LogicSpec(name=ATR, indicators=({**atr, "data_field": "volume"},)))
    assert [problem.severity for problem in other.problems] == ["warning"]


def test_every_type_can_be_read_from_its_outputs_and_required_params() -> None:
    whole = {
        "ATR": ({"timeperiod": 9}, 9),
        "BBANDS": ({"timeperiod": 9}, 9),
        "EMA": ({"timeperiod": 9}, 9),
        "EOM": ({"timeperiod": 9}, 9),
        "ICHIMOKU": ({"tenkan": 9, "kijun": 26, "senkou": 52}, 78),
        "MACD": ({"fastperiod": 12, "slowperiod": 26, "signalperiod": 9}, 35),
        "RSI": ({"timeperiod": 9}, 9),
        "SMA": ({"timeperiod": 9}, 9),
        "STOCH": ({"fastk_period": 5, "slowk_period": 3, "slowd_period": 3}, 5),
        "SUPERTREND": ({"length": 10, "multiplier": 3.0}, 11),
        "SupportResistance": ({"lookback_bars": 2}, 10),
    }
    assert set(whole) == set(INDICATORS)
    for name, (params, wait) in whole.items():
        outputs = INDICATORS[name].outputs
        entry = {"type": name, "params": params, "fields_mapping": {output: f"my_{output}" for output in outputs}}
        blueprint = draw([entry], {}, "indicators")
        assert blueprint.problems == [], name
        assert blueprint.lookback([f"my_{outputs[-1]}"]) == wait
        for key in params:
            without = {other: value for other, value in params.items() if other != key}
            (problem,) = draw([changed(entry, params=without)], {}, "indicators").problems
            assert (problem.path, problem.severity) == (f"indicators[0].params.{key}", "error")


def test_a_cloud_may_be_given_another_lead() -> None:
    cloud = {
        "type": "ICHIMOKU",
        "params": {"tenkan": 9, "kijun": 30, "senkou": 20, "lead": "senkou_lead"},
        "fields_mapping": {"senkou_span_a": "span"},
    }
    assert draw([cloud], {"senkou_lead": 5}, "indicators").lookback(["span"]) == 30
    assert draw([cloud], {"senkou_lead": 30}, "indicators").lookback(["span"]) == 50


MACD: dict[str, Any] = {"type": "MACD", "params": {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9}}


def test_the_macds_signal_and_histogram_have_short_names_too() -> None:
    short = {**MACD, "fields_mapping": {"macd": "m", "signal": "s", "hist": "h"}}
    drawing = draw([short], {}, "indicators")
    assert drawing.problems == []
    assert drawing.plans[0].aliases == {"macd": "m", "macdsignal": "s", "macdhist": "h"}


def test_one_output_under_both_of_its_names_is_an_error() -> None:
    both = {**MACD, "fields_mapping": {"macdsignal": "s", "signal": "t"}}
    (problem,) = draw([both], {}, "indicators").problems
    assert problem.path == "indicators[0].fields_mapping.signal"
    assert "macdsignal" in problem.message
