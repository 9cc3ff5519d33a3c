"""What is heard of lives, and what their ends mean for the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from fleet_world import Fleet

from common.process import facts_of
from common.wire.messages import Drain, Goodbye, Hello, Kind, Phase, Renew, Welcome
from supervisor.intake.router import Received
from supervisor.lives.adoption import adopt_lives
from supervisor.processes.lives import LifeRecord
from supervisor.processes.port import Exited, ExitReport, ProcessIdentity, Spawned
from supervisor.reconcile.states import LifePhase, Rung, StopReason
from supervisor.store.commands import CloseIncarnation, RecordIncident

Ends = Callable[[Fleet], Fleet]


def causes(fleet: Fleet) -> list[str]:
    return [item.cause for item in fleet.database.of(CloseIncarnation)]


def incidents(fleet: Fleet, error_class: str = "worker") -> list[RecordIncident]:
    return [item for item in fleet.database.of(RecordIncident) if item.error_class == error_class]


def trading(fleet: Fleet) -> Fleet:
    fleet.add()
    return fleet.start().born()


def test_a_hello_is_welcomed_with_the_lease_and_a_heartbeat_renews_it(fleet: Fleet) -> None:
    trading(fleet)
    assert [message.lease for message in fleet.wire.told(Welcome)] == [fleet.settings.orphan_grace]
    assert [message.lease for message in fleet.wire.told(Renew)] == [fleet.settings.orphan_grace]
    assert fleet.life().worker.phase is LifePhase.RUNNING


def test_warming_up_is_starting_and_phases_never_go_back(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    life = fleet.life()
    fleet.beat(life, Phase.WARMING)
    fleet.settle()
    assert fleet.life().worker.phase is LifePhase.STARTING
    fleet.born()
    fleet.beat(fleet.life(), Phase.STARTING)
    fleet.settle()
    assert fleet.life().worker.phase is LifePhase.RUNNING


def test_messages_of_unknown_lives_change_nothing_but_their_entries_are_recorded(fleet: Fleet) -> None:
    trading(fleet)
    fleet.wire.inbox += [
        Received(bot_id=7, incarnation=999, kind=Kind.GOODBYE, message=Goodbye(cause="drained"), payload=b""),
        Received(bot_id=7, incarnation=999, kind=Kind.ENTRY, message=None, payload=b"entry of a dead life"),
    ]
    fleet.settle()
    assert fleet.life().worker.phase is LifePhase.RUNNING
    assert fleet.database.entries == [(7, 999, b"entry of a dead life")]


@pytest.mark.parametrize(
    ("how", "said", "cause", "failures", "respawned"),
    [
        ({"exit_code": 0}, "terminated", "terminated", 0, True),
        ({"exit_code": 0}, "hangup", "hangup", 0, True),
        ({"exit_code": 0}, None, "failed", 1, True),
        ({"exit_code": 1}, None, "failed", 1, True),
        ({"exit_code": 1}, "failed", "failed", 1, True),
        ({"exit_code": 64}, "finished", "finished", 0, False),
        ({"exit_code": 78}, "bad_spec", "hopeless", 1, False),
        ({"exit_code": 77}, None, "hopeless", 1, False),
        ({"exit_code": 75}, None, "locked", 0, False),
        ({"exit_code": 76}, "orphaned", "orphaned", 0, True),
        ({"signal": 9}, None, "killed", 0, True),
        ({"signal": 11}, None, "crashed", 1, True),
        ({"signal": 15}, None, "terminated", 0, True),
        ({"known": False}, None, "unknown", 0, True),
        ({"known": False}, "hangup", "hangup", 0, True),
    ],
)
def test_every_end_of_a_trading_life_has_its_cause_and_its_consequence(
    fleet: Fleet, how: dict[str, Any], said: Any, cause: str, failures: int, respawned: bool
) -> None:
    trading(fleet).dies(goodbye=Goodbye(cause=said, detail="why") if said else None, **how)
    assert causes(fleet) == [cause]
    assert fleet.bot().history.failures == failures
    assert (len(fleet.launcher.tickets) == 2) == respawned
    faults = {"failed", "hopeless", "crashed", "killed", "unknown"}
    assert len(incidents(fleet)) == (cause in faults)


def test_a_bot_that_ended_is_unsettled_until_its_stop_policy_was_applied(fleet: Fleet) -> None:
    trading(fleet).dies(signal=9)
    assert fleet.bot().supervision.unsettled
    fleet.born().set(status="disabled").dies(exit_code=0, goodbye=Goodbye(cause="drained"))
    assert not fleet.bot().supervision.unsettled
    assert len(fleet.launcher.tickets) == 2


def test_a_disabled_bot_that_had_to_be_killed_gets_one_life_to_settle(fleet: Fleet) -> None:
    trading(fleet).set(status="disabled")
    fleet.dies(signal=9)
    assert [ticket.mode for ticket in fleet.launcher.tickets] == ["trade", "settle"]
    fleet.born().dies(exit_code=0)
    assert len(fleet.launcher.tickets) == 2
    assert fleet.row().status == "disabled"


def test_a_life_that_could_not_be_born_is_tried_again_later_and_not_held_against_the_bot(fleet: Fleet) -> None:
    fleet.add()
    fleet.start().is_not_born("no memory")
    assert causes(fleet) == ["unborn"]
    assert "no memory" in incidents(fleet)[0].message
    assert (fleet.bot().history.failures, len(fleet.launcher.tickets)) == (0, 1)
    fleet.wait(10)
    assert len(fleet.launcher.tickets) == 2


def test_the_last_words_tell_more_than_the_exit_code(fleet: Fleet) -> None:
    trading(fleet).dies(exit_code=1, goodbye=Goodbye(cause="failed", detail="ValueError: no bars"))
    assert fleet.row().extra_metadata["last_error"] == "ValueError: no bars"
    assert incidents(fleet)[0].message.endswith("failed (ValueError: no bars)")


def test_incidents_of_one_life_have_keys_of_their_own(fleet: Fleet) -> None:
    trading(fleet).dies(signal=9).born().dies(signal=9)
    keys = [item.key for item in incidents(fleet)]
    assert len(set(keys)) == len(keys) == 2
    assert [item.severity for item in incidents(fleet)] == ["warning", "warning"]


def test_a_silent_life_is_aborted_then_killed_and_the_watchdog_reports_it(fleet: Fleet) -> None:
    trading(fleet)
    limit = fleet.settings.heartbeat_interval * fleet.settings.heartbeat_misses
    fleet.silence(limit + 0.1)
    stop = fleet.life().worker.stop
    assert stop is not None
    assert (stop.rung, stop.reason) == (Rung.ABORT, StopReason.SILENT)
    assert len(incidents(fleet, "watchdog")) == 1
    fleet.clock.seconds += fleet.settings.abort_grace + 0.1
    fleet.settle()
    killed = fleet.life().worker.stop
    assert killed is not None
    assert killed.rung is Rung.KILL
    fleet.dies(signal=9)
    assert causes(fleet) == ["watchdog"]
    assert fleet.bot().history.failures == 1


def test_a_life_that_speaks_but_does_not_move_is_hung(fleet: Fleet) -> None:
    trading(fleet)
    for age in range(1, 17):
        fleet.clock.seconds += 1
        fleet.beat(fleet.life(), loop_age=float(age))
        fleet.turn()
    fleet.settle()
    stop = fleet.life().worker.stop
    assert stop is not None
    assert stop.reason is StopReason.HUNG


def test_a_stop_before_the_process_is_known_is_made_good_at_its_birth(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    fleet.silence(fleet.settings.start_timeout + 0.1)
    fleet.settle()
    life = fleet.life()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    facts = facts_of(child.pid)
    assert facts is not None
    fleet.launcher.happened.append(Spawned(life.incarnation, ProcessIdentity(child.pid, facts.created)))
    fleet.settle()
    child.communicate()
    assert child.returncode == -signal.SIGABRT


def test_a_drain_that_a_life_cannot_have_heard_is_said_again(fleet: Fleet) -> None:
    trading(fleet).set(status="disabled")
    assert len(fleet.wire.told(Drain)) == 1
    life = fleet.life()
    fleet.hear(life, Hello(token=life.token, incarnation=life.incarnation, pid=1, generation=life.worker.generation))
    fleet.settle()
    assert len(fleet.wire.told(Drain)) == 2
    assert fleet.wire.told(Drain)[0] == fleet.wire.told(Drain)[1]


def test_the_record_of_a_life_is_on_disk_while_it_lives_and_gone_after(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    (reading,) = fleet.records.read_all()
    assert reading.record is not None
    assert reading.record.token == fleet.life().token
    fleet.born()
    (reading,) = fleet.records.read_all()
    assert reading.record is not None
    assert reading.record.identity == fleet.life().identity
    fleet.set(status="disabled").dies(exit_code=0)
    assert fleet.records.read_all() == []


def test_the_secret_of_an_ended_life_is_forgotten_after_its_last_words(fleet: Fleet) -> None:
    trading(fleet)
    token = fleet.life().token
    fleet.set(status="disabled").dies(exit_code=0)
    assert token in fleet.wire.admitted
    fleet.wait(30)
    assert token not in fleet.wire.admitted


def survivor(fleet: Fleet, bot_id: int = 7) -> tuple[subprocess.Popen[bytes], LifeRecord]:
    """A life of an earlier supervisor, as its record and a process."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    facts = facts_of(child.pid)
    assert facts is not None
    record = LifeRecord(
        bot_id=bot_id,
        bot_uid="7-x",
        incarnation=150,
        generation="before",
        token="secret of 150",
        state_dir=fleet.settings.state_dir,
        started_at=fleet.clock.now(),
        pid=child.pid,
        create_time=facts.created,
    )
    fleet.records.write(record)
    return child, record


def adopt(fleet: Fleet) -> None:
    adopt_lives(fleet.roster, fleet.records, fleet.wire, fleet.adopted, fleet.observation, fleet.clock)  # type: ignore[arg-type]


def test_a_life_of_the_supervisor_before_is_adopted_and_not_doubled(fleet: Fleet) -> None:
    child, record = survivor(fleet)
    try:
        adopt(fleet)
        assert fleet.wire.admitted == {record.token: (7, 150)}
        fleet.add(status="running")
        fleet.start()
        life = fleet.life()
        assert (life.incarnation, life.worker.adopted) == (150, True)
        assert life.identity == record.identity
        assert fleet.launcher.tickets == []
        fleet.beat(life)
        fleet.settle()
        stop = fleet.life().worker.stop
        assert stop is not None, "its config is another now"
        assert stop.reason is StopReason.GENERATION
    finally:
        child.kill()
        child.communicate()


def test_the_end_of_an_adopted_life_is_noticed_and_it_is_replaced(
    fleet: Fleet, until: Callable[[Callable[[], Any], str], Any]
) -> None:
    child, _ = survivor(fleet)
    adopt(fleet)
    fleet.add(status="running")
    fleet.start()
    os.kill(child.pid, signal.SIGKILL)

    def noticed() -> bool:
        fleet.settle()
        return bool(fleet.launcher.tickets)

    until(noticed, "the adopted life is replaced")
    child.communicate()
    assert causes(fleet)[0] in ("unknown", "killed")
    assert fleet.launcher.tickets[0].incarnation != 150


def test_a_life_that_died_with_its_supervisor_is_buried_before_the_start(fleet: Fleet) -> None:
    child, record = survivor(fleet)
    child.kill()
    child.communicate()
    adopt(fleet)
    assert causes(fleet) == ["unknown"]
    assert fleet.records.read_all() == []
    fleet.add(status="running")
    fleet.start()
    assert len(fleet.launcher.tickets) == 1
    assert fleet.bot().supervision.unsettled is True, "nobody knows whether it had followed its stop policy"
    assert record.token in fleet.wire.admitted, "what it had sent may still arrive"


def test_an_unreadable_record_is_dropped(fleet: Fleet) -> None:
    (fleet.settings.state_dir / "lives" / "9.json").write_text("{")
    adopt(fleet)
    assert fleet.records.read_all() == []
    assert len(fleet.roster) == 0


def test_last_words_that_come_after_the_news_of_the_death_are_heard(fleet: Fleet) -> None:
    trading(fleet)
    life = fleet.life()
    fleet.launcher.happened.append(Exited(life.incarnation, ExitReport(exit_code=78)))
    fleet.turn()
    assert fleet.bot().life is life, "it is not buried before its last words had time to come"
    fleet.hear(life, Goodbye(cause="bad_spec", detail="the file is gone"))
    fleet.settle()
    assert fleet.bot().life is None
    assert "the file is gone" in (fleet.bot().supervision.quarantine_reason or "")


def test_a_child_that_speaks_before_its_birth_is_told_is_not_taken_for_an_adopted_one(fleet: Fleet) -> None:
    fleet.add()
    fleet.start()
    life = fleet.life()
    fleet.hear(life, Hello(token=life.token, incarnation=life.incarnation, pid=os.getpid(), generation="g"))
    fleet.settle()
    assert fleet.adopted.events() == []
    assert life.identity is None, "the launcher tells it, and how it ends"
