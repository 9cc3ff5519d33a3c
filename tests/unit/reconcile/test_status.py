"""The word that a row shall say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from supervisor.reconcile.desire import LEFT_ALONE, RowView, SupervisionView, Wish
from supervisor.reconcile.states import (
    DesiredBot,
    LifePhase,
    LiveWorker,
    ObservedBot,
    RestartHistory,
    Rung,
    StopLadder,
    StopReason,
)
from supervisor.reconcile.status import marks_of, needs_write, status_of

ON = Wish(on=True)
PAUSED = Wish(on=True, paused=True)
LIFE = LiveWorker(
    incarnation=3,
    generation="g1",
    phase=LifePhase.RUNNING,
    started_at=0.0,
    phase_since=0.0,
    last_heard_at=0.0,
    last_progress_at=0.0,
)
DRAINING = StopLadder(rung=Rung.DRAIN, since=0.0, reason=StopReason.GENERATION)


def word(wish: Wish, *, stopping: bool = False, generation: str | None = "g1", **observed: Any) -> str | None:
    desired = DesiredBot(bot_id=1, on=wish.on, generation=generation, paused=wish.paused)
    return status_of(wish, desired, ObservedBot(bot_id=1, **observed), 10.0, stopping=stopping)


@pytest.mark.parametrize(
    ("life", "status", "at_service_stop"),
    [
        (replace(LIFE, phase=LifePhase.STARTING), "starting", "stopping"),
        (LIFE, "running", "stopping"),
        (replace(LIFE, stop=DRAINING), "restarting", "stopping"),
        (replace(LIFE, phase=LifePhase.STOPPING), None, "stopping"),
    ],
)
def test_the_word_for_a_life_that_is_wanted(life: LiveWorker, status: str | None, at_service_stop: str) -> None:
    assert word(ON, worker=life) == status
    assert word(ON, worker=life, stopping=True) == at_service_stop
    assert word(PAUSED, worker=life) == "paused"
    assert word(PAUSED, worker=life, stopping=True) == "paused"


def test_a_life_under_an_invalid_edit_keeps_its_word() -> None:
    assert word(ON, worker=LIFE, generation=None) == "running"


@pytest.mark.parametrize(
    ("observed", "status"),
    [
        ({}, "starting"),
        ({"history": RestartHistory(generation="g1", failures=1)}, "starting"),
        ({"history": RestartHistory(generation="g1", failures=2, next_start_at=11.0)}, "error"),
        ({"history": RestartHistory(generation="g1", failures=2, next_start_at=10.0)}, "starting"),
        ({"history": RestartHistory(generation="g0", failures=2, next_start_at=11.0)}, "starting"),
        ({"history": RestartHistory(generation="g1", fruitless=2, next_start_at=11.0)}, "starting"),
        ({"history": RestartHistory(generation="g1", verdict="3 failures in a row")}, "error"),
        ({"history": RestartHistory(generation="g0", verdict="3 failures in a row")}, "starting"),
        ({"history": RestartHistory(generation="g1", finished=True)}, "stopped"),
        ({"history": RestartHistory(generation="g0", finished=True)}, "starting"),
        ({"quarantined_generation": "g1"}, "error"),
        ({"quarantined_generation": "g0"}, "starting"),
        ({"refused": True}, "error"),
    ],
)
def test_the_word_for_a_wanted_bot_without_a_life(observed: dict[str, Any], status: str) -> None:
    assert word(ON, **observed) == status


def test_an_invalid_config_without_a_life_is_an_error() -> None:
    assert word(ON, generation=None) == "error"
    assert word(PAUSED, generation=None) == "error"


def test_at_a_service_stop_only_bots_that_lived_are_written() -> None:
    assert word(ON, stopping=True) is None
    assert word(ON, stopping=True, history=RestartHistory(generation="g1")) == "stopped"
    assert word(ON, stopping=True, quarantined_generation="g1") == "error"
    assert word(PAUSED, stopping=True, history=RestartHistory(generation="g1")) == "paused"


def test_the_words_of_a_bot_that_is_off_come_from_the_wish() -> None:
    leaving = Wish(on=False, leaving_status="stopping", final_status="stopped")

    assert word(leaving, worker=LIFE) == "stopping"
    assert word(leaving) == "stopped"
    assert word(Wish(on=False, final_status="stopped"), worker=LIFE) is None
    assert word(LEFT_ALONE, worker=LIFE) is None
    assert word(LEFT_ALONE) is None


def test_a_settle_life_does_not_show() -> None:
    settle = replace(LIFE, settle=True)

    assert word(Wish(on=False, leaving_status="stopping", final_status="stopped"), worker=settle) == "stopped"
    assert word(ON, worker=settle) == "starting"


def test_marks_tell_who_stopped_a_bot_and_that_it_finished() -> None:
    want, done = DesiredBot(bot_id=1, on=True, generation="g1"), RestartHistory(generation="g1", finished=True)
    idle, finished = ObservedBot(bot_id=1), ObservedBot(bot_id=1, history=done)
    operator = Wish(on=False, final_status="stopped", stopped_by="operator")

    assert marks_of("stopped", operator, want, idle)["stopped_by"] == "operator"
    assert marks_of("stopped", ON, want, idle)["stopped_by"] == "service"
    assert marks_of("stopped", ON, want, finished) == {"stopped_by": None, "finished": True, "paused": None}
    assert marks_of("running", ON, want, idle) == {"stopped_by": None, "finished": None, "paused": None}
    assert marks_of("error", PAUSED, want, idle) == {"stopped_by": None, "finished": None, "paused": True}
    assert marks_of("error", ON, want, idle) == {"stopped_by": None, "finished": None, "paused": None}


@pytest.mark.parametrize(
    ("status", "row_status", "last", "metadata", "needed"),
    [
        (None, "disabled", None, {}, False),
        ("running", "running", "running", {}, False),
        ("running", "starting", "starting", {}, True),
        ("running", "running", "starting", {}, True),
        ("running", "running", "running", {"finished": True}, True),
        ("running", "running", "running", {"colour": "red"}, False),
    ],
)
def test_a_row_is_written_when_it_or_our_knowledge_of_it_differs(
    status: str | None, row_status: str, last: str | None, metadata: dict[str, Any], needed: bool
) -> None:
    row = RowView(bot_id=1, status=row_status, extra_metadata=metadata)

    assert needs_write(status, {"finished": None}, row, SupervisionView(last_status=last)) is needed
