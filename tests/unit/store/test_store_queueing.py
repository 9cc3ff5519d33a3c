from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledger_facts import NOW, START

from supervisor.store.commands import (
    Beat,
    CloseIncarnation,
    RecordIncident,
    RefreshBots,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
)
from supervisor.store.queueing import CommandQueue, merged
from supervisor.store.supervision import Supervision


def status(bot_id: int, expected: str | None, new: str | None, **more: Any) -> WriteStatus:
    return WriteStatus(**{"bot_id": bot_id, "expected": expected, "status": new, "at": NOW} | more)


def test_commands_are_taken_in_the_order_they_came() -> None:
    queue = CommandQueue()
    commands = [CloseIncarnation(incarnation=n, ended_at=NOW) for n in (3, 1, 2)]
    queue.extend(commands)
    assert queue.take() == commands
    assert queue.take() == []


def test_of_each_bot_s_heartbeats_the_newest_is_kept() -> None:
    queue = CommandQueue()
    for hours in range(3):
        at = START + timedelta(hours=hours)
        queue.add(WriteHeartbeats((Beat(bot_id=1, at=at), Beat(bot_id=2 + hours, at=at))))
    (command,) = queue.take()
    assert isinstance(command, WriteHeartbeats)
    assert {beat.bot_id: beat.at for beat in command.beats} == {
        1: START + timedelta(hours=2),
        2: START,
        3: START + timedelta(hours=1),
        4: START + timedelta(hours=2),
    }


def test_statuses_of_one_bot_become_one_that_leaves_the_same_row() -> None:
    queue = CommandQueue()
    queue.add(status(1, "running", "error", error="broke", metadata_set={"a": 1, "b": 1}, metadata_remove=("c",)))
    queue.add(status(2, "running", "stopped"))
    queue.add(status(1, "error", "running", started_at=NOW, metadata_set={"c": 2}, metadata_remove=("b",)))
    first, second = queue.take()
    assert first == status(
        1,
        "running",
        "running",
        error="broke",
        started_at=NOW,
        metadata_set={"a": 1, "c": 2},
        metadata_remove=("b",),
    )
    assert second == status(2, "running", "stopped")


def test_a_metadata_command_does_not_undo_a_waiting_status() -> None:
    assert merged(status(1, "running", "error"), status(1, None, None, metadata_set={"a": 1})).status == "error"


def test_the_newest_supervision_of_a_bot_is_kept() -> None:
    queue = CommandQueue()
    for failures in range(3):
        queue.add(WriteSupervision(Supervision(bot_id=1, failures=failures)))
    assert queue.take() == [WriteSupervision(Supervision(bot_id=1, failures=2))]


def test_a_wish_for_the_whole_picture_is_not_forgotten() -> None:
    queue = CommandQueue()
    queue.extend([RefreshBots(whole=True), RefreshBots()])
    assert queue.take() == [RefreshBots(whole=True)]


def test_incidents_beyond_ten_thousand_are_counted() -> None:
    queue = CommandQueue()
    for number in range(10_003):
        queue.add(RecordIncident(key=f"k{number}", bot_id=1, severity="error", error_class="E", message="m", at=NOW))
    commands = queue.take()
    assert len(commands) == 10_001
    last = commands[-1]
    assert isinstance(last, RecordIncident)
    assert "3 incidents" in last.message
    assert queue.take() == []
