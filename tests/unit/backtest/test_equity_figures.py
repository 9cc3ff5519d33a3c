"""The equity curve and its figures, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from round_trips import a_trip, day

from common.trading.equity_figures import EquityFigures, EquityStatistics
from common.trading.equity_walk import EquityWalk


def curve(
    equities: Sequence[float | str], days: Sequence[float] | None = None, per_year: int | None = 365
) -> EquityFigures:
    """Figures of an account of 100 with these equities, one a day; closes are the equities, no position is held."""
    statistics = EquityStatistics(Decimal(100), per_year)
    for number, equity in enumerate(equities):
        at = day(number if days is None else days[number])
        statistics.take(at, float(equity), float(equity), Decimal(str(equity)), False)
    return statistics.figures()


def test_sharpe_and_sortino_of_three_days() -> None:
    """Returns 0.1, −0.1, 0.1: mean 1/30, s = √(0.08/6), d = √(0.01/3)."""
    figures = curve([110, 99, "108.9"])
    assert figures.days == 3
    assert figures.sharpe == pytest.approx((365 / 12) ** 0.5)
    assert figures.sortino == pytest.approx((365 / 3) ** 0.5)


def test_stocks_have_fewer_days_a_year() -> None:
    coins, shares = curve([110, 99, 108.9]), curve([110, 99, 108.9], per_year=252)
    assert coins.sharpe is not None
    assert shares.sharpe == pytest.approx(coins.sharpe * (252 / 365) ** 0.5)


def test_a_days_return_is_that_of_its_last_close() -> None:
    """Two bars a day; what happens within a day leaves no trace in the ratios."""
    by_day = curve([110, 99, 108.9])
    within = curve([150, 110, 60, 99, 200, 108.9], days=[0, 0.5, 1, 1.5, 2, 2.5])
    assert within.days == 3
    assert (within.sharpe, within.sortino) == (by_day.sharpe, by_day.sortino)
    assert within.max_drawdown_pct == 60, "150 to 60"


def test_days_without_bars_do_not_count() -> None:
    assert curve([110, 99, 108.9], days=[0, 3, 9]).sharpe == curve([110, 99, 108.9]).sharpe


@pytest.mark.parametrize("equities", [[], [110], [100, 100, 100], [101, 102.01, 103.0301]])
def test_ratios_without_meaning_are_nothing(equities: list[float]) -> None:
    """No day, one day, a flat account, the same return each day (which only binary rounding makes vary)."""
    figures = curve(equities)
    assert figures.sharpe is None
    assert figures.sortino is None


def test_without_a_losing_day_there_is_a_sharpe_but_no_sortino() -> None:
    figures = curve([101, 103, 104])
    assert figures.sharpe is not None
    assert figures.sortino is None


def test_bars_longer_than_a_day_have_no_daily_ratios() -> None:
    figures = curve([110, 99, 108.9], per_year=None)
    assert (figures.sharpe, figures.sortino) == (None, None)


def test_the_deepest_drawdown_and_the_longest_may_be_different_ones() -> None:
    """100 → 80 is back after two days; 125 → 120 is not back after four."""
    figures = curve([100, 80, 125, 120, 121, 120, 124])
    assert figures.max_drawdown_pct == 20
    assert figures.longest_drawdown_seconds == 4 * 86_400
    assert figures.peak_equity == 125


def test_the_start_balance_is_a_peak_too() -> None:
    assert curve([90, 95]).max_drawdown_pct == 10


def test_an_account_that_only_rises_has_no_drawdown() -> None:
    figures = curve([100, 101, 101, 102])
    assert (figures.max_drawdown_pct, figures.longest_drawdown_seconds) == (0, 0)


def test_buying_and_holding_goes_from_the_first_open_to_the_last_close() -> None:
    statistics = EquityStatistics(Decimal(100), 365)
    statistics.take(day(0), 50.0, 70.0, Decimal(100), False)
    statistics.take(day(1), 70.0, 60.0, Decimal(100), False)
    assert statistics.figures().buy_and_hold_pct == pytest.approx(20.0)


def test_equity_follows_the_closes_while_a_position_is_open() -> None:
    """Bought at 40 with 1 of commission on day 1, sold at 60 with 1.5 on day 3; open again from day 5 on."""
    trades = [a_trip("40", "60", days=(1, 3), fee="2.5"), a_trip("50", days=(5, 5), fee="1")]
    walk = EquityWalk(Decimal(100), trades)
    seen = []
    for number, close in enumerate([39.0, 45.0, 30.0, 61.0, 99.0, 52.0]):
        seen.append((walk.close(day(number), close), walk.in_position))
    assert seen == [
        (Decimal(100), False),
        (Decimal(104), True),
        (Decimal(89), True),
        (Decimal("117.5"), False),
        (Decimal("117.5"), False),
        (Decimal("118.5"), True),
    ]


def test_a_trade_that_begins_and_ends_within_a_bar_is_settled_at_its_close() -> None:
    walk = EquityWalk(Decimal(100), [a_trip("40", "38", days=(1, 1)), a_trip("40", "50", days=(2, 3))])
    assert [walk.close(day(n), 45.0) for n in range(4)] == [100, 98, 103, 108]


def test_exposure_is_the_share_of_closes_with_a_position() -> None:
    statistics = EquityStatistics(Decimal(100), 365)
    for number, held in enumerate([False, True, True, False]):
        statistics.take(day(number), 1.0, 1.0, Decimal(100), held)
    assert statistics.figures().exposure_pct == 50
