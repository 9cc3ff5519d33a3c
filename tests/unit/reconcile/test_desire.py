"""What a row asks for, by the status that stands there and the one we wrote last."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.reconcile.desire import Heed, RowView, SupervisionView, Wish, heed, wish_of


def wish(status: str | None, last: str | None = None, **changes: Any) -> Wish:
    supervision = SupervisionView(last_status=last, observed_generation=changes.pop("ran", None))
    flags = {"crash_start": changes.pop("crash_start", False), "resume": changes.pop("resume", True)}
    row = RowView(**{"bot_id": 7, "status": status, "generation": "g1", **changes})
    return wish_of(row, supervision, **flags)


@pytest.mark.parametrize("status", ["starting", "enabled", "running", "error", "restarting"])
@pytest.mark.parametrize("last", [None, "running", "stopped", "error"])
def test_statuses_that_ask_for_a_running_bot(status: str, last: str | None) -> None:
    asked = wish(status, last)

    assert (asked.on, asked.paused, asked.final_status, asked.warnings) == (True, False, None, ())


@pytest.mark.parametrize("last", [None, "running", "stopped", "stopping"])
@pytest.mark.parametrize("spelling", ["disabled", "Disabled", " disabled "])
def test_disabled_is_off_and_never_overwritten(spelling: str, last: str | None) -> None:
    asked = wish(spelling, last, config_enabled=False)

    assert not asked.on
    assert asked.leaving_status is None
    assert asked.final_status is None
    assert asked.apply_on_stop


def test_a_bot_switched_off_in_its_config_is_stopped_if_it_ran() -> None:
    asked = wish("running", "running", config_enabled=False)

    assert (asked.on, asked.leaving_status, asked.final_status) == (False, "stopping", "stopped")


def test_a_bot_switched_off_in_its_config_that_never_ran_is_left_as_it_is() -> None:
    assert wish("running", None, config_enabled=False) == Wish(on=False)
    assert wish("running", None, config_enabled=False, ran="g0").final_status == "stopped"


@pytest.mark.parametrize("last", [None, "running", "starting", "error", "stopped", "paused"])
def test_stopping_stops_and_is_remembered_as_the_operators_word(last: str | None) -> None:
    asked = wish("stopping", last)

    assert (asked.on, asked.leaving_status, asked.final_status) == (False, None, "stopped")
    assert asked.stopped_by == "operator"


def test_our_own_stopping_of_a_lost_service_stop_is_no_request() -> None:
    assert wish("stopping", "stopping").on


@pytest.mark.parametrize("last", [None, "stopped"])
@pytest.mark.parametrize("marks", [{}, {"stopped_by": "service"}, {"stopped_by": "config"}])
def test_a_fresh_row_or_one_stopped_by_the_service_runs(last: str | None, marks: dict[str, Any]) -> None:
    asked = wish("stopped", last, extra_metadata=marks, ran="g1")

    assert (asked.on, asked.warnings) == (True, ())


@pytest.mark.parametrize("last", ["running", "starting", "stopping", "error", "restarting", "paused"])
@pytest.mark.parametrize("generation", ["g1", "g2"])
def test_stopped_over_our_own_word_is_an_operators_stop(last: str, generation: str) -> None:
    asked = wish("stopped", last, generation=generation, ran="g1")

    assert (asked.on, asked.leaving_status, asked.final_status) == (False, None, "stopped")
    assert asked.stopped_by == "operator"


@pytest.mark.parametrize("marks", [{"stopped_by": "operator"}, {"finished": True}])
def test_operator_stopped_and_finished_rows_wait_for_a_new_generation(marks: dict[str, Any]) -> None:
    assert not wish("stopped", "stopped", extra_metadata=marks, ran="g1").on
    assert not wish("stopped", None, extra_metadata=marks).on
    assert wish("stopped", "stopped", extra_metadata=marks, ran="g0").on


@pytest.mark.parametrize("status", ["starting", "enabled", "running", "restarting", "paused"])
@pytest.mark.parametrize("last", ["error", "stopped"])
def test_a_request_over_error_or_stopped_lifts_what_held_the_bot(status: str, last: str) -> None:
    assert wish(status, last).lift


@pytest.mark.parametrize(
    ("status", "last"),
    [
        ("starting", "starting"),
        ("starting", "running"),
        ("starting", None),
        ("error", "error"),
        ("error", "stopped"),
        ("running", "running"),
        ("stopped", "stopped"),
    ],
)
def test_our_own_words_and_first_words_lift_nothing(status: str, last: str | None) -> None:
    assert not wish(status, last).lift


def test_restarting_asks_for_a_restart_unless_we_wrote_it() -> None:
    assert wish("restarting", "running").restart
    assert wish("restarting", None).restart
    assert not wish("restarting", "restarting").restart
    assert not wish("running", "restarting").restart


def test_paused_is_on_and_paused_and_outlives_an_error() -> None:
    assert wish("paused", "running").paused
    assert wish("error", "error", extra_metadata={"paused": True}).paused
    assert not wish("running", "paused", extra_metadata={"paused": True}).paused


@pytest.mark.parametrize("status", ["on hold", "", None])
def test_an_unknown_status_runs_with_a_warning(status: str | None) -> None:
    asked = wish(status, "running")

    assert asked.on
    assert not asked.lift
    assert "bot 7" in asked.warnings[0]
    assert repr(status) in asked.warnings[0]


def test_an_invalid_config_is_reported_with_the_wish() -> None:
    asked = wish("running", "running", valid=False, error="strategy: missing")

    assert (asked.on, asked.error) == (True, "strategy: missing")
    assert wish("running", valid=False).error == "the config is invalid"


@pytest.mark.parametrize(
    ("status", "crash_start", "resume", "priority"),
    [
        ("running", True, True, 1),
        ("starting", True, True, 1),
        ("paused", True, True, 1),
        ("stopped", True, True, 0),
        ("enabled", True, True, 0),
        ("running", False, True, 0),
        ("running", True, False, 0),
    ],
)
def test_bots_left_alive_by_a_crash_come_first(status: str, crash_start: bool, resume: bool, priority: int) -> None:
    last = "running" if status != "stopped" else None

    assert wish(status, last, crash_start=crash_start, resume=resume).priority == priority


def test_a_request_is_taken_up_once_however_often_it_is_read() -> None:
    asked = wish("restarting", "error")

    first = heed(asked, Heed(), 12)
    second = heed(asked, first, 13)

    assert first == second == Heed(restart_token=12, lifted=True)
    assert heed(wish("running", "running"), second, 13) == Heed()


def test_a_restart_of_a_bot_that_never_lived_concerns_no_life() -> None:
    assert heed(wish("restarting"), Heed(), None).restart_token == 0
