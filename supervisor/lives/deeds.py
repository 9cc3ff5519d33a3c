"""Carries out what `decide` decided: births, stops, quarantines.

Belongs to the control loop. Nothing here decides anything and nothing blocks: a birth is asked of the
launcher, a drain is a message, the rest are signals to a process that was proved to be the one meant.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace

from loguru import logger

from common.clock import Clock
from common.crash_points import reach
from common.errors import BotvisorError
from common.wire.messages import Drain as DrainMessage
from common.wire.messages import Pause as PauseMessage
from common.wire.ticket import Ticket
from supervisor.fleet.roster import Bot, Life, Roster
from supervisor.fleet.ticketing import TicketOffice
from supervisor.intake.router import Router
from supervisor.processes import signals
from supervisor.processes.lives import LifeRecord, LifeRecords
from supervisor.processes.port import Launcher, ProcessIdentity
from supervisor.reconcile.actions import (
    RUNG_OF,
    Abort,
    Action,
    Drain,
    Kill,
    Pause,
    Quarantine,
    Refuse,
    Spawn,
    Stop,
    Terminate,
)
from supervisor.reconcile.states import AILMENTS, LifePhase, LiveWorker, Rung, StopReason
from supervisor.record.pen import Record

_SENTENCES = {
    StopReason.OFF: "the bot is to be off",
    StopReason.GENERATION: "its config changed",
    StopReason.RESTART: "a restart was asked for",
    StopReason.SERVICE: "the service stops",
    StopReason.SILENT: "it has not been heard of for too long",
    StopReason.HUNG: "its trading loop does not move",
    StopReason.START_TIMEOUT: "it did not get to trading in time",
    StopReason.OVERDUE: "it does not come to its end",
    StopReason.MEMORY: "it uses more memory than it may",
    StopReason.UNHEALTHY: "it failed several checks in a row",
}


class Deeds:
    """The hands of the control loop."""

    def __init__(
        self,
        roster: Roster,
        office: TicketOffice,
        launcher: Launcher,
        router: Router,
        records: LifeRecords,
        record: Record,
        clock: Clock,
        next_incarnation: Callable[[], int | None],
    ) -> None:
        self._roster = roster
        self._office = office
        self._launcher = launcher
        self._router = router
        self._records = records
        self._record = record
        self._clock = clock
        self._next_incarnation = next_incarnation

    def carry_out(self, actions: Iterable[Action]) -> None:
        """Do these things, in order; one that fails does not keep the others."""
        for action in actions:
            bot = self._roster.bot(action.bot_id)
            if bot is None:
                continue
            try:
                self._carry_out(bot, action)
            except (BotvisorError, OSError) as error:
                logger.bind(bot_id=bot.bot_id).error("Bot {}: {} failed: {}", bot.bot_id, type(action).__name__, error)

    def _carry_out(self, bot: Bot, action: Action) -> None:
        match action:
            case Spawn():
                self._spawn(bot, action)
            case Drain() | Terminate() | Abort() | Kill():
                self._stop(bot, action)
            case Pause():
                self._pause(bot, action)
            case Quarantine():
                self._quarantine(bot, action)
            case Refuse():
                self._refuse(bot, action)

    def _spawn(self, bot: Bot, action: Spawn) -> None:
        accepted = bot.accepted
        if accepted is None or bot.life is not None:
            return
        incarnation = self._next_incarnation()
        if incarnation is None:
            return
        ticket = self._office.issue(bot, accepted, incarnation, settle=action.settle)
        now, wall = self._clock.monotonic(), self._clock.now()
        life = Life(
            worker=LiveWorker(
                incarnation=incarnation,
                generation=accepted.generation,
                phase=LifePhase.STARTING,
                started_at=now,
                phase_since=now,
                last_heard_at=now,
                last_progress_at=now,
                paused=ticket.paused,
                settle=action.settle,
            ),
            bot_id=bot.bot_id,
            token=ticket.link.token,
            born_at=wall,
            output_file=ticket.places.output_file,
        )
        self._keep_record(life, ticket)
        self._router.admit(life.token, bot.bot_id, incarnation)
        self._roster.begin(bot, life)
        bot.newest_incarnation = incarnation
        bot.refused, bot.refusal = False, None
        self._launcher.spawn(ticket)
        reach("spawn.asked")
        self._record.life_opened(bot, life)
        logger.bind(bot_id=bot.bot_id, incarnation=incarnation).debug(
            "Bot {} ({}): life {} is asked for", bot.bot_id, bot.name, incarnation
        )

    def _keep_record(self, life: Life, ticket: Ticket) -> None:
        """Written before the process exists: a supervisor that dies now still leaves the life's secret behind."""
        life.record = LifeRecord(
            bot_id=life.bot_id,
            bot_uid=ticket.bot_uid,
            incarnation=life.incarnation,
            generation=life.worker.generation,
            token=life.token,
            state_dir=ticket.places.state_dir,
            started_at=life.born_at,
            output_file=life.output_file,
        )
        reach("life_record.before_write")
        self._records.write(life.record)
        reach("life_record.after_write")

    def born(self, life: Life, identity: ProcessIdentity) -> None:
        """The life has a process; a stop that was due before it had one is made good."""
        life.identity = identity
        if life.record is not None:
            life.record = life.record.model_copy(update={"pid": identity.pid, "create_time": identity.create_time})
            reach("life_record.before_pid")
            try:
                self._records.write(life.record)
                reach("life_record.after_pid")
            except OSError as error:  # the record without a pid stands; the lock of the life names its process
                logger.bind(bot_id=life.bot_id).error("Bot {}: its record was not renewed: {}", life.bot_id, error)
        stop = life.worker.stop
        if stop is not None and stop.rung is not Rung.DRAIN:
            with contextlib.suppress(BotvisorError):
                _SIGNAL_OF_RUNG[stop.rung](identity)

    def _stop(self, bot: Bot, action: Stop) -> None:
        life = bot.life
        if life is None or life.incarnation != action.incarnation:
            return
        apply = isinstance(action, Drain) and action.apply_on_stop
        life.worker = life.worker.climbed(
            RUNG_OF[type(action)], self._clock.monotonic(), action.reason, apply_on_stop=apply
        )
        log, why = logger.bind(bot_id=bot.bot_id, incarnation=life.incarnation), _why(life, action.reason)
        if (action.reason in AILMENTS and isinstance(action, Drain)) or isinstance(action, Abort):
            self._record.watchdog_stop(bot, life, why)
        if isinstance(action, Drain):
            level = "WARNING" if action.reason in AILMENTS else "INFO"
            log.log(level, "Bot {} ({}): asked to end, for {}", bot.bot_id, bot.name, why)
            self._router.send(life.incarnation, DrainMessage(apply_on_stop=apply, reason=why))
            return
        log.warning("Bot {} ({}): {} for {}", bot.bot_id, bot.name, _VERBS[type(action)], why)
        if life.identity is not None:
            _SIGNAL_OF_RUNG[RUNG_OF[type(action)]](life.identity)

    def repeat_drain(self, life: Life) -> None:
        """A life that had not yet said its name when it was asked to end is asked again."""
        stop = life.worker.stop
        if stop is not None and stop.rung is Rung.DRAIN:
            self._router.send(
                life.incarnation, DrainMessage(apply_on_stop=stop.apply_on_stop, reason=_why(life, stop.reason))
            )

    def _pause(self, bot: Bot, action: Pause) -> None:
        life = bot.life
        if life is not None and self._router.send(life.incarnation, PauseMessage(paused=action.paused)):
            life.worker = replace(life.worker, paused=action.paused)

    def repeat_pause(self, life: Life) -> None:
        """Tell a life once more what it was told of pausing: it waits for that word."""
        self._router.send(life.incarnation, PauseMessage(paused=life.worker.paused))

    def _quarantine(self, bot: Bot, action: Quarantine) -> None:
        bot.quarantine(action.generation, action.reason, self._clock.now())
        self._record.quarantined(bot, action.reason)

    def _refuse(self, bot: Bot, action: Refuse) -> None:
        bot.refused, bot.refusal = True, action.reason
        self._record.refused(bot, action.reason)

    def stop_now(self) -> None:
        """Kill every life: the last resort of a stop that took too long."""
        for life in self._roster.lives():
            if life.identity is not None:
                with contextlib.suppress(BotvisorError):
                    signals.kill(life.identity)


def _why(life: Life, reason: StopReason) -> str:
    """The reason in words, with what was found where the watchdog found it."""
    found = life.signs.checkup.assessment.reasons if reason.by_watchdog else ()
    return f"{_SENTENCES[reason]} ({'; '.join(found)})" if found else _SENTENCES[reason]


_VERBS: dict[type[Stop], str] = {Terminate: "terminated", Abort: "aborted", Kill: "killed"}
_SIGNAL_OF_RUNG = {Rung.TERMINATE: signals.terminate, Rung.ABORT: signals.abort, Rung.KILL: signals.kill}
