"""What is heard of lives: messages on the socket and births and deaths from the processes.

Belongs to the control loop. Updates the roster and has the recorder told; decides nothing. Every method
returns whether something of weight changed, so that the loop knows when to decide anew.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, replace

from loguru import logger

from common.clock import Clock
from common.crash_points import reach
from common.wire.messages import Goodbye, Heartbeat, Hello, Kind, Phase, Renew, Stacks, Welcome
from supervisor.fleet.enrolment import Enrolment
from supervisor.fleet.roster import Bot, Life, Roster
from supervisor.intake.router import Received, Router
from supervisor.lives.deeds import Deeds
from supervisor.monitoring.host_watch import HostWatch
from supervisor.monitoring.stacks import StackQuestions
from supervisor.monitoring.watchdog import Watchdog
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.child import identity_of
from supervisor.processes.lives import LifeRecords
from supervisor.processes.port import Checked, Exited, ExitReport, ProcessEvent, Spawned, SpawnFailed
from supervisor.reconcile.categories import class_of_end
from supervisor.reconcile.exits import NEVER_LIVED, ExitCause, cause_of, view_exit
from supervisor.reconcile.restarts import bury
from supervisor.reconcile.states import LIFE_TRANSITIONS, LifePhase, LiveWorker, Policy, Rung, StopReason
from supervisor.record.pen import Record
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import SILENT, Meter

_PHASES = {
    Phase.STARTING: LifePhase.STARTING,
    Phase.WARMING: LifePhase.STARTING,
    Phase.TRADING: LifePhase.RUNNING,
    Phase.STOPPING: LifePhase.STOPPING,
}

_AFTERLIFE = 5.0
"""Seconds for which messages of an ended life are still taken in."""

_RENEWAL = 0.05
"""Fraction of the lease after which a heartbeat is answered by a new one."""
_LAST_WORDS_WAIT = 0.25
"""Seconds that the goodbye of a life that ended by itself is waited for."""


@dataclass(frozen=True, slots=True)
class _End:
    """A life that ended and has not been buried, because its last words may still come."""

    exited: Exited
    due: float


class Observation:
    """The ears of the control loop."""

    def __init__(
        self,
        roster: Roster,
        enrolment: Enrolment,
        deeds: Deeds,
        router: Router,
        adopted: AdoptedLives,
        records: LifeRecords,
        record: Record,
        recorder: Recorder,
        policy: Policy,
        clock: Clock,
        lease: float,
        stacks: StackQuestions,
        watchdog: Watchdog,
        host: HostWatch,
        meter: Meter = SILENT,
    ) -> None:
        self._roster = roster
        self._enrolment = enrolment
        self._deeds = deeds
        self._router = router
        self._adopted = adopted
        self._records = records
        self._record = record
        self._recorder = recorder
        self._policy = policy
        self._clock = clock
        self._lease = lease
        self._stacks = stacks
        self._watchdog = watchdog
        self._host = host
        self._meter = meter
        self._departed: deque[tuple[float, int]] = deque()
        self._ended: dict[int, _End] = {}

    def message(self, received: Received) -> bool:
        """One message of an authenticated life; entries go on to the recorder unread."""
        if received.kind == Kind.ENTRY:
            reach("received.entry")
            self._recorder.submit_entry(received.bot_id, received.incarnation, received.payload)
            if self._meter.listens:
                self._meter.entry_received(received.incarnation, self._clock.monotonic())
            return False
        life = self._roster.life(received.incarnation)
        if life is None:
            return False
        match received.message:
            case Hello() as hello:
                return self._hello(life, hello)
            case Heartbeat() as heartbeat:
                return self._heartbeat(life, heartbeat)
            case Stacks() as stacks:
                self._stacks.heard(life, stacks)
                return False
            case Goodbye() as goodbye:
                life.goodbye = goodbye
                if (end := self._ended.pop(life.incarnation, None)) is not None:
                    return self._bury(end.exited)
                return self._enter(life, LifePhase.STOPPING)
        return False

    def process_event(self, event: ProcessEvent) -> bool:
        """One event of the launcher or of an adopted life."""
        match event:
            case Spawned(incarnation, child):
                life = self._roster.life(incarnation)
                if life is not None:
                    self._deeds.born(life, child)
                return False
            case SpawnFailed(incarnation, reason):
                self._gone(incarnation, ExitReport(known=False), ExitCause.UNBORN, reason)
            case Exited(incarnation, report):
                life = self._roster.life(incarnation)
                if life is not None and life.goodbye is None and report.known and report.signal is None:
                    # Its last words may still be on their way: a death is told faster than a message.
                    self._ended[incarnation] = _End(event, self._clock.monotonic() + _LAST_WORDS_WAIT)
                    return False
                return self._bury(event)
            case Checked():
                self._enrolment.judge(event)
        return True

    def next_burial(self) -> float | None:
        """Monotonic time at which the last words of a life are waited for no longer."""
        return min((end.due for end in self._ended.values()), default=None)

    def bury_speechless(self, now: float) -> bool:
        """Bury the lives whose last words did not come."""
        due = [incarnation for incarnation, end in self._ended.items() if end.due <= now]
        for incarnation in due:
            self._bury(self._ended.pop(incarnation).exited)
        return bool(due)

    def _bury(self, exited: Exited) -> bool:
        self._gone(exited.incarnation, exited.report, None, None)
        return True

    def forget_departed(self, now: float) -> None:
        """Stop believing the secrets of lives that ended a while ago: what they had sent has been read."""
        while self._departed and self._departed[0][0] <= now:
            self._router.dismiss(self._departed.popleft()[1])

    def _hello(self, life: Life, hello: Hello) -> bool:
        self._router.send(life.incarnation, Welcome(lease=self._lease))
        # Our own child may speak before the launcher has told its birth: only an adopted life is known by its word.
        nameless = life.worker.adopted and life.identity is None
        if nameless and (identity := identity_of(hello.pid)) is not None:
            self._deeds.born(life, identity)
            self._adopted.adopt(life.incarnation, identity)
        # A life that has said its name got as far as its own code: a kill from outside is no sign of a bad start.
        life.worker = replace(life.worker.heard(self._clock.monotonic()), recorded_progress=True)
        self._host.greet(life)
        self._deeds.repeat_drain(life)
        return True

    def _heartbeat(self, life: Life, heartbeat: Heartbeat) -> bool:
        now = self._clock.monotonic()
        if now >= life.renew_at:
            life.renew_at = now + self._lease * _RENEWAL
            self._router.send(life.incarnation, Renew(lease=self._lease))
        if life.heartbeat is None and life.worker.adopted:
            life.worker = replace(life.worker, paused=heartbeat.paused)
        life.heartbeat, life.heartbeat_at = heartbeat, self._clock.now()
        life.worker = life.worker.heard(now, now - heartbeat.loop_age)
        self._watchdog.heard(life, heartbeat, now)
        if heartbeat.phase is Phase.STOPPING and heartbeat.unacknowledged:
            life.worker = _waited_for(life.worker, now)
        asked = heartbeat.pause_wish is not None and self._asked_to_pause(life, heartbeat.pause_wish)
        return self._enter(life, _PHASES[heartbeat.phase]) or asked

    def _asked_to_pause(self, life: Life, paused: bool) -> bool:
        """A signal to the worker is an operator's word: it becomes the row's status."""
        bot = self._roster.bot(life.bot_id)
        if bot is None or bot.wish is None or not bot.wish.on or life.worker.settle:
            return False
        if bot.held:
            self._deeds.repeat_pause(life)
        if bot.wants_pause != paused:
            bot.asked_pause = paused
            self._record.rows.ask_pause(bot, paused)
            return True
        if not bot.held and life.worker.paused == paused:
            self._deeds.repeat_pause(life)
        return False

    def _enter(self, life: Life, phase: LifePhase) -> bool:
        worker = life.worker
        if phase is worker.phase or phase not in LIFE_TRANSITIONS[worker.phase]:
            return False
        life.worker = worker.entered(phase, self._clock.monotonic())
        if phase is LifePhase.RUNNING:
            self._record.life_running(life)
            bot = self._roster.bot(life.bot_id)
            self._record.recoveries.life_running(life.bot_id, mended=bot is None or bot.error is None)
            logger.bind(bot_id=life.bot_id, incarnation=life.incarnation).info(
                "Bot {}: life {} trades", life.bot_id, life.incarnation
            )
        return True

    def _gone(self, incarnation: int, report: ExitReport, cause: ExitCause | None, detail: str | None) -> None:
        life = self._roster.life(incarnation)
        if life is None:
            return
        worker, goodbye = life.worker, life.goodbye
        cause = cause or cause_of(report.exit_code, report.signal, goodbye.cause if goodbye else None, worker.stop)
        detail = detail or (goodbye.detail if goodbye else None) or _how(report, cause)
        said = goodbye.error_class if goodbye else None
        category = class_of_end(cause, report.exit_code, said, worker.stop)
        now = self._clock.monotonic()
        bot = self._roster.bury(life)
        reach("life_record.before_remove")
        try:
            self._records.remove(life.bot_id, incarnation)
        except OSError as error:  # the next supervisor will find it dead
            logger.bind(bot_id=life.bot_id).error("Bot {}: its record was not removed: {}", life.bot_id, error)
        reach("life_record.after_remove")
        self._departed.append((now + _AFTERLIFE, incarnation))
        self._record.life_closed(bot, life, cause, report.exit_code, report.signal, detail, category)
        log = logger.bind(bot_id=life.bot_id, incarnation=incarnation, error_class=category and str(category))
        why = (f" ({detail})" if detail else "") + (f", error class {category}" if category else "")
        level = "WARNING" if cause in NEVER_LIVED else "INFO"
        log.log(level, "Bot {}: life {} ended: {}{}", life.bot_id, incarnation, cause, why)
        if bot is None:
            return
        after = bury(
            bot.observed(), view_exit(worker, cause, now, detail, category), self._policy, now, random.random()
        )
        if after.history.failures > bot.history.failures or cause is ExitCause.HOPELESS:
            self._record.failed(bot, detail or f"life {incarnation} ended: {cause}")
        elif cause in NEVER_LIVED:
            self._record.waits(bot, detail or str(cause))
        if category is not None:
            self._record.recoveries.life_failed(
                bot.bot_id, incarnation, category, detail, after.history, restarts=_restarts(worker, bot)
            )
        bot.history = after.history
        bot.unsettle(after.unsettled)
        self._record.rows.remember(bot)


def _restarts(worker: LiveWorker, bot: Bot) -> bool:
    """Whether its end is answered by another life: its bot is on, can run, and it was not to end anyway."""
    asked = worker.stop is not None and not worker.stop.reason.by_watchdog
    return not (worker.settle or asked) and (bot.wish is None or bot.wish.on) and bot.error is None


def _waited_for(worker: LiveWorker, now: float) -> LiveWorker:
    """A life without a successor waits until its facts are recorded, which is up to us: its time has not begun."""
    stop = worker.stop
    if stop is None:
        return replace(worker, phase_since=now)
    if stop.rung is Rung.DRAIN and stop.reason is StopReason.OFF:
        return replace(worker, stop=replace(stop, since=now))
    return worker


def _how(report: ExitReport, cause: ExitCause) -> str | None:
    if report.signal is not None:
        return f"signal {report.signal}" + (", core dumped" if report.core_dumped else "")
    if report.exit_code == 0 and cause is ExitCause.FAILED:
        return "exit code 0 without last words; code of its own ended the process"
    return f"exit code {report.exit_code}" if report.exit_code else None
