"""Intervals: every length has its grid in UTC, its end, and the finer ones it can be joined from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.spec.intervals import Interval

TEXTS = ("1s", "45s", "1m", "7m", "90m", "1h", "4h", "1d", "3d", "366d", "1W", "1w", "1M")
MOMENTS = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@given(text=st.sampled_from(TEXTS), moment=MOMENTS)
def test_a_moment_lies_in_one_bar_of_the_grid_and_bars_follow_each_other_without_holes(text, moment):
    interval = Interval.of(text)
    opening = interval.opening(moment)
    closing = interval.closing(opening)
    assert opening <= moment < closing
    assert interval.opening(closing) == closing
    assert interval.opening(closing - timedelta(microseconds=1)) == opening


@given(text=st.sampled_from(TEXTS), moment=MOMENTS, bars=st.integers(0, 40), late=st.floats(0, 0.99))
def test_bars_can_be_counted_and_found_by_their_number(text, moment, bars, late):
    interval = Interval.of(text)
    first = interval.opening(moment)
    opened_at = interval.later(first, bars)
    within = opened_at + late * (interval.closing(opened_at) - opened_at)
    assert interval.bars_until(first, within) == bars + 1
    assert interval.bars_until(first, opened_at - timedelta(microseconds=1)) == bars
    assert interval.bars_until(first, first - timedelta(days=700)) == 0


@pytest.mark.parametrize(
    ("text", "moment", "opening", "closing"),
    [
        ("1d", utc(2024, 2, 29, 23, 59), utc(2024, 2, 29), utc(2024, 3, 1)),
        ("1d", utc(2023, 12, 31, 12), utc(2023, 12, 31), utc(2024, 1, 1)),
        ("1W", utc(2024, 1, 3), utc(2024, 1, 1), utc(2024, 1, 8)),
        ("1W", utc(2024, 1, 7, 23, 59, 59), utc(2024, 1, 1), utc(2024, 1, 8)),
        ("1W", utc(2024, 3, 1), utc(2024, 2, 26), utc(2024, 3, 4)),
        ("1W", utc(2020, 12, 31), utc(2020, 12, 28), utc(2021, 1, 4)),
        ("1M", utc(2024, 2, 29, 12), utc(2024, 2, 1), utc(2024, 3, 1)),
        ("1M", utc(2023, 2, 28), utc(2023, 2, 1), utc(2023, 3, 1)),
        ("1M", utc(2023, 12, 31, 23, 59), utc(2023, 12, 1), utc(2024, 1, 1)),
        ("4h", utc(2024, 3, 31, 2, 30), utc(2024, 3, 31), utc(2024, 3, 31, 4)),
    ],
)
def test_weeks_begin_on_mondays_months_on_firsts_and_leap_days_and_years_count(text, moment, opening, closing):
    interval = Interval.of(text)
    assert (interval.opening(moment), interval.closing(opening)) == (opening, closing)


@pytest.mark.parametrize(
    ("stamp", "end"),
    [
        (utc(2024, 1, 2), utc(2024, 2, 1)),
        (utc(2023, 12, 31, 23), utc(2024, 2, 1)),
        (utc(2024, 1, 31, 14), utc(2024, 3, 1)),
    ],
)
def test_a_month_stamped_off_its_first_ends_with_the_month_it_is_about(stamp, end):
    assert Interval.of("1M").closing(stamp) == end


def test_a_bar_off_the_grid_keeps_its_length():
    assert Interval.of("1h").closing(utc(2024, 1, 1, 0, 30)) == utc(2024, 1, 1, 1, 30)
    assert Interval.of("1W").closing(utc(2024, 1, 7)) == utc(2024, 1, 14)


@pytest.mark.parametrize(
    ("coarse", "fine", "why"),
    [
        ("1h", "1m", ""),
        ("1h", "20m", ""),
        ("1d", "1h", ""),
        ("1W", "1d", ""),
        ("1M", "4h", ""),
        ("1M", "1d", ""),
        ("1h", "7m", "divide 1h"),
        ("1h", "1h", "shorter"),
        ("1h", "1d", "shorter"),
        ("1W", "2d", "divide a day"),
        ("1M", "1W", "divide a day"),
        ("30d", "1W", "divide 30d"),
    ],
)
def test_only_whole_parts_are_joined(coarse, fine, why):
    broken = Interval.of(coarse).why_not_of(Interval.of(fine))
    assert why in broken
    assert bool(why) == bool(broken)
