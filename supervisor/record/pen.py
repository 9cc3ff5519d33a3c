"""What the control loop has the recorder write about bots and lives: each birth and end, and what is to be said of it.

Belongs to the control loop; every method only hands commands over and returns.
"""

from __future__ import annotations

import socket

from loguru import logger

from common.clock import Clock
from common.error_class import ErrorClass
from supervisor.fleet.roster import Bot, Life
from supervisor.reconcile.exits import FAULTS, ExitCause
from supervisor.reconcile.health import Assessment
from supervisor.reconcile.states import AILMENTS, Rung, StopReason
from supervisor.record.incidents import Incidents
from supervisor.record.recoveries import Recoveries
from supervisor.record.rows import Rows
from supervisor.store.commands import CloseIncarnation, OpenIncarnation, RunningIncarnation
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import SILENT, Meter

_INCIDENT_CAUSES = FAULTS | {
    ExitCause.KILLED,
    ExitCause.UNKNOWN,
    ExitCause.STUBBORN,
    ExitCause.UNBORN,
    ExitCause.HOPELESS,
}


class Record:
    """The pen of the control loop."""

    def __init__(self, recorder: Recorder, clock: Clock, meter: Meter = SILENT) -> None:
        self._recorder = recorder
        self._clock = clock
        self._meter = meter
        self._host = socket.gethostname()
        self.incidents = Incidents(recorder, clock, meter)
        self.recoveries = Recoveries(recorder, clock)
        self.rows = Rows(recorder, clock)

    def life_opened(self, bot: Bot, life: Life) -> None:
        """A life was asked for."""
        self._meter.life_opened(bot.bot_id)
        self._recorder.submit(
            OpenIncarnation(
                incarnation=life.incarnation,
                bot_id=bot.bot_id,
                generation=life.worker.generation,
                host=self._host,
                pid=life.identity.pid if life.identity else None,
                started_at=life.born_at,
            )
        )
        self.rows.remember(bot, observed_generation=life.worker.generation)

    def life_running(self, life: Life) -> None:
        """A life reported that it trades."""
        self._meter.life_running(life.bot_id, self._clock.monotonic())
        pid = life.identity.pid if life.identity else None
        self._recorder.submit(RunningIncarnation(incarnation=life.incarnation, running_at=self._clock.now(), pid=pid))

    def life_closed(
        self,
        bot: Bot | None,
        life: Life,
        cause: ExitCause,
        code: int | None,
        signal: int | None,
        detail: str | None,
        category: ErrorClass | None = None,
    ) -> None:
        """A life is proved gone."""
        self._meter.life_closed(life.bot_id, str(cause), self._clock.monotonic())
        self._recorder.submit(
            CloseIncarnation(
                incarnation=life.incarnation,
                ended_at=self._clock.now(),
                exit_code=code,
                exit_signal=signal,
                cause=str(cause),
                detail=detail,
            )
        )
        if (stop := life.worker.stop) is not None and stop.reason in AILMENTS:
            self.recoveries.has_ended(life.bot_id, in_order=stop.rung is Rung.DRAIN and signal is None)
        if cause in _INCIDENT_CAUSES:
            self._tell_end(bot, life, cause, detail, category)

    def failed(self, bot: Bot, why: str) -> None:
        """The end of a life counts as a failure of the bot."""
        if bot.row is not None:
            bot.error_count += 1
            self.rows.error(bot, why, count=1)

    def waits(self, bot: Bot, why: str) -> None:
        """A life did not come about, which is no failure of the bot: the row says what its next one waits for."""
        if bot.row is not None:
            self.rows.error(bot, f"it waits for its next try: {why}", count=0)

    def watchdog_stop(self, bot: Bot, life: Life, why: str) -> None:
        """A life is ended for its own fault; `life_closed` adds what it says at its end, its stacks above all."""
        life.replaced_for = why
        hung = life.worker.stop is not None and life.worker.stop.reason is StopReason.HUNG
        self.incidents.tell(
            "error",
            "watchdog",
            f"{bot.name}: life {life.incarnation} is replaced, for {why}",
            key=f"watchdog:{life.incarnation}",
            bot=bot,
            life=life,
            category=ErrorClass.STRATEGY if hung else ErrorClass.SYSTEM,
        )
        if life.worker.stop is not None and life.worker.stop.reason in AILMENTS:
            self.recoveries.asked_to_end(bot.bot_id, life.incarnation, why)

    def ailing(self, bot: Bot, life: Life, found: Assessment) -> None:
        """A thorough check found a life in a worse condition; told once for each life and class."""
        sentence = f"{bot.name}: life {life.incarnation} is {found.health.word}: {'; '.join(found.reasons)}"
        key = f"health:{life.incarnation}:{found.health.word}"
        details = {"reasons": list(found.reasons)}
        self.incidents.tell("warning", "health", sentence, key=key, bot=bot, life=life, details=details)

    def shortage(self, resource: str, sentence: str) -> None:
        """The host is short of something; told once an episode."""
        self.incidents.tell("warning", "resources", sentence, key=f"shortage:{resource}:{self._moment()}")

    def stacks_told(self, life: Life, text: str) -> None:
        """A worker was asked by a signal what its threads are doing."""
        sentence = f"Bot {life.bot_id}: the stacks of life {life.incarnation}"
        key = f"stacks:{life.incarnation}:{self._moment()}"
        self.incidents.tell("info", "stacks", sentence, key=key, life=life, details={"stacks": text})

    def quarantined(self, bot: Bot, reason: str) -> None:
        """A bot is parked; the one critical report of it."""
        remedy = f"change its config, or start it again by `botctl enable {bot.bot_id}`"
        sentence = f"{bot.name} is quarantined: {reason}; {remedy}"
        logger.bind(bot_id=bot.bot_id).critical("Bot {}: {}", bot.bot_id, sentence)
        key = f"quarantine:{bot.bot_id}:{bot.newest_incarnation}"
        category = self.recoveries.class_of(bot.bot_id)
        self.incidents.tell("critical", "quarantine", sentence, key=key, bot=bot, category=category)
        self.recoveries.given_up(bot.bot_id, bot.newest_incarnation, reason)
        self.rows.remember(bot)

    def refused(self, bot: Bot, reason: str) -> None:
        """A bot is beyond the limit."""
        logger.bind(bot_id=bot.bot_id).warning("Bot {} ({}) is not started: {}", bot.bot_id, bot.name, reason)
        sentence = f"{bot.name} is not started: {reason}; raise BOTVISOR_MAX_BOTS or stop another bot"
        self.incidents.tell("warning", "limit", sentence, key=f"refused:{bot.bot_id}:{self._moment()}", bot=bot)

    def config_error(self, bot: Bot) -> None:
        """The row's config cannot run; told once for each config."""
        if bot.error is None or bot.row is None or bot.reported_generation == bot.generation:
            return
        bot.reported_generation = bot.generation
        if bot.life is not None:
            self.rows.error(bot, bot.error, count=1)
        self.incidents.tell(
            "error",
            "configuration",
            f"{bot.name}: {bot.error}",
            key=f"config:{bot.bot_id}:{bot.generation}",
            bot=bot,
            life=bot.life,
            category=ErrorClass.CONFIGURATION,
        )
        self.recoveries.config_refused(bot.bot_id, bot.generation, bot.error)

    def database_away(self, reason: str) -> None:
        """The database cannot be reached or written; told once for each time."""
        began = self.recoveries.database_away(reason)
        if began is not None:
            sentence = f"the database is away: {reason}; bots go on, what happens is written when it is back"
            key = f"database:{began.isoformat()}"
            self.incidents.tell("error", "database", sentence, key=key, category=ErrorClass.DATABASE)

    def _tell_end(
        self, bot: Bot | None, life: Life, cause: ExitCause, detail: str | None, category: ErrorClass | None
    ) -> None:
        """The incident of an end; for a life that the watchdog replaced, its incident with the end and the stacks."""
        sentence = f"{bot.name if bot else f'Bot {life.bot_id}'}: life {life.incarnation} ended: {cause}"
        sentence += f" ({detail})" if detail else ""
        replaced = life.replaced_for is not None
        if replaced:
            severity, error_class, key = "error", "watchdog", f"watchdog:{life.incarnation}"
            sentence += f"; it was replaced, for {life.replaced_for}"
        else:
            severity, error_class, key = _severity_of(cause), "worker", f"exit:{life.incarnation}"
        self.incidents.tell(
            severity,
            error_class,
            sentence,
            key=key,
            bot=bot,
            life=life,
            output_file=life.output_file,
            completes=replaced,
            category=category,
        )

    def _moment(self) -> str:
        """Part of the key of what may be told again later."""
        return self._clock.now().isoformat()


def _severity_of(cause: ExitCause) -> str:
    return "warning" if cause in (ExitCause.KILLED, ExitCause.STUBBORN) else "error"
