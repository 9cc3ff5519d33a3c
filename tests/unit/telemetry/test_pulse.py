"""What the health pages say, from the last signs of life."""

from __future__ import annotations

from dataclasses import replace

from supervisor.telemetry.pulse import STALLED_AFTER, Condition, Pulse

WELL = Pulse(turned_at=100.0, database_up=True, started=True, fleet={"database": "up", "backlog": 0, "bots": []})


def test_before_the_first_turn_nothing_lives() -> None:
    assert not Pulse().is_alive(0.0)
    assert not Pulse().is_ready(0.0)
    assert Pulse().condition(0.0) is Condition.UNHEALTHY


def test_a_loop_that_turns_is_alive_until_it_stalls() -> None:
    assert WELL.is_alive(100.0 + STALLED_AFTER - 0.1)
    assert not WELL.is_alive(100.0 + STALLED_AFTER)
    assert WELL.condition(100.0 + STALLED_AFTER) is Condition.UNHEALTHY


def test_ready_means_database_start_up_and_no_stop() -> None:
    assert WELL.is_ready(101.0)
    assert not replace(WELL, database_up=False).is_ready(101.0)
    assert not replace(WELL, started=False).is_ready(101.0)
    assert not replace(WELL, stopping=True).is_ready(101.0)
    assert not WELL.is_ready(200.0)


def test_without_the_database_it_lives_and_is_not_well() -> None:
    away = replace(WELL, database_up=False)
    assert away.is_alive(101.0)
    assert away.condition(101.0) is Condition.UNHEALTHY
    assert away.components(101.0)["database"]["condition"] is Condition.UNHEALTHY


def test_a_bot_in_error_degrades_the_whole() -> None:
    fleet = {"database": "up", "backlog": 0, "bots": [{"status": "running"}, {"status": "error"}]}
    pulse = replace(WELL, fleet=fleet)
    assert pulse.condition(101.0) is Condition.DEGRADED
    assert pulse.components(101.0)["bots"]["by_status"] == {"running": 1, "error": 1}
