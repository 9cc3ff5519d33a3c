"""EOM against its definition."""

from __future__ import annotations

import math

import exact_formulas as exact
import pytest
from indicator_series import assert_same, columns, first_valid, output, recorded_bars, run, run_on_bars
from tape import random_bars

from worker.strategies.indicators.eom import EOM


@pytest.mark.parametrize("period", [1, 2, 5, 14, 33])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_ease_of_movement_equals_its_definition_in_exact_arithmetic(period: int, seed: int) -> None:
    bars = random_bars(seed, 90)
    definition = exact.ease_of_movement(*columns(bars, "high", "low", "volume"), period)
    largest = max(abs(float(value)) for value in definition if value is not None)
    assert_same(output(run_on_bars(EOM(period), bars)), definition, largest)


def test_it_equals_its_definition_on_recorded_candles() -> None:
    bars = recorded_bars("XRP_USDT-1h.csv")[:600]
    definition = exact.ease_of_movement(*columns(bars, "high", "low", "volume"), 14)
    assert_same(output(run_on_bars(EOM(14), bars)), definition)


def test_it_begins_with_as_many_movements_as_its_period() -> None:
    assert first_valid(output(run_on_bars(EOM(7), random_bars(6, 30)))) == 7


def test_a_movement_is_the_middles_way_by_height_and_volume() -> None:
    # middle 10 → 13, height 4, volume 5e7: box ratio 0.5 / 4
    assert run(EOM(1), [11.0, 15.0], [9.0, 11.0], [1.0, 5e7])[-1] == (3.0 / (0.5 / 4.0),)


@pytest.mark.parametrize(("high", "low", "volume"), [(13.0, 13.0, 5e7), (13.00000005, 13.0, 5e7), (15.0, 11.0, 0.0)])
def test_a_bar_without_height_or_volume_hardly_counts_as_moved(high: float, low: float, volume: float) -> None:
    (value,) = run(EOM(1), [11.0, high], [9.0, low], [1.0, volume])[-1]
    assert value == ((high + low) / 2.0 - 10.0) / 1e10


def test_the_height_that_counts_begins_above_a_ten_millionth() -> None:
    below, above = (
        run(EOM(1), [1.0, 1.00000009], [1.0, 1.0], [1.0, 1.0]),
        run(EOM(1), [1.0, 1.00000011], [1.0] * 2, [1.0] * 2),
    )
    assert below[-1][0] < 1e-15
    assert above[-1][0] > 1e-7


def test_a_market_at_one_price_has_no_movement_at_all() -> None:
    assert run(EOM(5), [0.1] * 20, [0.1] * 20, [0.0] * 20)[-1] == (0.0,)
    assert run(EOM(5), [0.2] * 20, [0.1] * 20, [3.0] * 20)[-1] == (0.0,)


def test_a_rising_middle_is_positive_a_falling_one_negative() -> None:
    highs = [float(i) for i in range(2, 30)]
    lows, volumes = [high - 1.0 for high in highs], [100.0] * len(highs)
    assert run(EOM(5), highs, lows, volumes)[-1][0] > 0.0
    assert run(EOM(5), highs[::-1], lows[::-1], volumes)[-1][0] < 0.0
    assert math.isnan(run(EOM(5), highs[:5], lows[:5], volumes[:5])[-1][0])
