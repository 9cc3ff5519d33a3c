from __future__ import annotations

import pytest

from common.errors import BotvisorError
from supervisor.intake.sessions import MAX_STRANGERS, Sessions
from supervisor.intake.suspicion import REPORT_INTERVAL, Suspicions


def test_a_life_owns_the_connection_that_last_said_its_token() -> None:
    sessions = Sessions()
    sessions.admit("secret", 7, 1)
    first = sessions.claim(b"\0a", "secret", 0.0)
    assert first is not None
    assert first.bot_id == 7
    assert sessions.claim(b"\0b", "secret", 0.0) is first
    assert sessions.of_connection(b"\0a") is None
    assert sessions.of_connection(b"\0b") is first


def test_one_connection_cannot_be_two_lives() -> None:
    sessions = Sessions()
    sessions.admit("one", 1, 1)
    sessions.admit("two", 2, 2)
    one = sessions.claim(b"\0a", "one", 0.0)
    two = sessions.claim(b"\0a", "two", 0.0)
    assert sessions.of_connection(b"\0a") is two
    assert one is not None
    assert one.routing_id is None


def test_a_dismissed_life_is_a_stranger_again() -> None:
    sessions = Sessions()
    sessions.admit("secret", 7, 1)
    sessions.claim(b"\0a", "secret", 0.0)
    sessions.dismiss(1)
    sessions.dismiss(1)
    assert sessions.of_connection(b"\0a") is None
    assert sessions.claim(b"\0a", "secret", 0.0) is None


def test_a_token_belongs_to_one_life() -> None:
    sessions = Sessions()
    sessions.admit("secret", 7, 1)
    sessions.admit("secret", 7, 1)
    with pytest.raises(BotvisorError, match="each life needs its own"):
        sessions.admit("secret", 8, 2)


def test_whoever_came_too_early_is_found_when_its_life_is_admitted() -> None:
    sessions = Sessions()
    assert sessions.claim(b"\0a", "secret", 0.0) is None
    assert sessions.claim(b"\0b", "another", 0.0) is None
    assert sessions.admit("secret", 7, 1) == [b"\0a"]


def test_a_stranger_is_asked_once_per_second_and_strangers_cost_a_fixed_amount() -> None:
    sessions = Sessions()
    assert sessions.should_ask(b"\0a", 10.0)
    assert not sessions.should_ask(b"\0a", 10.9)
    assert sessions.should_ask(b"\0a", 11.0)
    for number in range(MAX_STRANGERS * 3):
        sessions.should_ask(number.to_bytes(5, "big"), 11.0)
    assert len(sessions._strangers) == MAX_STRANGERS


def test_suspicions_are_summed_up_and_told_at_most_once_per_interval() -> None:
    suspicions = Suspicions()
    assert suspicions.due(0.0) is None
    suspicions.note("unknown kind", "x")
    first = suspicions.due(5.0)
    assert first is not None
    assert (first.count, first.sample) == (1, "unknown kind: x")
    for number in range(30):
        suspicions.note("unknown kind" if number % 3 else "unknown token", str(number))
    assert suspicions.due(5.0 + REPORT_INTERVAL / 2) is None
    second = suspicions.due(5.0 + REPORT_INTERVAL)
    assert second is not None
    assert second.reasons == (("unknown kind", 20), ("unknown token", 10))
    assert second.sample == "unknown token: 29" or second.sample == "unknown kind: 29"
