"""Longer bars of a strategy's own symbol: whole, never early, the same after a restart."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from effort import examples
from engine_scenes import FREE, Killed, Record, file_data, live, spec_for, ticket_for, write_bars
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine_restarts import Assassin, random_walk, without_ids

from common.errors import ConfigurationError
from common.spec import DataSpec, StrategySpec
from worker.engine.earlier import earlier_bars
from worker.feeds.file import FileReplay
from worker.feeds.simulated import SimulatedMarket
from worker.strategies.contract import BotStrategy
from worker.strategies.indicators.sma import SMA
from worker.strategies.validation import validate

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Watcher(BotStrategy):
    """Notes after each bar what it can see of its longer bars."""

    timeframes = ("5m", "1h")
    notes: list

    def __init__(self):
        super().__init__()
        self.five, self.hour = self.higher("5m"), self.higher("1h")
        self.mean = self.five.indicator("SMA", timeperiod=3)

    def on_bar(self):
        five = self.five
        seen = five.completed, five.opened_at, five.open[0], five.high[0], five.low[0], five.close[0], five.volume[0]
        self.notes.append((self.desk.bar_time, seen, self.hour.completed, self.mean[0], five.close[-1]))


def watch(data, **life):
    strategy = type("Fresh", (Watcher,), {"notes": []})
    live(spec_for(data), strategy, **life)
    return strategy.notes


def minutes(folder, rows):
    return file_data(write_bars(folder, rows, step=MINUTE), interval="1m", interval_seconds=60)


def test_a_longer_bar_is_there_with_the_bar_that_closes_it_and_nothing_of_it_before(tmp_path):
    rows = [(*row, 1.0 if number % 5 else 1e16) for number, row in enumerate(random_walk(3, 130))]
    notes = watch(minutes(tmp_path, rows))
    for number, (at, five, hours, _, _) in enumerate(notes):
        whole = (number + 1) // 5
        assert (five[0], hours) == (whole, (number + 1) // 60)
        if whole == 0:
            assert all(math.isnan(value) for value in five[2:])
            continue
        part = rows[whole * 5 - 5 : whole * 5]
        assert five[1] == START + (whole - 1) * 5 * MINUTE <= at - 4 * MINUTE
        assert five[2:6] == (part[0][0], max(r[1] for r in part), min(r[2] for r in part), part[-1][3])
        assert five[6] == 1e16 + 4  # which adding one after another does not reach


def test_indicators_over_longer_bars_count_longer_bars(tmp_path):
    rows = random_walk(4, 60)
    calculator, closes, expected = SMA(3), [], {}
    for whole in range(1, 13):
        closes.append(rows[whole * 5 - 1][3])
        expected[whole] = calculator.update(closes[-1])[0]
    for _, five, _, mean, before in watch(minutes(tmp_path, rows)):
        wanted = expected.get(five[0], math.nan)
        assert mean == wanted or (math.isnan(mean) and math.isnan(wanted))
        assert before == closes[five[0] - 2] if five[0] > 1 else math.isnan(before)


def test_a_bar_whose_last_part_is_missing_is_complete_with_the_next_bar_there_is(tmp_path):
    rows = [f"{int((START + n * MINUTE).timestamp())},10,12,9,{11 - n / 100},1" for n in (0, 1, 2, 3, 14, 15)]
    path = tmp_path / "gap.csv"
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    notes = watch(file_data(path, interval="1m", interval_seconds=60))
    assert [five[0] for _, five, *_ in notes] == [0, 0, 0, 0, 2, 2]
    assert [five[1] for _, five, *_ in notes][-1] == START + 10 * MINUTE
    assert [before for *_, before in notes][-1] == 10.97


@pytest.mark.parametrize("cut", [1, 4, 5, 7, 59, 61])
def test_a_life_that_goes_on_sees_what_one_that_ran_through_sees(tmp_path, cut):
    data = minutes(tmp_path, random_walk(5, 90))
    whole = watch(data)
    record = Record()
    live(spec_for(data), type("First", (Watcher,), {"notes": []}), record=record, ticket=ticket_for(checkpoint_bars=1))
    newest = record.checkpoints[cut]  # after the opening one: bars 0 … cut - 1
    assert repr(watch(data, ticket=ticket_for(2), checkpoint=newest)) == repr(whole[cut:])


class Crossing(BotStrategy):
    """Buys above the mean of the hour's closes, sells below; decides by longer bars alone."""

    timeframes = ("1h", "1d")

    def __init__(self):
        super().__init__()
        self.hour = self.higher("1h")
        self.mean, self.rsi = self.hour.indicator("SMA", timeperiod=5), self.hour.indicator("RSI", timeperiod=4)

    def on_bar(self):
        close, mean = self.hour.close[0], self.mean[0]
        if self.desk.pending or math.isnan(mean):
            return
        if self.desk.position is None and close > mean:
            self.desk.enter(f"{close!r} {self.rsi[0]!r} {self.higher('1d').close[0]!r}")
        elif self.desk.position is not None and close < mean:
            self.desk.leave(f"{close!r} {self.rsi[0]!r} {self.higher('1d').low[0]!r}")


@settings(max_examples=examples(15), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    gaps=st.floats(0, 0.5),
    kills=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=5),
    checkpoint_bars=st.sampled_from([1, 7, 64]),
)
def test_joined_rows_and_longer_bars_survive_any_kill(seed, gaps, kills, checkpoint_bars):
    chance = random.Random(seed)
    with TemporaryDirectory() as folder:
        rows = random_walk(seed, 900)
        kept = [number for number in range(len(rows)) if chance.random() >= gaps]
        path = Path(folder) / "rows.csv"
        lines = [",".join(map(str, [int((START + n * 5 * MINUTE).timestamp()), *rows[n], 1])) for n in kept]
        path.write_text("\n".join(["timestamp,open,high,low,close,volume", *lines]) + "\n")
        data = file_data(path, interval="15m", interval_seconds=900, source_interval="5m")
        spec = spec_for(data, broker=FREE.model_copy(update={"commission_rate": Decimal("0.001")}))
        whole = live(spec, Crossing, ticket=ticket_for(checkpoint_bars=checkpoint_bars)).record
        torn = Assassin()
        for life, (commits, after) in enumerate(kills, start=1):
            torn.aim(commits, after)
            try:
                live(spec, Crossing, record=torn, ticket=ticket_for(life), checkpoint=torn.newest)
            except Killed:
                continue
            break
        torn.left = None
        if not torn.of("finished"):
            live(spec, Crossing, record=torn, ticket=ticket_for(99), checkpoint=torn.newest)
    assert without_ids(torn.facts) == without_ids(whole.facts)


def simulated(**changes):
    values = {"source": "simulated", "symbol": "X", "interval": "1m", "interval_seconds": 60, "seed": 3}
    return SimulatedMarket(DataSpec(**{**values, **changes}))


def test_bars_before_the_first_one_read_reach_back_to_the_beginning_of_a_longest_bar():
    source = simulated()
    begin = 60 * source.warm_up_limit
    early = earlier_bars(source, begin + 6000, ("15m", "1h"), lambda: True)
    assert (next(early).index, sum(1 for _ in early)) == (6000, begin - 1)
    early = earlier_bars(source, begin + 6001, ("1h",), lambda: True)
    assert next(early).index == 6000
    assert next(earlier_bars(source, 100, ("1d",), lambda: True)).index == 0


def test_nothing_is_read_before_the_first_bar_where_nobody_asks_or_nothing_is(tmp_path):
    source = simulated()
    assert list(earlier_bars(source, 9000, (), lambda: True)) == []
    assert list(earlier_bars(source, 0, ("1h",), lambda: True)) == []
    replay = FileReplay.load(minutes(tmp_path, random_walk(1, 10)))
    assert list(earlier_bars(replay, 5, ("5m",), lambda: True)) == []


def test_a_stop_ends_a_long_warm_up():
    asked = iter([True, True, False])
    read = sum(1 for _ in earlier_bars(simulated(), 100_000, ("1d",), lambda: next(asked)))
    assert read == 2 * 4096


def test_a_far_life_on_the_simulated_market_sees_the_same_longer_bars():
    spec = spec_for(
        DataSpec(
            source="simulated",
            symbol="X",
            interval="1m",
            interval_seconds=60,
            seed=3,
            market_identity="m",
            todate=START + 7000 * MINUTE,
        )
    )
    record = Record()
    first = type("First", (Watcher,), {"notes": []})
    live(spec, first, record=record, ticket=ticket_for(checkpoint_bars=1))
    late = next(c for c in record.checkpoints if c.bar_at == START + 6500 * MINUTE)
    second = type("Second", (Watcher,), {"notes": []})
    live(spec, second, ticket=ticket_for(2), checkpoint=late)
    assert len(second.notes) == 500
    assert repr(second.notes) == repr(first.notes[-500:])


@pytest.mark.parametrize(
    ("wanted", "said"),
    [(("1s",), "must be shorter than 1s"), (("7m",), "must divide 7m"), (("hourly",), "whole number followed by")],
)
def test_a_timeframe_that_cannot_be_joined_is_refused_at_validation_and_in_a_life(tmp_path, wanted, said, monkeypatch):
    (tmp_path / "odd.py").write_text(
        "from worker.strategies.contract import BotStrategy\n\n\n"
        f"class Odd(BotStrategy):\n    timeframes = {wanted!r}\n\n    def on_bar(self):\n        pass\n"
    )
    data = file_data(write_bars(tmp_path, random_walk(1, 5)), interval="5m", interval_seconds=300)
    spec = spec_for(data, strategy=StrategySpec(type="Odd"))
    (problem,) = validate(spec, [tmp_path])
    assert (problem.path, problem.severity) == ("data.interval", "error")
    assert said in problem.message
    with pytest.raises(ConfigurationError, match=said):
        live(spec, type("Odd", (Watcher,), {"timeframes": wanted}))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda s: s.higher("1d"), "does not declare 1d"),
        (lambda s: s.hour.indicator("MOON"), "known: "),
        (lambda s: s.hour.indicator("BBANDS", timeperiod=5), "upperband, middleband, lowerband"),
        (lambda s: s.hour.indicator("SMA"), "timeperiod"),
        (lambda s: s.hour.indicator("SMA", timeperiod=3, moon=1), "moon"),
        (lambda s: s.hour.indicator("SMA", timeperiod=3, source="moon"), "known: open"),
    ],
)
def test_what_is_not_there_is_refused_by_name(tmp_path, ask, said):
    class Asking(Watcher):
        def __init__(self):
            super().__init__()
            ask(self)

    with pytest.raises(ConfigurationError, match=said):
        live(spec_for(minutes(tmp_path, random_walk(1, 5))), Asking)


def test_the_future_of_a_series_cannot_be_read(tmp_path):
    class Peeping(Watcher):
        notes = []

        def on_bar(self):
            self.five.close[1]

    with pytest.raises(IndexError, match="future"):
        live(spec_for(minutes(tmp_path, random_walk(1, 5))), Peeping)
