"""What is done about errors is recorded, with the class of the error and whether it helped."""

from __future__ import annotations

from typing import Any

import pytest
from builders import a_bot
from fleet_world import Fleet, an_error

from common.error_class import ErrorClass
from common.recovery import Outcome, RecoveryStrategy
from common.wire.messages import Goodbye
from supervisor.store.commands import EndRecoveries, RecordIncident, RecordRecovery
from supervisor.store.events import DatabaseAway, DatabaseBack


@pytest.fixture
def trading(fleet: Fleet) -> Fleet:
    fleet.add()
    return fleet.start().born()


def recoveries(fleet: Fleet) -> list[tuple[str, str, int, str]]:
    """Class, strategy, number of the try and outcome of each, as the commands leave them in the database."""
    rows: dict[str, dict[str, Any]] = {}
    for command in fleet.database.commands:
        if isinstance(command, RecordRecovery):
            row = rows.setdefault(command.key, {"first": command, "outcome": command.outcome})
            row["outcome"] = command.outcome if row["outcome"] is Outcome.PENDING else row["outcome"]
        elif isinstance(command, EndRecoveries):
            for row in rows.values():
                mine = row["first"].bot_id == command.bot_id and row["first"].strategy in command.strategies
                if mine and row["outcome"] is Outcome.PENDING:
                    row["outcome"] = command.outcome
    return [
        (str(row["first"].category), str(row["first"].strategy), row["first"].attempt, str(row["outcome"]))
        for row in rows.values()
    ]


def incidents(fleet: Fleet, severity: str) -> list[str]:
    return [str(one.category) for one in fleet.database.of(RecordIncident) if one.severity == severity]


def fails(fleet: Fleet, error_class: ErrorClass = ErrorClass.STRATEGY) -> Fleet:
    return fleet.dies(goodbye=Goodbye(cause="failed", detail="boom", error_class=str(error_class)), exit_code=1)


def test_a_restart_is_pending_until_the_next_life_trades(trading: Fleet) -> None:
    fails(trading)
    assert recoveries(trading) == [("strategy", "restart", 1, "pending")]
    trading.born()
    assert recoveries(trading) == [("strategy", "restart", 1, "succeeded")]
    assert incidents(trading, "error") == ["strategy"]


def test_a_kill_from_outside_is_the_system_s_and_its_restart_succeeds(trading: Fleet) -> None:
    trading.dies(signal=9).born()
    assert recoveries(trading) == [("system", "restart", 1, "succeeded")]


def test_a_restart_whose_life_ends_before_it_trades_has_failed_and_the_last_resort_is_an_alert(trading: Fleet) -> None:
    fails(trading)
    fails(trading)
    trading.wait(2)
    fails(trading)
    assert recoveries(trading) == [
        ("strategy", "restart", 1, "failed"),
        ("strategy", "backoff", 2, "failed"),
        ("strategy", "fallback", 1, "succeeded"),
        ("strategy", "alert", 1, "pending"),
    ]
    assert incidents(trading, "critical") == ["strategy"]


def test_an_alert_has_helped_when_the_bot_trades_again(trading: Fleet) -> None:
    fails(trading)
    fails(trading)
    trading.wait(2)
    fails(trading)
    trading.set(status="enabled").born()
    assert recoveries(trading)[-1] == ("strategy", "alert", 1, "succeeded")


@pytest.mark.parametrize(("code", "error_class"), [(78, ErrorClass.CONFIGURATION), (77, ErrorClass.AUTHENTICATION)])
def test_what_only_a_person_can_mend_is_not_tried_again(trading: Fleet, code: int, error_class: ErrorClass) -> None:
    trading.dies(exit_code=code)
    assert recoveries(trading) == [(str(error_class), "alert", 1, "pending")]
    assert trading.bot().life is None


def test_a_config_that_cannot_run_is_an_alert_until_it_is_mended(fleet: Fleet) -> None:
    fleet.launcher.findings = lambda config: [an_error()] if config.get("symbol") == "BAD" else []
    fleet.add(config=a_bot(symbol="BAD"))
    fleet.start()
    assert recoveries(fleet) == [("configuration", "alert", 1, "pending")]
    assert incidents(fleet, "error") == ["configuration"]
    fleet.set(config=a_bot()).born()
    assert recoveries(fleet) == [("configuration", "alert", 1, "succeeded")]


def test_a_life_with_the_old_config_answers_no_alert_about_the_new_one(fleet: Fleet) -> None:
    fleet.launcher.findings = lambda config: [an_error()] if config.get("symbol") == "BAD" else []
    fleet.add()
    fleet.start()
    fleet.set(config=a_bot(symbol="BAD")).born()
    assert recoveries(fleet) == [("configuration", "alert", 1, "pending")]
    fleet.dies(signal=9)
    assert recoveries(fleet) == [("configuration", "alert", 1, "pending")], "without a config there is no next life"


def test_the_network_is_waited_for_behind_a_circuit_breaker(trading: Fleet) -> None:
    for _ in range(5):
        fails(trading, ErrorClass.NETWORK)
        while trading.bot().life is None and (trading.bot().history.next_start_at or 0) < trading.clock.seconds + 30:
            trading.wait(1)
    assert [strategy for _, strategy, _, _ in recoveries(trading)] == [
        RecoveryStrategy.RESTART,
        *[RecoveryStrategy.BACKOFF] * 3,
        RecoveryStrategy.CIRCUIT_BREAKER,
    ]
    assert trading.row().status == "error"
    trading.wait(65)
    trading.born()
    assert recoveries(trading)[-1] == ("network", "circuit_breaker", 5, "succeeded")


def test_a_rate_limit_is_answered_by_a_retry(trading: Fleet) -> None:
    fails(trading, ErrorClass.RATE_LIMIT)
    assert recoveries(trading) == [("rate_limit", "retry", 1, "pending")]


def test_a_life_that_was_asked_to_end_is_not_restarted(trading: Fleet) -> None:
    trading.set(status="disabled")
    trading.dies(signal=11)
    assert recoveries(trading) == []
    assert incidents(trading, "error") == ["system"]


def test_an_outage_of_the_database_is_one_recovery_however_often_it_was_tried(trading: Fleet) -> None:
    trading.database.tell(DatabaseAway(reason="locked", retry_in=0.1))
    trading.settle()
    trading.database.tell(DatabaseAway(reason="locked", retry_in=0.2))
    trading.settle()
    assert recoveries(trading) == [("database", "queue", 1, "pending")]
    assert incidents(trading, "error") == ["database"]
    trading.clock.seconds += 3
    trading.database.tell(DatabaseBack(away_for=3.0))
    trading.settle()
    assert recoveries(trading) == [("database", "queue", 1, "succeeded")]
    trading.database.tell(DatabaseAway(reason="locked", retry_in=0.1))
    assert recoveries(trading.settle())[-1] == ("database", "queue", 1, "pending")
