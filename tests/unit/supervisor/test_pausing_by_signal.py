"""A signal to a worker pauses its bot: the row says so, whatever happens in between."""

from __future__ import annotations

import pytest
from fleet_world import Fleet

from common.wire.messages import Pause
from supervisor.store.commands import WriteWish


@pytest.fixture
def trading(fleet: Fleet) -> Fleet:
    fleet.add()
    return fleet.start().born()


def ask(fleet: Fleet, paused: bool) -> Fleet:
    fleet.beat(fleet.life(), paused=paused, pause_wish=paused)
    return fleet.settle()


def test_the_row_says_paused_and_the_worker_is_told(trading: Fleet) -> None:
    ask(trading, True)
    assert trading.row().status == "paused"
    assert [message.paused for message in trading.wire.told(Pause)] == [True]
    assert trading.bot().asked_pause is None


def test_a_second_signal_resumes(trading: Fleet) -> None:
    ask(trading, True)
    ask(trading, False)
    assert trading.row().status == "running"
    assert [message.paused for message in trading.wire.told(Pause)] == [True, False]


def test_a_wish_that_is_heard_again_is_written_once_and_answered_again(trading: Fleet) -> None:
    ask(trading, True)
    ask(trading, True)
    assert len(trading.database.of(WriteWish)) == 1
    assert [message.paused for message in trading.wire.told(Pause)] == [True, True]


def test_while_the_database_is_away_the_next_life_is_paused_too(trading: Fleet) -> None:
    trading.beat(trading.life(), paused=True, pause_wish=True)
    trading.turn()  # nothing is committed
    assert trading.bot().paused
    trading.dies(signal=9)
    assert trading.launcher.tickets[-1].paused


def test_an_operators_word_written_meanwhile_is_not_overwritten(trading: Fleet) -> None:
    trading.beat(trading.life(), paused=True, pause_wish=True)
    trading.turn()
    trading.database.operator(7, status="disabled")
    trading.settle()
    assert trading.row().status == "disabled"
    assert trading.bot().asked_pause is None


def test_our_own_word_written_meanwhile_is_no_obstacle(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    fleet.born_unwritten()
    fleet.beat(fleet.life(), paused=True, pause_wish=True)
    fleet.turn()
    fleet.settle()
    assert fleet.row().status == "paused"


def test_a_bot_that_shall_be_off_is_not_started_by_the_signal(trading: Fleet) -> None:
    trading.set(status="stopping")
    ask(trading, True)
    assert not trading.database.of(WriteWish)
