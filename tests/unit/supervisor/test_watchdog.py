"""The watchdog in the control loop: it looks, asks, counts, condemns; and the host that slows everybody down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from builders import a_bot
from fleet_world import Fleet, own_identity
from loguru import logger

from common.recovery import Outcome, RecoveryStrategy
from common.wire.messages import Drain, Goodbye, Hello, Probe, Throttle
from supervisor.processes.port import Spawned
from supervisor.reconcile.health import Health
from supervisor.reconcile.states import StopReason
from supervisor.store.commands import CloseIncarnation, EndRecoveries, RecordIncident, RecordRecovery


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that is logged, with its level in front."""
    said: list[str] = []
    sink = logger.add(said.append, format="{level} {message}", level="INFO")
    yield said
    logger.remove(sink)


def trading(fleet: Fleet, **beat: Any) -> Fleet:
    """A bot whose process is this very one, so that there is something to measure; it must not be aborted."""
    if not fleet.database.rows:
        fleet.add()
    fleet.start()
    life = fleet.life()
    fleet.launcher.happened.append(Spawned(life.incarnation, own_identity()))
    fleet.settle()
    fleet.hear(life, Hello(token=life.token, incarnation=life.incarnation, pid=os.getpid(), generation="g"))
    fleet.beat(life, **beat)
    return fleet.settle()


def passes(fleet: Fleet, seconds: float, **beat: Any) -> Fleet:
    """Time passes in steps of a second while the life speaks and moves."""
    for _ in range(int(seconds)):
        fleet.clock.seconds += 1
        fleet.beat(fleet.life(), **beat)
        fleet.settle()
        if fleet.life().worker.stop is not None:
            break
    return fleet


def incidents(fleet: Fleet, error_class: str) -> list[RecordIncident]:
    return [one for one in fleet.database.of(RecordIncident) if one.error_class == error_class]


def test_a_life_is_measured_when_it_begins_to_trade_and_shown_with_its_figures(fleet: Fleet) -> None:
    passes(trading(fleet, errors=0, answered=0), 3)
    life = fleet.requests.answer({"do": "status"})["bots"][0]["life"]
    assert life["health"] == "healthy"
    assert life["memory_mb"] > 10
    assert life["memory_uss_mb"] > 5
    assert life["cpu_percent"] is not None


def test_missed_beats_are_counted_in_the_log_and_the_class_changes(fleet: Fleet, lines: list[str]) -> None:
    fleet.add()
    fleet.start().born().silence(16)
    warned = [line for line in lines if "check failed" in line]
    assert [line.split("check failed, ")[1][:6] for line in warned] == ["1 of 3", "2 of 3", "3 of 3"]
    assert all(line.startswith("WARNING") for line in warned)
    changes = [line.split(") ")[1].split(",")[0] for line in lines if ", was " in line]
    assert changes == ["is degraded", "is unhealthy", "is dead"]
    assert fleet.life().worker.stop is not None
    assert fleet.life().signs.checkup.health is Health.DEAD


def test_a_life_that_is_heard_again_is_healthy_again(fleet: Fleet, lines: list[str]) -> None:
    fleet.add()
    fleet.start().born().silence(9)
    assert fleet.life().signs.checkup.health is Health.DEGRADED
    passes(fleet, 3)
    assert fleet.life().signs.checkup.health is Health.HEALTHY
    assert any(line.startswith("INFO") and "is healthy, was degraded" in line for line in lines)


def test_only_who_answers_is_asked_and_the_answer_is_timed(fleet: Fleet) -> None:
    passes(trading(fleet), 40)
    assert fleet.wire.told(Probe) == [], "a worker that does not know the question"
    passes(fleet, 31, answered=0)
    probes = fleet.wire.told(Probe)
    assert [probe.number for probe in probes] == [1]
    fleet.clock.seconds += 0.25
    asked_at = fleet.life().signs.asked_at
    assert asked_at is not None
    fleet.beat(fleet.life(), answered=1)
    fleet.settle()
    assert fleet.life().signs.response_time == fleet.clock.seconds - asked_at


def test_a_loop_that_never_answers_fails_three_checks_and_is_drained(make_fleet: Any, lines: list[str]) -> None:
    fleet = make_fleet(health_check_interval=10, response_limit=5)
    passes(trading(fleet, answered=0), 60, answered=0)
    stop = fleet.life().worker.stop
    assert stop is not None
    assert stop.reason is StopReason.UNHEALTHY
    (drain,) = fleet.wire.told(Drain)
    assert not drain.apply_on_stop
    assert "failed several checks in a row (answers after" in drain.reason
    counted = [line.split("check failed, ")[1][:6] for line in lines if "check failed" in line]
    assert counted == ["1 of 3", "2 of 3", "3 of 3"]


def test_many_logged_errors_make_a_life_degraded_then_unhealthy(fleet: Fleet) -> None:
    passes(trading(fleet, errors=0), 31, errors=12)
    assert fleet.life().signs.checkup.condition.health is Health.DEGRADED
    assert [one.severity for one in incidents(fleet, "health")] == ["warning"]
    passes(fleet, 4, errors=60)
    assert fleet.life().signs.checkup.condition.health is Health.UNHEALTHY
    assert fleet.life().signs.checkup.failed == 1


def test_a_life_above_its_memory_limit_is_drained_and_its_end_counts_as_a_failure(make_fleet: Any) -> None:
    fleet = make_fleet(bot_memory_limit_mb=1)
    trading(fleet)
    passes(fleet, 6)
    stop = fleet.life().worker.stop
    assert stop is not None
    assert stop.reason is StopReason.MEMORY
    (told,) = incidents(fleet, "watchdog")
    assert "the limit is 1 MB" in told.message
    fleet.dies(exit_code=0, goodbye=Goodbye(cause="drained"))
    assert [end.cause for end in fleet.database.of(CloseIncarnation)] == ["watchdog"]
    assert fleet.bot().history.failures == 1
    first, completed = incidents(fleet, "watchdog")
    assert first.key == completed.key
    assert completed.completes
    assert completed.output_file is not None, "the stacks are read from it when the life has ended"
    assert len(fleet.launcher.tickets) == 2


@pytest.mark.parametrize(
    ("end", "outcome"),
    [({"exit_code": 0, "goodbye": Goodbye(cause="drained")}, Outcome.SUCCEEDED), ({"signal": 9}, Outcome.FAILED)],
)
def test_the_graceful_stop_of_an_ailing_life_is_told_with_how_it_went(
    make_fleet: Any, end: dict[str, Any], outcome: Outcome
) -> None:
    fleet = make_fleet(bot_memory_limit_mb=1)
    passes(trading(fleet), 6)
    (begun,) = fleet.database.of(RecordRecovery)
    assert (begun.strategy, begun.outcome) == (RecoveryStrategy.GRACEFUL_STOP, Outcome.PENDING)
    fleet.dies(**end)
    ends = [e.outcome for e in fleet.database.of(EndRecoveries) if RecoveryStrategy.GRACEFUL_STOP in e.strategies]
    assert ends == [outcome]
    assert [each.strategy for each in fleet.database.of(RecordRecovery)][1:] == [RecoveryStrategy.RESTART]


def test_the_limit_of_a_config_wins_over_the_setting(make_fleet: Any) -> None:
    fleet = make_fleet(bot_memory_limit_mb=1)
    fleet.add(config=a_bot(limits={"memory_mb": 0}))
    passes(trading(fleet), 40)
    assert fleet.life().worker.stop is None


def test_a_short_host_is_told_once_and_slows_lives_down_also_those_that_come_later(
    fleet: Fleet, lines: list[str]
) -> None:
    passes(trading(fleet), 10)
    fleet.meter.usage = replace(fleet.meter.usage, memory_percent=99.0)
    passes(fleet, 6)
    assert len([line for line in lines if line.startswith("WARNING The host: memory is short")]) == 1
    assert fleet.wire.told(Throttle) == [], "a peak throttles nobody"
    passes(fleet, 20)
    assert [word.pause_seconds for word in fleet.wire.told(Throttle)] == [0.25]
    assert len(incidents(fleet, "resources")) == 1
    assert fleet.requests.answer({"do": "status"})["host"]["short_of"] == ["memory"]
    fleet.dies(signal=9).born()
    assert [word.pause_seconds for word in fleet.wire.told(Throttle)] == [0.25, 0.25]
    fleet.meter.usage = replace(fleet.meter.usage, memory_percent=10.0)
    passes(fleet, 40)
    assert fleet.wire.told(Throttle)[-1].pause_seconds == 0.0
    assert not fleet.requests.answer({"do": "status"})["host"]["throttled"]


def test_throttling_can_be_switched_off(make_fleet: Any) -> None:
    fleet = make_fleet(throttle_pause=0)
    fleet.meter.usage = replace(fleet.meter.usage, cpu_percent=99.0)
    passes(trading(fleet), 60)
    assert fleet.wire.told(Throttle) == []
