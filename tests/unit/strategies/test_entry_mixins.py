"""Entry signals on golden series: the bars are computed from the definitions, not by the code under test."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import exact_formulas as exact
import pytest
from tape import Bar, TapeDesk, a_spec, closes_to_bars, play, random_bars

VOLUME, EITHER = "RSIBBVolumeEntryMixin", "RSIOrBBEntryMixin"
HOLD = {"name": "TimeBasedExitMixin", "params": {"x_max_bars": 2}}
BARS = random_bars(21, 600, 0.004)

BASE: dict[str, dict[str, Any]] = {
    VOLUME: {
        "rsi_period": 14,
        "rsi_oversold": 40,
        "bb_period": 20,
        "bb_dev": 1.0,
        "vol_ma_period": 20,
        "min_volume_ratio": 1.1,
        "use_bb_touch": True,
    },
    EITHER: {
        "rsi_period": 14,
        "rsi_oversold": 35,
        "bb_period": 20,
        "bb_dev": 1.6,
        "use_bb_touch": True,
        "rsi_cross": False,
        "bb_reentry": False,
        "cooldown_bars": 0,
    },
}
VARIED = {
    VOLUME: {
        "rsi_period": 6,
        "rsi_oversold": 30,
        "bb_period": 9,
        "bb_dev": 1.8,
        "vol_ma_period": 5,
        "min_volume_ratio": 2.0,
    },
    EITHER: {
        "rsi_period": 6,
        "rsi_oversold": 20,
        "bb_period": 9,
        "bb_dev": 2.2,
        "rsi_cross": True,
        "bb_reentry": True,
        "cooldown_bars": 7,
    },
}
CHANGES = [(name, {key: value}) for name, varied in VARIED.items() for key, value in varied.items()]


class Signals:
    """The rule on a whole series, with exact indicators."""

    def __init__(self, name: str, bars: list[Bar], parameters: dict[str, Any]) -> None:
        self.name, self.p = name, parameters
        closes = [bar.close for bar in bars]
        self.close = exact.exact(closes)
        self.volume = exact.exact([bar.volume for bar in bars])
        self.rsi = exact.rsi(closes, parameters["rsi_period"])
        self.lower = exact.bands(closes, parameters["bb_period"], parameters["bb_dev"])[2]
        periods = [parameters["rsi_period"], parameters["bb_period"]]
        self.mean: exact.Series = []
        if name == VOLUME:
            self.mean = exact.sma([bar.volume for bar in bars], parameters["vol_ma_period"])
            periods.append(parameters["vol_ma_period"])
        self.first = max(periods)
        self.last_signal = -(10**9)

    def at(self, i: int) -> bool:
        if i + 1 <= self.first:
            return False
        rsi, before, lower = self.rsi[i], self.rsi[i - 1], self.lower[i]
        assert rsi is not None
        assert lower is not None
        oversold = Decimal(str(self.p["rsi_oversold"]))
        low = self.close[i] <= lower if self.p["use_bb_touch"] else self.close[i] < lower
        if self.name == VOLUME:
            mean = self.mean[i]
            assert mean is not None
            return rsi <= oversold and low and self.volume[i] > mean * Decimal(str(self.p["min_volume_ratio"]))
        rsi_part = rsi <= oversold
        if self.p["rsi_cross"]:
            rsi_part = before is not None and before <= oversold < rsi
        band_part = self.close[i] > lower if self.p["bb_reentry"] else low
        if not (rsi_part or band_part) or i - self.last_signal < self.p["cooldown_bars"]:
            return False
        self.last_signal = i
        return True


def expected_entries(name: str, bars: list[Bar], parameters: dict[str, Any]) -> list[int]:
    """Decision bars when each trade is held for two bars after its fill: the next question is five bars later."""
    signals, entries, i = Signals(name, bars, parameters), [], 0
    while i < len(bars):
        if signals.at(i):
            entries.append(i)
            i += 4  # decided at i, filled at i + 1, exit decided at i + 3, filled at i + 4
        else:
            i += 1
    return entries


def entries(name: str, bars: list[Bar], parameters: dict[str, Any], prefix: str = "e_") -> list[int]:
    desk = TapeDesk(bars)
    play(a_spec({"name": name, "params": {prefix + key: value for key, value in parameters.items()}}, HOLD), desk)
    return [bar for bar, _ in desk.entries]


@pytest.mark.parametrize("name", BASE)
@pytest.mark.parametrize("prefix", ["", "e_", "entry_e_"])
def test_signals_are_those_of_the_definition(name: str, prefix: str) -> None:
    assert entries(name, BARS, BASE[name], prefix) == expected_entries(name, BARS, BASE[name])
    assert len(entries(name, BARS, BASE[name], prefix)) > 5


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_each_parameter_alone_changes_the_signals_as_computed(name: str, change: dict[str, Any]) -> None:
    parameters = {**BASE[name], **change}
    expected = expected_entries(name, BARS, parameters)
    assert entries(name, BARS, parameters) == expected
    assert expected != expected_entries(name, BARS, BASE[name])
    assert expected


@pytest.mark.parametrize("name", BASE)
def test_a_close_exactly_on_the_band_counts_only_with_touch(name: str) -> None:
    bars = closes_to_bars([10.0] * 25, [100.0] * 23 + [150.0, 100.0])
    wide = {**BASE[name], "rsi_oversold": 50 if name == VOLUME else 0}
    if name == EITHER:
        # the RSI must say no on its own: it stays at 100 after one rise, and the bands close again after 20 bars
        bars = closes_to_bars([9.0] + [10.0] * 40)
    touching = entries(name, bars, {**wide, "use_bb_touch": True})
    assert touching != []
    assert entries(name, bars, {**wide, "use_bb_touch": False}) == []


def test_zero_volume_never_beats_its_mean() -> None:
    falling = [100.0 - i for i in range(60)]
    parameters = {**BASE[VOLUME], "bb_dev": 0.5}
    assert entries(VOLUME, closes_to_bars(falling, [0.0] * 60), parameters) == []
    assert entries(VOLUME, closes_to_bars(falling, [0.0] * 59 + [1.0]), parameters) == [59]


def test_constant_volume_does_not_beat_its_own_mean() -> None:
    falling = [100.0 - i for i in range(60)]
    parameters = {**BASE[VOLUME], "bb_dev": 0.5, "min_volume_ratio": 1.0}
    assert entries(VOLUME, closes_to_bars(falling, [0.07123457] * 60), parameters) == []


def test_the_first_question_comes_after_the_lookback() -> None:
    falling = closes_to_bars([100.0 - i for i in range(60)])
    parameters = {**BASE[EITHER], "bb_dev": 0.1}
    assert entries(EITHER, falling, parameters)[0] == 20
    assert entries(EITHER, falling, {**parameters, "bb_period": 3})[0] == 14
    assert entries(EITHER, falling, {**parameters, "bb_period": 3, "rsi_period": 1})[0] == 3


def test_a_refused_signal_starts_the_cooldown_and_a_suppressed_one_does_not() -> None:
    falling = closes_to_bars([100.0 - i for i in range(60)])
    parameters = {**BASE[EITHER], "bb_period": 5, "rsi_period": 5, "cooldown_bars": 10}
    asked: list[int] = []

    def denies(bar: int) -> bool:
        asked.append(bar)
        return True

    desk = TapeDesk(falling, denies=denies)
    play(a_spec({"name": EITHER, "params": parameters}, HOLD), desk)
    assert asked == [5, 15, 25, 35, 45, 55]
