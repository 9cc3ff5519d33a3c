"""From rows to wishes: what is checked, what is accepted, what a broken config does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import a_bot
from fleet_world import Fleet, an_error

from common.spec import generation_of
from common.wire.ticket import RowFacts
from supervisor.fleet.roster import Check
from supervisor.processes.port import Checked
from supervisor.store.commands import RecordIncident, WriteStatus
from supervisor.store.supervision import Supervision

BROKEN = a_bot(broker={"cash": "much"})


def slower(speed: float = 300) -> dict[str, Any]:
    return a_bot(data={"speed": speed})


def test_a_valid_config_is_checked_once_accepted_and_started_with_it(fleet: Fleet) -> None:
    fleet.add(config=a_bot(), description="d")
    fleet.start()
    bot = fleet.bot()
    assert bot.check is Check.PASSED
    assert bot.error is None
    assert bot.generation == generation_of(a_bot(), RowFacts(bot_id=7, user_id=1))
    assert len(fleet.launcher.checks) == 1
    (ticket,) = fleet.launcher.tickets
    assert ticket.config == a_bot()
    assert ticket.row == RowFacts(bot_id=7, user_id=1, description="d", status="enabled")
    assert ticket.generation == bot.generation


def test_a_broken_structure_is_told_and_nothing_is_started_or_checked(fleet: Fleet) -> None:
    fleet.add(config=BROKEN)
    fleet.start()
    bot = fleet.bot()
    assert bot.check is Check.FAILED
    assert bot.error is not None
    assert "cash" in bot.error
    assert (fleet.launcher.tickets, fleet.launcher.checks) == ([], [])
    assert fleet.row().status == "error"
    assert fleet.row().extra_metadata["last_error"] == bot.error


def test_a_strategy_that_the_check_refuses_keeps_the_bot_off_with_its_reason(fleet: Fleet) -> None:
    fleet.launcher.findings = lambda config: [an_error(message="no mixin is called X"), an_error(message="second")]
    fleet.add()
    fleet.start()
    assert fleet.launcher.tickets == []
    assert fleet.row().status == "error"
    assert fleet.row().extra_metadata["last_error"] == "no mixin is called X"
    (incident,) = fleet.database.of(RecordIncident)
    assert "no mixin is called X" in incident.message


def test_warnings_of_the_check_keep_nobody_off(fleet: Fleet) -> None:
    fleet.launcher.findings = lambda config: [an_error() | {"severity": "warning"}]
    fleet.add()
    fleet.start()
    assert len(fleet.launcher.tickets) == 1


def test_a_check_that_could_not_be_made_is_an_error_with_its_reason(fleet: Fleet) -> None:
    fleet.launcher.answers_checks = False
    fleet.add()
    fleet.start()
    assert (fleet.bot().check, fleet.row().status) == (Check.PENDING, "enabled")
    fleet.launcher.happened.append(Checked(fleet.launcher.checks[0][0], None, "a plugin hangs"))
    fleet.settle()
    assert fleet.row().status == "error"
    assert "a plugin hangs" in fleet.row().extra_metadata["last_error"]


def test_an_invalid_new_config_leaves_the_old_life_with_the_old_config_and_is_reported_once(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    old = fleet.life().worker
    fleet.set(config=BROKEN)
    assert fleet.life().worker.incarnation == old.incarnation
    assert fleet.life().worker.stop is None
    assert fleet.row().status == "running"
    assert "cash" in fleet.row().extra_metadata["last_error"]
    accepted = fleet.bot().accepted
    assert accepted is not None
    assert accepted.generation == old.generation
    for _ in range(3):
        fleet.set(extra_metadata=dict(fleet.row().extra_metadata) | {"note": 1})
    assert len(fleet.database.of(RecordIncident)) == 1


def test_once_the_old_life_is_over_an_invalid_config_is_not_replaced_by_the_one_before(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.set(config=BROKEN)
    fleet.dies(signal=9)
    assert fleet.bot().life is None
    assert len(fleet.launcher.tickets) == 1
    assert fleet.row().status == "error"


def test_a_mended_config_replaces_the_old_life(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.set(config=BROKEN).set(config=slower())
    assert fleet.life().worker.stop is not None
    fleet.dies(exit_code=0)
    assert fleet.launcher.tickets[-1].config == slower()
    assert fleet.bot().error is None


def test_a_bot_that_is_off_is_never_started_with_the_config_it_had_before(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.set(status="disabled").dies(exit_code=0)
    fleet.launcher.answers_checks = False
    fleet.set(status="enabled", config=slower())
    assert len(fleet.launcher.tickets) == 1, "the new config is still being checked"
    assert fleet.row().status == "enabled"
    fleet.launcher.answer_checks()
    fleet.settle()
    assert [ticket.config for ticket in fleet.launcher.tickets] == [a_bot(), slower()]


def test_the_answer_to_a_check_of_an_older_config_is_ignored(fleet: Fleet) -> None:
    fleet.launcher.answers_checks = False
    fleet.launcher.findings = lambda config: [an_error()] if config == a_bot() else []
    fleet.add()
    fleet.start()
    fleet.set(config=slower())
    fleet.launcher.answer_checks()
    fleet.settle()
    assert [ticket.config for ticket in fleet.launcher.tickets] == [slower()]
    assert fleet.row().status == "starting"


@pytest.mark.parametrize("status", ["disabled"])
def test_a_row_that_shall_be_off_is_read_but_not_checked(fleet: Fleet, status: str) -> None:
    fleet.add(status=status)
    fleet.start()
    assert (fleet.launcher.checks, fleet.launcher.tickets) == ([], [])
    assert fleet.bot().generation is not None
    assert fleet.row().status == status
    assert fleet.database.of(WriteStatus) == []
    fleet.set(status="enabled")
    assert len(fleet.launcher.tickets) == 1


def test_a_bot_switched_off_in_its_config_is_left_alone(fleet: Fleet) -> None:
    fleet.add(config=a_bot(enabled=False), status="running")
    fleet.start()
    assert (fleet.launcher.checks, fleet.launcher.tickets, fleet.row().status) == ([], [], "running")


def test_rows_of_other_owners_are_not_touched(make_fleet: Callable[..., Fleet]) -> None:
    fleet = make_fleet(user_id=1)
    fleet.add(7, user_id=1)
    fleet.add(8, user_id=2)
    fleet.add(9, user_id=2, config=BROKEN)
    fleet.start()
    assert [ticket.row.bot_id for ticket in fleet.launcher.tickets] == [7]
    assert [asked[1].bot_id for asked in fleet.launcher.checks] == [7]
    assert {command.bot_id for command in fleet.database.of(WriteStatus)} == {7}
    assert fleet.row(9).status == "enabled"


def test_a_bot_given_to_another_owner_is_stopped_without_its_stop_policy(make_fleet: Callable[..., Fleet]) -> None:
    fleet = make_fleet(user_id=1)
    fleet.add()
    fleet.start().born()
    fleet.set(user_id=2)
    stop = fleet.life().worker.stop
    assert stop is not None
    assert not stop.apply_on_stop
    fleet.dies(exit_code=0)
    assert len(fleet.launcher.tickets) == 1


def test_the_check_is_given_the_folders_of_plugins(make_fleet: Callable[..., Fleet], tmp_path: Path) -> None:
    fleet = make_fleet(plugin_dirs=(tmp_path,))
    fleet.add()
    fleet.start()
    assert fleet.launcher.checks[0][3] == (tmp_path,)
    assert fleet.launcher.tickets[0].plugin_dirs == (tmp_path,)


def quarantined(fleet: Fleet) -> Fleet:
    """A bot that failed until it was parked."""
    fleet.add()
    fleet.start()
    for _ in range(fleet.settings.restart_limit):
        fleet.born().dies(exit_code=1)
        if fleet.bot().life is None:
            fleet.wait(70)
    assert fleet.bot().supervision.quarantined_generation == fleet.bot().generation
    return fleet


def test_consecutive_failures_quarantine_with_one_critical_incident(fleet: Fleet) -> None:
    quarantined(fleet).wait(300)
    assert len(fleet.launcher.tickets) == fleet.settings.restart_limit
    assert fleet.row().status == "error"
    (critical,) = [item for item in fleet.database.of(RecordIncident) if item.severity == "critical"]
    assert "3 failures in a row" in critical.message
    assert "botctl enable 7" in critical.message


@pytest.mark.parametrize("status", ["enabled", "starting", "running", "restarting"])
def test_an_operators_word_lifts_a_quarantine(fleet: Fleet, status: str) -> None:
    quarantined(fleet)
    before = len(fleet.launcher.tickets)
    fleet.set(status=status)
    assert fleet.bot().supervision.quarantined_generation is None
    assert len(fleet.launcher.tickets) == before + 1
    assert fleet.row().status == "starting"
    fleet.born()
    assert fleet.row().status == "running"


def test_a_new_config_lifts_a_quarantine_and_its_own_failures_are_counted_anew(fleet: Fleet) -> None:
    quarantined(fleet)
    fleet.set(config=slower())
    assert fleet.launcher.tickets[-1].config == slower()
    fleet.born().dies(exit_code=1)
    assert fleet.bot().history.failures == 1


def test_a_quarantine_outlives_the_supervisor(fleet: Fleet) -> None:
    generation = generation_of(a_bot(), RowFacts(bot_id=7, user_id=1))
    memory = Supervision(
        bot_id=7, last_status="error", quarantined_generation=generation, observed_generation=generation, failures=3
    )
    fleet.add(status="error", supervision=memory)
    fleet.start()
    assert fleet.launcher.tickets == []
    fleet.set(status="enabled")
    assert len(fleet.launcher.tickets) == 1


def test_restarting_replaces_the_life_once(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    first = fleet.life().incarnation
    fleet.set(status="restarting")
    assert fleet.life().worker.stop is not None
    assert fleet.row().status == "restarting"
    fleet.dies(exit_code=0)
    second = fleet.life().incarnation
    assert second > first
    fleet.born()
    assert fleet.life().incarnation == second
    assert fleet.life().worker.stop is None
    assert fleet.row().status == "running"
    fleet.set(status="restarting").dies(exit_code=0)
    assert fleet.life().incarnation > second


def test_a_bot_stopped_by_hand_while_its_policy_was_not_applied_is_settled_by_the_next_supervisor(fleet: Fleet) -> None:
    fleet.add(status="disabled", supervision=Supervision(bot_id=7, last_status="running", unsettled=True))
    fleet.start()
    (ticket,) = fleet.launcher.tickets
    assert ticket.mode == "settle"
    fleet.born().dies(exit_code=0)
    assert len(fleet.launcher.tickets) == 1
    assert not fleet.bot().supervision.unsettled


def test_secrets_of_a_config_are_known_to_the_log_before_anything_is_said_of_it(fleet: Fleet) -> None:
    from common.logs import scrub

    fleet.add(config=a_bot(broker={"api_key": "very-secret-key", "cash": "much"}))
    fleet.start()
    assert scrub("very-secret-key") == "[redacted]"


def test_a_row_that_is_gone_ends_the_life_with_its_stop_policy_and_is_forgotten(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().born()
    fleet.database.delete(7)
    fleet.settle()
    stop = fleet.life().worker.stop
    assert stop is not None
    assert stop.apply_on_stop
    fleet.dies(exit_code=0)
    assert fleet.roster.bot(7) is None


def test_one_broken_row_disturbs_no_other(fleet: Fleet) -> None:
    fleet.add(1, config=["no", "object"])
    fleet.add(2, config=BROKEN)
    fleet.add(3)
    fleet.start()
    assert [ticket.row.bot_id for ticket in fleet.launcher.tickets] == [3]
    assert {bot_id: fleet.row(bot_id).status for bot_id in (1, 2, 3)} == {1: "error", 2: "error", 3: "starting"}
