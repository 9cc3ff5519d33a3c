"""An order in doubt: never given up while the exchange may still have it, always settled once it answers."""

from __future__ import annotations

import random

from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.venue.live.resolution import DENIALS, DENIED_FOR, LONGEST_PAUSE, Resolution

WINDOW = 12.0


def ask(resolution: Resolution, chance: random.Random, now: float, exists: bool, answers: bool) -> None:
    """One question at `now`: an exchange that has the order finds it some time after it was accepted."""
    if not answers:
        resolution.unanswered(now, retry_after=chance.choice([None, None, 3.0]))
    elif not exists:
        resolution.denied(now)


@settings(max_examples=examples(400))
@given(st.integers(), st.floats(0.0, WINDOW), st.floats(0.0, 0.9))
def test_an_order_that_is_accepted_at_any_time_within_the_window_is_never_given_up(
    seed: int, accepted_at: float, silence: float
) -> None:
    chance = random.Random(seed)
    resolution, now = Resolution(WINDOW), 0.0
    resolution.sent(0.0)
    while now < 200.0:
        now += resolution.pause(now, chance.random())
        if now >= accepted_at and chance.random() >= silence:
            return  # found
        ask(resolution, chance, now, exists=False, answers=now < accepted_at and chance.random() >= silence)
        assert not resolution.is_absent


@settings(max_examples=examples(400))
@given(st.integers(), st.floats(0.0, 120.0))
def test_an_order_that_never_arrived_is_settled_once_the_exchange_answers(seed: int, silent_until: float) -> None:
    chance = random.Random(seed)
    resolution, now = Resolution(WINDOW), 0.0
    resolution.sent(0.0)
    while not resolution.is_absent:
        now += resolution.pause(now, chance.random())
        ask(resolution, chance, now, exists=False, answers=now >= silent_until)
        assert now < max(silent_until, WINDOW) + 2 * LONGEST_PAUSE + DENIALS * DENIED_FOR


def test_denials_before_the_request_could_no_longer_be_accepted_prove_nothing() -> None:
    resolution = Resolution(WINDOW)
    resolution.sent(0.0)
    for at in range(11):
        resolution.denied(float(at))
    assert not resolution.is_absent


def test_denials_in_one_moment_prove_nothing() -> None:
    resolution = Resolution(WINDOW)
    resolution.sent(0.0)
    for _ in range(10):
        resolution.denied(20.0)
    assert not resolution.is_absent
    resolution.denied(20.0 + DENIED_FOR)
    assert resolution.is_absent


def test_an_answer_that_fits_several_orders_takes_earlier_denials_back() -> None:
    resolution = Resolution(WINDOW)
    resolution.sent(0.0)
    resolution.denied(20.0)
    resolution.denied(22.0)
    resolution.undecided()
    resolution.denied(24.0)
    assert not resolution.is_absent


def test_nothing_is_asked_before_the_time_that_the_exchange_named() -> None:
    resolution = Resolution(WINDOW)
    resolution.sent(0.0)
    resolution.unanswered(5.0, retry_after=40.0)
    assert resolution.pause(5.0, 0.5) >= 40.0
