"""Takes over the lives that an earlier supervisor left: alive they go on, dead they are buried properly."""

from __future__ import annotations

from dataclasses import replace

from loguru import logger

from common.clock import Clock
from common.crash_points import reach
from supervisor.fleet.roster import Bot, Life, Roster
from supervisor.intake.router import Router
from supervisor.lives.observation import Observation
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.lives import LifeReading, LifeRecords
from supervisor.processes.port import UNKNOWN_EXIT, Exited
from supervisor.reconcile.states import LifePhase, LiveWorker
from supervisor.store.supervision import Supervision


def adopt_lives(
    roster: Roster,
    records: LifeRecords,
    router: Router,
    adopted: AdoptedLives,
    observation: Observation,
    clock: Clock,
) -> None:
    """Read the records of lives and take each one over, before the first turn of the control loop."""
    reach("adoption.before")
    for reading in records.read_all():
        if reading.record is None:
            logger.warning("A record of a life cannot be read and is dropped: {}", reading.detail)
            records.discard(reading.bot_id)
            continue
        life = _adopt(roster, reading, clock)
        router.admit(life.token, life.bot_id, life.incarnation)
        if reading.identity is not None:
            logger.bind(bot_id=life.bot_id, incarnation=life.incarnation).info(
                "Bot {}: adopting life {}, pid {}", life.bot_id, life.incarnation, reading.identity.pid
            )
            adopted.adopt(life.incarnation, reading.identity)
        else:
            # Nobody saw how far it got; had it traded, its stop policy is still to be applied should its bot be off.
            life.worker = replace(life.worker, running_since=clock.monotonic())
            observation.process_event(Exited(life.incarnation, UNKNOWN_EXIT))
    reach("adoption.after")


def _adopt(roster: Roster, reading: LifeReading, clock: Clock) -> Life:
    record = reading.record
    assert record is not None
    now = clock.monotonic()
    life = Life(
        worker=LiveWorker(
            incarnation=record.incarnation,
            generation=record.generation,
            phase=LifePhase.STARTING,
            started_at=now,
            phase_since=now,
            last_heard_at=now,
            last_progress_at=now,
            recorded_progress=True,
            adopted=True,
        ),
        bot_id=record.bot_id,
        token=record.token,
        born_at=record.started_at,
        output_file=record.output_file,
        identity=reading.identity,
        record=record,
    )
    bot = Bot(
        bot_id=record.bot_id,
        name=f"Bot {record.bot_id}",
        row=None,
        supervision=Supervision(bot_id=record.bot_id),
        status="running",
        metadata={},
        newest_incarnation=record.incarnation,
    )
    roster.add(bot)
    roster.begin(bot, life)
    return life
