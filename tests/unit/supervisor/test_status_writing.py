"""What is written of a bot: each word once, never over another's, and what goes along with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fleet_world import UUID, Fleet

from common.errors import ConfigurationError
from common.wire.facts import Checkpoint
from common.wire.messages import Goodbye
from supervisor.store.commands import (
    CloseIncarnation,
    OpenIncarnation,
    RefreshBots,
    ReserveIncarnations,
    RunningIncarnation,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
)
from supervisor.store.events import (
    BotsRead,
    DatabaseAway,
    DatabaseBack,
    DatabaseRefused,
    Delivery,
    EntriesRecorded,
    StatusWritten,
)


def written(fleet: Fleet) -> list[tuple[str | None, str | None]]:
    """Expected and new status of each write of a status, in order."""
    return [(item.expected, item.status) for item in fleet.database.of(WriteStatus) if item.status is not None]


def test_each_status_of_a_life_is_written_once_by_compare_and_set(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born().wait(60)
    assert written(fleet) == [("enabled", "starting"), ("starting", "running")]
    fleet.set(status="stopping").dies(exit_code=0, goodbye=Goodbye(cause="drained")).wait(60)
    assert written(fleet)[2:] == [("stopping", "stopped")]


def test_while_one_word_is_on_its_way_no_second_is_sent(fleet: Fleet) -> None:
    fleet.add()
    fleet.database.start()
    fleet.database.tell(BotsRead(rows=tuple(fleet.database.rows.values()), first=True))
    for _ in range(3):
        fleet.turn()
    assert written(fleet) == [("enabled", "starting")]
    fleet.born()  # the answer comes only now
    assert written(fleet) == [("enabled", "starting"), ("starting", "running")]


def test_an_operators_stop_stays_although_we_wrote_the_last_word(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.set(status="stopping").dies(exit_code=0)
    assert fleet.row().status == "stopped"
    assert fleet.row().extra_metadata["stopped_by"] == "operator"
    fleet.wait(120)
    assert fleet.bot().life is None
    assert len(fleet.launcher.tickets) == 1
    assert fleet.bot().metadata["stopped_by"] == "operator"


def test_a_stop_by_sql_is_taken_as_our_own_word_only_when_it_was_ours(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.set(status="stopped").dies(exit_code=0)
    assert fleet.row().extra_metadata["stopped_by"] == "operator"
    assert fleet.bot().supervision.last_status == "stopped"
    fleet.set(status="running").born()
    assert fleet.bot().supervision.last_status == "running"
    fleet.set(status="stopped").dies(exit_code=0).wait(60)
    assert fleet.bot().life is None
    assert fleet.row().extra_metadata["stopped_by"] == "operator"


def test_a_row_that_says_already_what_is_the_case_is_confirmed_by_our_hand(fleet: Fleet) -> None:
    fleet.add(status="starting")
    fleet.start()
    assert written(fleet) == [("starting", "starting")]
    assert fleet.bot().supervision.last_status == "starting"


def test_a_change_that_was_quicker_is_not_overwritten_and_its_row_is_read_again(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    fleet.turn()
    fleet.database.rows[7] = fleet.row().__class__(
        **{name: getattr(fleet.row(), name) for name in fleet.row().__slots__} | {"status": "disabled"}
    )
    fleet.born()
    assert fleet.row().status == "disabled"
    assert RefreshBots() in fleet.database.commands
    fleet.database.tell(BotsRead(rows=(fleet.row(),), first=False))
    fleet.settle()
    stop = fleet.life().worker.stop
    assert stop is not None
    fleet.dies(exit_code=0)
    assert fleet.row().status == "disabled"


def test_a_change_told_before_the_refusal_is_answered_at_once(fleet: Fleet) -> None:
    """The operator says `enabled` while our `running` is on its way; nothing else happens afterwards."""
    fleet.add()
    fleet.start()
    fleet.born()
    bot = fleet.bot()
    bot.status_in_flight = True
    fleet.database.operator(7, status="enabled")
    fleet.turn()
    before = len(written(fleet))
    fleet.database.tell(StatusWritten(bot_id=7, status="running", done=False, found="enabled"))
    fleet.turn()
    assert written(fleet)[before:] == [("enabled", "running")]


def test_the_refusal_for_a_row_that_is_gone_does_no_harm(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    fleet.database.tell(StatusWritten(bot_id=7, status="running", done=False, found=None))
    fleet.database.tell(StatusWritten(bot_id=99, status="running", done=True, found="x"))
    fleet.settle()


def test_finished_is_marked_and_not_started_again(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.dies(exit_code=64, goodbye=Goodbye(cause="finished")).wait(60)
    assert fleet.row().status == "stopped"
    assert fleet.row().extra_metadata["finished"] is True
    assert len(fleet.launcher.tickets) == 1
    fleet.set(status="enabled", extra_metadata={})
    assert len(fleet.launcher.tickets) == 2
    fleet.born()
    assert "finished" not in fleet.row().extra_metadata


def test_marks_of_others_in_the_metadata_stay(fleet: Fleet) -> None:
    fleet.add(extra_metadata={"owner": "desk 4", "stopped_by": "operator"})
    fleet.start().born()
    assert fleet.row().extra_metadata == {"owner": "desk 4"}
    assert fleet.bot().metadata == {"owner": "desk 4"}


def test_pause_and_resume_reach_the_worker_and_the_row_keeps_the_wish(fleet: Fleet) -> None:
    from common.wire.messages import Pause

    fleet.add()
    fleet.start().born()
    fleet.set(status="paused")
    assert [message.paused for message in fleet.wire.told(Pause)] == [True]
    assert fleet.row().status == "paused"
    fleet.set(status="enabled")
    assert [message.paused for message in fleet.wire.told(Pause)] == [True, False]
    assert fleet.row().status == "running"


def test_a_life_is_recorded_from_its_asking_to_its_end(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    life = fleet.life()
    fleet.dies(signal=11, core_dumped=True)
    (opened, again) = fleet.database.of(OpenIncarnation)
    (running,) = fleet.database.of(RunningIncarnation)
    (closed,) = fleet.database.of(CloseIncarnation)
    assert (opened.incarnation, opened.bot_id, opened.generation) == (life.incarnation, 7, life.worker.generation)
    assert running.pid == life.identity.pid if life.identity else False
    assert (closed.exit_code, closed.exit_signal, closed.cause) == (None, 11, "crashed")
    assert closed.detail == "signal 11, core dumped"
    assert again.incarnation > opened.incarnation


def test_the_memory_of_a_bot_is_written_when_it_changes_and_only_then(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    before = len(fleet.database.of(WriteSupervision))
    fleet.wait(60)
    assert len(fleet.database.of(WriteSupervision)) == before
    fleet.dies(exit_code=1)
    assert fleet.database.of(WriteSupervision)[-1].supervision.failures == 1


def test_after_a_long_time_of_health_failures_are_forgotten(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born().dies(exit_code=1)
    assert fleet.bot().error_count == 1
    fleet.born().wait(fleet.settings.stable_after + 30)
    assert fleet.bot().error_count == 0
    assert fleet.bot().history.failures == 0
    assert sum(item.reset_errors for item in fleet.database.of(WriteStatus)) == 1


def test_heartbeats_go_out_in_one_batch_per_interval(fleet: Fleet) -> None:
    fleet.add(7)
    fleet.add(8)
    fleet.start()
    fleet.born(7).born(8)
    before = len(fleet.database.of(WriteHeartbeats))
    fleet.wait(4 * fleet.settings.heartbeat_interval)
    batches = fleet.database.of(WriteHeartbeats)[before:]
    assert len(batches) in (4, 5)
    assert {beat.bot_id for beat in batches[-1].beats} == {7, 8}


def test_numbers_of_lives_are_reserved_ahead_and_their_lack_only_delays_births(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    for _ in range(99):
        assert fleet.news.next_incarnation() is not None
    assert fleet.database.of(ReserveIncarnations) == []
    seen = {fleet.news.next_incarnation() for _ in range(100)}
    assert len(fleet.database.of(ReserveIncarnations)) == 1
    assert fleet.news.next_incarnation() is None
    fleet.database.commit()
    fleet.turn()
    fresh = fleet.news.next_incarnation()
    assert fresh is not None
    assert fresh > max(number for number in seen if number is not None)


def test_a_commit_is_acknowledged_to_its_sender_and_its_checkpoint_is_the_next_lifes(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    life = fleet.life()
    checkpoint = Checkpoint(revision=5, bar_at=datetime(2024, 1, 1, tzinfo=UTC), state={"x": 1})
    delivery = Delivery(
        bot_id=7, incarnation=life.incarnation, journal_id="j", up_to_seq=4, checkpoint=checkpoint, facts=()
    )
    fleet.database.tell(EntriesRecorded((delivery,)))
    fleet.settle()
    assert fleet.wire.acks == [(life.incarnation, "j", 4)]
    fleet.dies(signal=9)
    assert fleet.launcher.tickets[-1].recovery.checkpoint == checkpoint
    assert fleet.launcher.tickets[-1].recovery.trades == ()


def test_the_weather_of_the_database_is_told_and_supervision_goes_on(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.database.tell(DatabaseAway(reason="no route", retry_in=1.0))
    fleet.turn()
    assert (fleet.news.database_up, fleet.news.database_state) == (False, "away: no route")
    fleet.dies(signal=9)
    assert len(fleet.launcher.tickets) == 2
    fleet.database.tell(DatabaseBack(away_for=3.0))
    fleet.turn()
    assert fleet.requests.answer({"do": "status"})["database"] == "up"


def test_before_the_rows_are_known_nothing_is_decided(fleet: Fleet) -> None:
    fleet.add()
    fleet.database.start()
    fleet.settle()
    assert (fleet.launcher.tickets, fleet.roster.lives()) == ([], [])
    assert fleet.folder.remembered_database() == UUID


def test_a_database_that_refuses_us_ends_the_service_with_its_reason(fleet: Fleet) -> None:
    fleet.database.start = lambda: fleet.database.tell(DatabaseRefused(ConfigurationError("not yours")))  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError, match="not yours"):
        fleet.supervisor.run()


def test_a_whole_picture_without_a_bot_means_that_its_row_is_gone(fleet: Fleet) -> None:
    fleet.add(7)
    fleet.add(8)
    fleet.start()
    fleet.born(7).born(8)
    fleet.database.tell(BotsRead(rows=(fleet.row(7),), first=True))
    fleet.settle()
    assert fleet.life(7).worker.stop is None
    assert fleet.life(8).worker.stop is not None


@pytest.mark.parametrize("again", [0, 3])
def test_the_limit_of_bots_refuses_each_bot_beyond_it_once(make_fleet: Any, again: int) -> None:
    fleet = make_fleet(max_bots=1)
    fleet.add(7)
    fleet.add(8)
    fleet.start().born(7).wait(again * 60)
    assert [ticket.row.bot_id for ticket in fleet.launcher.tickets] == [7]
    assert fleet.row(8).status == "error"
    assert "limit of 1 bots" in fleet.row(8).extra_metadata["last_error"]
    refusals = [item for item in fleet.database.commands if getattr(item, "error_class", "") == "limit"]
    assert len(refusals) == 1
    fleet.set(7, status="disabled").dies(7, exit_code=0, goodbye=Goodbye(cause="drained"))
    assert fleet.launcher.tickets[-1].row.bot_id == 8
