from __future__ import annotations

from datetime import timedelta

from ledger_facts import NOW

from supervisor.store.commands import Beat, ReserveIncarnations, WriteHeartbeats, WriteStatus, WriteSupervision
from supervisor.store.holding import EVERYBODY, Holds
from supervisor.store.queueing import CommandQueue, bots_of, merged, singly
from supervisor.store.supervision import Supervision


def status(bot_id: int, expected: str, new: str) -> WriteStatus:
    return WriteStatus(bot_id=bot_id, expected=expected, status=new, at=NOW)


def both() -> WriteStatus:
    """The first word and the second, merged."""
    return merged(status(1, "running", "error"), status(1, "error", "starting"))


def beats(*bot_ids: int, hours: int = 0) -> WriteHeartbeats:
    return WriteHeartbeats(tuple(Beat(bot_id=bot_id, at=NOW + timedelta(hours=hours)) for bot_id in bot_ids))


def test_a_held_bot_is_tried_again_after_growing_pauses_of_five_seconds_at_most() -> None:
    holds = Holds("entries")
    now, pauses = 100.0, []
    for _ in range(9):
        holds.hold([7], now)
        due = holds.next_due()
        assert due is not None
        assert holds.held(due - 0.01) == {7}
        assert holds.held(due) == frozenset()
        pauses.append(round(due - now, 6))
        now = due
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_a_bot_that_was_written_starts_with_the_shortest_pause_again() -> None:
    holds = Holds("entries")
    holds.hold([7, EVERYBODY], 0.0)
    holds.hold([7], 1.0)
    holds.free([7, EVERYBODY, 9])
    assert (holds.next_due(), holds.held(0.0)) == (None, frozenset())
    holds.hold([7], 2.0)
    assert holds.next_due() == 2.1


def test_what_a_held_bot_waits_for_stays_in_the_queue_in_its_order() -> None:
    queue = CommandQueue()
    memory = WriteSupervision(Supervision(bot_id=1))
    queue.extend([status(1, "running", "error"), status(2, "running", "error"), beats(1, 2), memory])
    queue.add(ReserveIncarnations(5))
    assert queue.take({1}) == [status(2, "running", "error"), beats(2), ReserveIncarnations(5)]
    queue.extend([beats(1, hours=1), status(1, "error", "starting")])
    assert len(queue) == 3
    assert queue.take() == [both(), beats(1, hours=1), memory]
    assert len(queue) == 0


def test_commands_given_back_go_before_those_that_came_since_and_are_merged_with_them() -> None:
    queue = CommandQueue()
    queue.extend([status(1, "error", "starting"), beats(1, hours=1), ReserveIncarnations(5)])
    queue.give_back([beats(1, 2), status(1, "running", "error"), ReserveIncarnations(3)])
    assert queue.take() == [
        WriteHeartbeats((*beats(1, hours=1).beats, *beats(2).beats)),
        both(),
        ReserveIncarnations(3),
        ReserveIncarnations(5),
    ]


def test_commands_know_their_bots() -> None:
    assert bots_of(beats(3, 4)) == (3, 4)
    assert bots_of(ReserveIncarnations(1)) == ()
    assert singly(beats(3, 4)) == [beats(3), beats(4)]
    assert singly(ReserveIncarnations(1)) == [ReserveIncarnations(1)]
