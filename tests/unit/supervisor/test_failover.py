"""Failover mode: too many errors in the fleet stop new entries everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fleet_world import Fleet

from common.wire.facts import IncidentReported
from common.wire.messages import Goodbye, Pause
from supervisor.control.live_status import status_lines
from supervisor.store.commands import RecordIncident, WriteStatus
from supervisor.store.events import Delivery, EntriesRecorded

SETTINGS = {"failover_errors": 3, "failover_window": 60.0, "failover_cooldown": 120.0, "restart_limit": 100}


@pytest.fixture
def pair(make_fleet: Callable[..., Fleet]) -> Fleet:
    """Two bots that trade."""
    fleet = make_fleet(**SETTINGS)
    fleet.add(7)
    fleet.add(8)
    return fleet.start().born(7).born(8)


def errors(fleet: Fleet, count: int) -> Fleet:
    """The ledger has recorded so many errors that a worker reported."""
    facts = tuple(
        IncidentReported(
            incident_key=str(n), severity="error", error_class="X", message="m", at=datetime(2024, 1, 1, tzinfo=UTC)
        )
        for n in range(count)
    )
    told = Delivery(bot_id=7, incarnation=1, journal_id="j", up_to_seq=1, checkpoint=None, facts=facts)
    fleet.database.tell(EntriesRecorded((told,)))
    return fleet.settle()


def told(fleet: Fleet) -> list[tuple[int, bool]]:
    """Bot and word of each pause that was sent."""
    lives = {life.incarnation: life.bot_id for life in fleet.roster.lives()}
    return [(lives[to], message.paused) for to, message in fleet.wire.sent if isinstance(message, Pause)]


def of_failover(fleet: Fleet) -> list[str]:
    return [one.severity for one in fleet.database.of(RecordIncident) if one.error_class == "failover"]


def test_enough_errors_stop_the_entries_of_every_bot_and_of_those_that_start_later(pair: Fleet) -> None:
    assert told(errors(pair, 2)) == []
    errors(pair, 1)
    assert sorted(told(pair)) == [(7, True), (8, True)]
    pair.dies(8, signal=9)
    assert pair.launcher.tickets[-1].paused
    assert of_failover(pair) == ["critical"]


def test_the_rows_keep_saying_running(pair: Fleet) -> None:
    before = len(pair.database.of(WriteStatus))
    errors(pair, 3)
    assert (pair.row(7).status, pair.row(8).status) == ("running", "running")
    assert len(pair.database.of(WriteStatus)) == before


def test_the_status_tells_it(pair: Fleet) -> None:
    assert pair.requests.answer({"do": "status"})["failover"] is None
    errors(pair, 3)
    document = pair.requests.answer({"do": "status"})
    assert document["failover"]["by_hand"] is False
    assert "FAILOVER since" in status_lines(document)[0]


def test_it_ends_after_the_cooldown_and_begins_again_with_the_next_errors(pair: Fleet) -> None:
    errors(pair, 3)
    pair.wait(125)
    assert sorted(told(pair)[2:]) == [(7, False), (8, False)]
    errors(pair, 3)
    assert of_failover(pair) == ["critical", "info", "critical"]


def test_failures_of_lives_count_too(pair: Fleet) -> None:
    for _ in range(3):
        pair.dies(7, goodbye=Goodbye(cause="failed", detail="boom"), exit_code=1)
        pair.wait(5)
    assert of_failover(pair) == ["critical"]


def test_it_is_off_unless_asked_for(make_fleet: Callable[..., Fleet]) -> None:
    fleet = make_fleet()
    fleet.add()
    fleet.start().born()
    assert told(errors(fleet, 500)) == []
    assert of_failover(fleet) == []


def test_an_operator_begins_and_ends_it(pair: Fleet) -> None:
    assert pair.requests.answer({"do": "failover", "on": True}) == {"failover": True}
    pair.settle().wait(600)
    assert sorted(told(pair)) == [(7, True), (8, True)]
    pair.requests.answer({"do": "failover", "on": False})
    pair.settle()
    assert sorted(told(pair)[2:]) == [(7, False), (8, False)]


def test_a_bot_that_an_operator_paused_stays_paused_afterwards(pair: Fleet) -> None:
    pair.set(7, status="paused")
    errors(pair, 3)
    pair.wait(125)
    assert told(pair) == [(7, True), (8, True), (8, False)]
    assert pair.row(7).status == "paused"


def test_a_signal_to_resume_does_not_get_past_it(pair: Fleet) -> None:
    pair.set(7, status="paused")
    errors(pair, 3)
    pair.beat(pair.life(7), paused=False, pause_wish=False)
    pair.settle()
    assert told(pair)[-1] == (7, True), "the worker that resumed by itself is told at once that it may not"
    assert pair.row(7).status == "running", "and its row says what shall be once failover is over"
    pair.wait(125)
    assert told(pair)[-2:] in ([(7, False), (8, False)], [(8, False), (7, False)])
