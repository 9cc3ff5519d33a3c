"""The bar loop of CustomStrategy: order of the steps, readiness, failures, memory."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from tape import Bar, TapeDesk, a_spec, closes_to_bars, play, random_bars

from common.errors import ConfigurationError
from common.spec import LogicSpec
from worker.strategies.chart import Chart
from worker.strategies.contract import BotStrategy, OpenPosition
from worker.strategies.custom import CustomStrategy

ALWAYS = {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_period": 1, "e_bb_period": 1, "e_rsi_oversold": 100}}
AFTER_TWO = {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 2}}
SLOW_STOP = {"name": "ATRExitMixin", "params": {"x_atr_period": 9, "x_sl_multiplier": 50}}
FLAT = closes_to_bars([10.0] * 30)


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}\n{exception}", level="DEBUG")
    yield lines
    logger.remove(sink)


def test_the_wait_is_the_longer_one_of_the_two_mixins() -> None:
    desk = TapeDesk(FLAT)
    play(a_spec(ALWAYS, SLOW_STOP), desk)
    assert desk.entries[0][0] == 9


def test_nothing_is_asked_while_an_order_waits() -> None:
    desk = TapeDesk(FLAT, keeps_waiting=True)
    play(a_spec(ALWAYS, AFTER_TWO), desk)
    assert [bar for bar, _ in desk.entries] == [1]
    assert desk.exits == []


def test_a_bar_on_which_the_trade_ends_at_the_open_may_decide_the_next_entry() -> None:
    desk = TapeDesk(closes_to_bars([10.0] * 12))
    play(a_spec(ALWAYS, AFTER_TWO), desk)
    assert [bar for bar, _ in desk.entries] == [1, 5, 9]
    assert [bar for bar, _ in desk.exits] == [4, 8]


def test_a_needed_value_that_does_not_exist_keeps_the_strategy_waiting() -> None:
    smooth: list[dict[str, Any]] = [
        {"type": "RSI", "params": {"timeperiod": 5}, "fields_mapping": {"rsi": "raw"}},
        {"type": "SMA", "params": {"timeperiod": 6}, "fields_mapping": {"sma": "entry_rsi"}, "data_field": "raw"},
        {"type": "BBANDS", "params": {"timeperiod": 3}, "fields_mapping": {"lowerband": "entry_bb_lower"}},
    ]
    desk = TapeDesk(FLAT)
    play(a_spec({"name": "RSIOrBBEntryMixin", "indicators": smooth}, AFTER_TWO), desk)
    # lookback 6 would allow bar 6; the mean of the RSI exists from bar 5 + 5 on
    assert desk.entries[0][0] == 10


class Breaking(CustomStrategy):
    """Its rules fail at the given bars."""

    entry_fails_at: range = range(0)
    exit_fails_at: range = range(0)

    def __init__(self) -> None:
        super().__init__()
        asked_entry, asked_exit = self._entry.should_enter, self._exit.should_exit

        def should_enter(chart: Chart) -> bool:
            if self.desk.bar_number in self.entry_fails_at:
                raise ZeroDivisionError("entry rule")
            return asked_entry(chart)

        def should_exit(chart: Chart, position: OpenPosition) -> bool:
            if self.desk.bar_number in self.exit_fails_at:
                raise KeyError("exit rule")
            return asked_exit(chart, position)

        self._entry.should_enter, self._exit.should_exit = should_enter, should_exit  # type: ignore[method-assign]


def test_a_rule_that_fails_is_logged_with_its_traceback_and_counts_as_no(log: list[str]) -> None:
    class FailsOnce(Breaking):
        entry_fails_at = range(4)
        exit_fails_at = range(7, 9)

    desk = TapeDesk(closes_to_bars([10.0] * 12))
    play(a_spec(ALWAYS, AFTER_TWO), desk, FailsOnce)
    assert [bar for bar, _ in desk.entries] == [4, 10]
    assert [bar for bar, _ in desk.exits] == [9]
    errors = [line for line in log if line.startswith("ERROR")]
    assert len(errors) == 5
    assert "RSIOrBBEntryMixin.should_enter failed at bar 1" in errors[0]
    assert "Traceback" in errors[0]
    assert "ZeroDivisionError: entry rule" in errors[0]
    assert "TimeBasedExitMixin.should_exit failed at bar 7" in errors[3]
    assert [(bar, where) for bar, where, _ in desk.failures] == [
        *[(bar, "RSIOrBBEntryMixin.should_enter") for bar in (1, 2, 3)],
        *[(bar, "TimeBasedExitMixin.should_exit") for bar in (7, 8)],
    ]


def test_logics_that_cannot_be_built_are_refused_with_every_mistake() -> None:
    spec = a_spec(ALWAYS, AFTER_TWO)
    broken = spec.strategy.model_copy(
        update={
            "entry": LogicSpec(name="RSIOrBBEntryMixin", params={"e_bb_dev": -1}),
            "exit": LogicSpec(name="Nothing"),
        }
    )
    with pytest.raises(ConfigurationError, match=r"e_bb_dev.*exit_logic\.name"):
        play(spec.model_copy(update={"strategy": broken}), TapeDesk(FLAT))


TRAILING = {"name": "ATRExitMixin", "params": {"x_atr_period": 7, "x_sl_multiplier": 2.2}}
COOLING = {"name": "RSIOrBBEntryMixin", "params": {"e_rsi_oversold": 45, "e_bb_dev": 1.1, "e_cooldown_bars": 6}}


class Relived(CustomStrategy):
    """Passes its memory through JSON at every bar, as if each bar were another life's."""

    def on_bar(self) -> None:
        saved = json.loads(json.dumps(self.state()))
        self._exit.reset()
        self._entry.restore({})
        self.restore(saved)
        super().on_bar()


@pytest.mark.parametrize("seed", [41, 42, 43])
def test_a_life_that_ends_at_every_bar_decides_as_one_that_never_ends(seed: int) -> None:
    bars = random_bars(seed, 500, 0.004)
    whole, pieces = TapeDesk(bars), TapeDesk(bars)
    play(a_spec(COOLING, TRAILING), whole)
    play(a_spec(COOLING, TRAILING), pieces, Relived)
    assert pieces.entries == whole.entries
    assert pieces.exits == whole.exits
    assert len(whole.exits) > 5


def test_the_memory_reads_back_to_the_same_bits() -> None:
    bars = random_bars(44, 300, 0.004)
    ran: Any = play(a_spec(COOLING, TRAILING), TapeDesk(bars))
    ran._exit._highest, ran._exit._stop = math.nextafter(0.1, 1), 1e22 / 3
    memory = json.loads(json.dumps(ran.state()))
    ran._exit.reset()
    ran.restore(memory)
    assert (ran._exit._highest, ran._exit._stop) == (math.nextafter(0.1, 1), 1e22 / 3)
    assert json.loads(json.dumps(ran.state())) == memory


def test_memory_of_a_mixin_that_is_no_longer_named_is_left_out() -> None:
    bars = random_bars(45, 200, 0.004)
    old: Any = play(a_spec(COOLING, TRAILING), TapeDesk(bars))
    new: Any = play(a_spec(ALWAYS, AFTER_TWO), TapeDesk(FLAT))
    before = new.state()
    new.restore({"exit": old.state()["exit"]})
    assert new.state() == before
    new.restore({})
    assert new.state() == before


def test_a_position_found_open_without_memory_is_managed_from_its_entry_price() -> None:
    class Forgetful(CustomStrategy):
        """Learns nothing at the entry, as a life that began with the trade open and no saved memory."""

        def on_entry(self, position: OpenPosition) -> None:
            self._exit.reset()

    calm = [Bar(100.0, 100.5, 99.5, 100.0)] * 6
    drop = [Bar(100.0, 100.0, 97.0, 97.5)] * 2
    leaving = {"name": "ATRExitMixin", "params": {"x_atr_period": 3, "x_sl_multiplier": 1.0}}
    desk = TapeDesk([*calm, *drop])
    play(a_spec(ALWAYS, leaving), desk, Forgetful)
    assert desk.exits == [(6, "stop_loss")]


def test_the_exit_rule_learns_the_trade_from_the_values_before_the_fill_bar() -> None:
    told: list[tuple[Any, ...]] = []

    class Listening(CustomStrategy):
        def __init__(self) -> None:
            super().__init__()

            def on_entry(*trade: Any) -> None:
                told.append((*trade[1:], self._exit_chart.now("exit_atr")))

            self._exit.on_entry = on_entry  # type: ignore[method-assign, assignment]

    wide = Bar(10.0, 99.0, 10.0, 10.0)
    bars = [Bar(10.0, 10.5, 9.5, 10.0)] * 10 + [wide]
    desk = TapeDesk(bars)
    ran: BotStrategy = play(a_spec(ALWAYS, SLOW_STOP), desk, Listening)
    assert ran.desk.position is not None
    assert told == [(10.0, desk.position.entry_time if desk.position else None, 1.0, "long", 1.0)]
