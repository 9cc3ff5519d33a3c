"""Bits wherever a life begins: an indicator of a finite window knows nothing of the bars before that window."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from indicator_series import SAMPLE_VALUES, run_on_bars
from tape import Bar, random_bars

from worker.strategies.indicators.bbands import BBANDS
from worker.strategies.indicators.calculator import Calculator
from worker.strategies.indicators.catalogue import INDICATORS
from worker.strategies.indicators.eom import EOM
from worker.strategies.indicators.ichimoku import ICHIMOKU
from worker.strategies.indicators.sma import SMA
from worker.strategies.indicators.stoch import STOCH
from worker.strategies.indicators.swings import SwingHighs


def finite(name: str) -> tuple[Calculator, int]:
    """A fresh calculator and the bars its newest value depends on."""
    made: dict[str, tuple[Calculator, int]] = {
        "SMA": (SMA(6), 6),
        "BBANDS": (BBANDS(5, 2.0, 2.0), 5),
        "STOCH": (STOCH(4, 2, 3), 7),
        "ICHIMOKU": (ICHIMOKU(2, 4, 6, 3), 9),
        "EOM": (EOM(4), 5),
    }
    return made[name]


amounts = st.floats(min_value=1e-8, max_value=1e8)


@st.composite
def markets(draw: st.DrawFn) -> list[Bar]:
    """Bars of any size, one unlike the other, some without height or volume."""
    bars = []
    for _ in range(draw(st.integers(20, 40))):
        low, high = sorted((draw(amounts), draw(amounts)))
        close = draw(st.sampled_from([low, high, (low + high) / 2]))
        bars.append(Bar(close, high, low, close, draw(st.just(0.0) | amounts)))
    return bars


@pytest.mark.parametrize("name", ["SMA", "BBANDS", "STOCH", "ICHIMOKU", "EOM"])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bars=markets(), start=st.integers(0, 11))
def test_a_finite_window_gives_the_same_bits_wherever_it_begins(name: str, bars: list[Bar], start: int) -> None:
    whole = run_on_bars(finite(name)[0], bars)
    calculator, needed = finite(name)
    late = run_on_bars(calculator, bars[start:])
    ready = needed - 1
    assert repr(late[ready:]) == repr(whole[start + ready :])


@pytest.mark.parametrize("name", sorted(INDICATORS))
def test_the_same_bars_give_the_same_bits_and_no_later_bar_changes_an_earlier_value(name: str) -> None:
    bars = random_bars(1, 60)
    whole = run_on_bars(INDICATORS[name].from_values(SAMPLE_VALUES[name]), bars)
    other = [*bars[:40], *random_bars(2, 20)]
    assert repr(run_on_bars(INDICATORS[name].from_values(SAMPLE_VALUES[name]), other)[:40]) == repr(whole[:40])


@pytest.mark.parametrize("name", sorted(INDICATORS))
def test_a_strategy_that_waited_for_the_lookback_finds_every_value_it_reads(name: str) -> None:
    calculator = INDICATORS[name].from_values(SAMPLE_VALUES[name])
    values = run_on_bars(calculator, random_bars(3, 60))
    # SupportResistance may have no level at any bar; a mean of means (STOCH) comes after its longest period
    if name not in ("SupportResistance", "STOCH"):
        assert all(value == value for row in values[calculator.lookback :] for value in row)


def test_which_swing_a_near_one_is_compared_with_depends_on_where_it_began() -> None:
    # the reason why levels are not among the finite windows
    highs = [5.0, 100.0, 5.0, 100.005, 5.0, 100.012, 5.0]
    whole, late = SwingHighs(1, 50), SwingHighs(1, 50)
    for high in highs:
        whole.take(high)
    for high in highs[2:]:
        late.take(high)
    assert (whole.above(100.0), late.above(100.0)) == (100.012, 100.005)
