"""Waits between tries."""

from __future__ import annotations

import pytest

from common.backoff import delay
from common.errors import BotvisorError


def test_waits_double_from_nothing_to_the_cap() -> None:
    assert [delay(attempt, 0.5) for attempt in range(10)] == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_great_number_of_tries_stays_at_the_cap() -> None:
    assert delay(10**9, 0.5) == 60.0


def test_jitter_spreads_evenly_around_the_wait() -> None:
    assert [delay(4, jitter) for jitter in (0.0, 0.5, 0.75)] == [3.0, 4.0, 4.5]
    assert delay(1, 0.9) == 0.0


@pytest.mark.parametrize(("jitter", "spread"), [(1.0, 0.25), (-0.1, 0.25), (0.5, 1.5)])
def test_numbers_out_of_range_are_refused(jitter: float, spread: float) -> None:
    with pytest.raises(BotvisorError, match="outside"):
        delay(2, jitter, spread=spread)
