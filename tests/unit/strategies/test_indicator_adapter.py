"""Calculators running inside backtrader, and why backtrader's own indicators do not serve."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import exact_formulas as exact
import pytest
from indicator_series import SAMPLE_VALUES, run_on_bars
from tape import Bar, TapeDesk, closes_to_bars, play, random_bars

from worker.engine.backtrader_import import bt
from worker.strategies.contract import BotStrategy
from worker.strategies.indicators.adapter import computed
from worker.strategies.indicators.atr import ATR
from worker.strategies.indicators.bbands import BBANDS
from worker.strategies.indicators.catalogue import INDICATORS
from worker.strategies.indicators.rsi import RSI
from worker.strategies.indicators.sma import SMA


def recorder(build: Callable[[Any], dict[str, Any]]) -> type[BotStrategy]:
    """A strategy that writes down the named lines, now and before, at every bar."""

    class Recorder(BotStrategy):
        def __init__(self) -> None:
            super().__init__()
            self.named = build(self.data)
            self.seen: dict[str, list[tuple[float, float]]] = {name: [] for name in self.named}

        def on_bar(self) -> None:
            for name, line in self.named.items():
                self.seen[name].append((line[0], line[-1]))

    return Recorder


def several(data: Any) -> dict[str, Any]:
    rsi = computed(data, RSI(14), [data.close])
    bands = computed(data, BBANDS(20, 2.0, 2.0), [data.close])
    atr = computed(data, ATR(14), [data.high, data.low, data.close])
    smooth = computed(data, SMA(5), [atr.lines[0]])
    return {"rsi": rsi, "lower": bands.lines[2], "upper": bands.lines[0], "atr": atr, "smooth": smooth}


def seen(bars: list[Bar], exactbars: int = -1) -> dict[str, list[tuple[float, float]]]:
    ran: Any = play(None, TapeDesk(bars), recorder(several), exactbars)
    values: dict[str, list[tuple[float, float]]] = ran.seen
    return values


def text(values: dict[str, list[tuple[float, float]]]) -> str:
    return repr(values)


@pytest.mark.parametrize("exactbars", [1, 0])
def test_values_are_the_same_bit_by_bit_however_backtrader_keeps_its_lines(exactbars: int) -> None:
    bars = random_bars(1, 120)
    assert text(seen(bars, exactbars)) == text(seen(bars, -1))


def test_the_strategy_is_called_from_the_first_bar_and_nan_says_what_is_not_ready() -> None:
    values = seen(random_bars(2, 60))
    assert {len(series) for series in values.values()} == {60}
    assert [math.isnan(now) for now, _ in values["rsi"]] == [True] * 14 + [False] * 46
    assert [math.isnan(now) for now, _ in values["lower"]] == [True] * 19 + [False] * 41
    assert [math.isnan(now) for now, _ in values["smooth"]] == [True] * 18 + [False] * 42


def test_the_value_before_is_the_value_of_the_bar_before() -> None:
    for series in seen(random_bars(3, 80), exactbars=1).values():
        assert repr([before for _, before in series[1:]]) == repr([now for now, _ in series[:-1]])


def test_the_values_are_those_of_the_calculator() -> None:
    bars = random_bars(4, 60)
    calculator, bands = RSI(14), BBANDS(20, 2.0, 2.0)
    values = seen(bars)
    assert repr([now for now, _ in values["rsi"]]) == repr([calculator.update(b.close)[0] for b in bars])
    assert repr([now for now, _ in values["lower"]]) == repr([bands.update(b.close)[2] for b in bars])


def test_a_second_data_ticking_on_the_same_bar_feeds_nothing_twice() -> None:
    class Slow(bt.feed.DataBase):  # type: ignore[misc]
        """Follows the tape with bars in between that the first data does not have."""

        params = (("stamps", ()),)

        def start(self) -> None:
            super().start()
            self.rest = list(self.p.stamps)

        def islive(self) -> bool:
            return True

        def _load(self) -> bool:
            if not self.rest:
                return False
            self.lines.datetime[0] = self.rest.pop(0)
            for line in (self.lines.open, self.lines.high, self.lines.low, self.lines.close, self.lines.volume):
                line[0] = 1.0
            return True

    class Watcher(bt.Strategy):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rsi = computed(self.data0, RSI(2), [self.data0.close])
            self.values: dict[int, float] = {}

        def next(self) -> None:
            self.values[len(self.data0)] = self.rsi[0]

    class Priced(Slow):
        params = (("closes", ()),)

        def _load(self) -> bool:
            position = len(self.p.stamps) - len(self.rest)
            if not super()._load():
                return False
            self.lines.close[0] = self.p.closes[position]
            return True

    closes = [5.0, 6.0, 4.0, 7.0, 7.5, 3.0]
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(Priced(stamps=[730000.0 + i for i in range(6)], closes=closes))
    cerebro.adddata(Slow(stamps=[730000.0 + i / 2 for i in range(12)]))
    cerebro.addstrategy(Watcher)
    (ran,) = cerebro.run()
    alone = RSI(2)
    assert repr(list(ran.values.values())) == repr([alone.update(close)[0] for close in closes])


@pytest.mark.parametrize("exactbars", [1, 0, -1])
@pytest.mark.parametrize("name", sorted(INDICATORS))
def test_every_type_comes_out_on_its_lines_in_the_order_of_its_outputs(name: str, exactbars: int) -> None:
    def build(data: Any) -> dict[str, Any]:
        sources = [getattr(data, "close" if column == "series" else column) for column in INDICATORS[name].inputs]
        indicator = computed(data, INDICATORS[name].from_values(SAMPLE_VALUES[name]), sources)
        return {output: indicator.lines[k] for k, output in enumerate(INDICATORS[name].outputs)}

    bars = random_bars(7, 60)
    ran: Any = play(None, TapeDesk(bars), recorder(build), exactbars)
    expected = run_on_bars(INDICATORS[name].from_values(SAMPLE_VALUES[name]), bars)
    for index, output in enumerate(INDICATORS[name].outputs):
        assert repr([now for now, _ in ran.seen[output]]) == repr([row[index] for row in expected])


def backtraders_own(bars: list[Bar], build: Callable[[Any], Any]) -> list[float]:
    ran: Any = play(None, TapeDesk(bars), recorder(lambda data: {"own": build(data)}))
    return [now for now, _ in ran.seen["own"]]


def backtraders_lower_band(bars: list[Bar]) -> list[float]:
    return backtraders_own(bars, lambda data: bt.indicators.BollingerBands(data.close, period=20).lines.bot)


def test_backtraders_rsi_divides_by_zero_on_a_flat_stretch_and_its_safe_form_calls_it_50() -> None:
    flat = closes_to_bars([0.1] * 40)
    with pytest.raises(ZeroDivisionError):
        backtraders_own(flat, lambda data: bt.indicators.RSI(data.close, period=14))
    safe = backtraders_own(flat, lambda data: bt.indicators.RSI(data.close, period=14, safediv=True))
    assert safe[-1] == pytest.approx(50.0)
    ours = RSI(14)
    assert [ours.update(bar.close) for bar in flat][-1] == (0.0,)


def test_backtraders_bands_open_on_a_flat_stretch_where_the_deviation_is_zero() -> None:
    price = 0.05612059
    flat = closes_to_bars([price] * 40)
    assert abs(backtraders_lower_band(flat)[-1] - price) > 1e-9
    ours = BBANDS(20, 2.0, 2.0)
    assert [ours.update(bar.close)[2] for bar in flat][-1] == price


def test_backtraders_bands_are_a_twentieth_of_the_last_digit_off_on_a_quiet_market() -> None:
    chance = random.Random(5)
    closes = [0.1 + chance.choice([0.0, 1e-8]) for _ in range(500)]
    theirs = backtraders_lower_band(closes_to_bars(closes))
    calculator = BBANDS(20, 2.0, 2.0)
    ours = [calculator.update(close)[2] for close in closes][19:]
    exactly = [float(value) for value in exact.bands(closes, 20, 2.0)[2] if value is not None]
    assert max(abs(a - b) for a, b in zip(ours, exactly, strict=True)) < 1e-16
    assert max(abs(a - b) for a, b in zip(theirs, exactly, strict=True)) > 5e-10
