"""What the control loop has the recorder write: statuses, lives, incidents, heartbeats, its memory of each bot.

Belongs to the control loop; every method only hands a command over and returns.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from loguru import logger

from common.clock import Clock
from common.error_class import ErrorClass
from supervisor.reconcile.desire import RowView, SupervisionView
from supervisor.reconcile.exits import FAULTS, ExitCause
from supervisor.reconcile.health import Assessment
from supervisor.reconcile.states import DesiredBot, StopReason
from supervisor.reconcile.status import marks_of, needs_write, status_of
from supervisor.recovery import Recoveries
from supervisor.roster import Bot, Check, Life, Roster
from supervisor.store.commands import (
    Beat,
    CloseIncarnation,
    OpenIncarnation,
    RecordIncident,
    RunningIncarnation,
    WriteHeartbeats,
    WriteStatus,
    WriteSupervision,
    WriteWish,
)
from supervisor.store.events import StatusWritten, WishWritten
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import SILENT, Meter

_INCIDENT_CAUSES = FAULTS | {
    ExitCause.KILLED,
    ExitCause.UNKNOWN,
    ExitCause.STUBBORN,
    ExitCause.UNBORN,
    ExitCause.HOPELESS,
}


ERRORS = frozenset({"error", "critical"})
"""Severities that count as errors."""


class Record:
    """The pen of the control loop."""

    def __init__(self, recorder: Recorder, clock: Clock, meter: Meter = SILENT) -> None:
        self._recorder = recorder
        self._clock = clock
        self._meter = meter
        self._host = socket.gethostname()
        self.recoveries = Recoveries(recorder, clock)
        self.on_error: Callable[[], None] = lambda: None
        """Called for each error of any bot or of the service."""

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
        self.remember(bot, observed_generation=life.worker.generation)

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
        if cause in _INCIDENT_CAUSES:
            severity = "warning" if cause in (ExitCause.KILLED, ExitCause.STUBBORN) else "error"
            name = bot.name if bot else f"Bot {life.bot_id}"
            sentence = f"life {life.incarnation} ended: {cause}" + (f" ({detail})" if detail else "")
            if life.replaced_for is not None:
                self._complete(bot, life, f"{name}: {sentence}; it was replaced, for {life.replaced_for}", category)
                return
            self._incident(
                bot,
                life,
                severity,
                "worker",
                f"{name}: {sentence}",
                key=f"exit:{life.incarnation}",
                output_file=life.output_file,
                category=category,
            )

    def failed(self, bot: Bot, why: str) -> None:
        """The end of a life counts as a failure of the bot."""
        if bot.row is not None:
            bot.error_count += 1
            self._write_error(bot, why, count=1)

    def watchdog_stop(self, bot: Bot, life: Life, why: str) -> None:
        """A life is ended for its own fault; `life_closed` adds what it says at its end, its stacks above all."""
        life.replaced_for = why
        sentence = f"{bot.name}: life {life.incarnation} is replaced, for {why}"
        hung = life.worker.stop is not None and life.worker.stop.reason is StopReason.HUNG
        category = ErrorClass.STRATEGY if hung else ErrorClass.SYSTEM
        self._incident(bot, life, "error", "watchdog", sentence, key=f"watchdog:{life.incarnation}", category=category)

    def ailing(self, bot: Bot, life: Life, found: Assessment) -> None:
        """A thorough check found a life in a worse condition; told once for each life and class."""
        sentence = f"{bot.name}: life {life.incarnation} is {found.health.word}: {'; '.join(found.reasons)}"
        key = f"health:{life.incarnation}:{found.health.word}"
        self._incident(bot, life, "warning", "health", sentence, key=key, details={"reasons": list(found.reasons)})

    def shortage(self, resource: str, sentence: str) -> None:
        """The host is short of something; told once an episode."""
        self.incident("warning", "resources", sentence, key=f"shortage:{resource}:{self._clock.now().isoformat()}")

    def stacks_told(self, life: Life, text: str) -> None:
        """A worker was asked by a signal what its threads are doing."""
        bot_name = f"Bot {life.bot_id}"
        key = f"stacks:{life.incarnation}:{self._clock.now().isoformat()}"
        self._incident(
            None,
            life,
            "info",
            "stacks",
            f"{bot_name}: the stacks of life {life.incarnation}",
            key=key,
            details={"stacks": text},
        )

    def ask_pause(self, bot: Bot, paused: bool) -> None:
        """A signal to its worker asked to pause or resume the bot: the row shall say so."""
        word = "paused" if paused else "running"
        logger.bind(bot_id=bot.bot_id).info(
            "Bot {} ({}): a signal asked it to {}", bot.bot_id, bot.name, "pause" if paused else "resume"
        )
        self._wish(bot, bot.status, word)

    def pause_written(self, bot: Bot, answer: WishWritten) -> None:
        """The answer to `ask_pause`: the row says so now, or somebody else's word stands there."""
        if answer.done:
            bot.status, bot.asked_pause = answer.status, None
        elif answer.found is not None and answer.found == bot.supervision.last_status:
            self._wish(bot, answer.found, answer.status)  # only we ourselves wrote in between
        else:
            bot.asked_pause = None

    def _wish(self, bot: Bot, expected: str, status: str) -> None:
        self._recorder.submit(WriteWish(bot_id=bot.bot_id, expected=expected, status=status, at=self._clock.now()))

    def quarantined(self, bot: Bot, reason: str) -> None:
        """A bot is parked; the one critical report of it."""
        remedy = f"change its config, or start it again by `botctl enable {bot.bot_id}`"
        sentence = f"{bot.name} is quarantined: {reason}; {remedy}"
        logger.bind(bot_id=bot.bot_id).critical("Bot {}: {}", bot.bot_id, sentence)
        self._incident(
            bot,
            None,
            "critical",
            "quarantine",
            sentence,
            key=f"quarantine:{bot.bot_id}:{bot.newest_incarnation}",
            category=self.recoveries.class_of(bot.bot_id),
        )
        self.recoveries.given_up(bot.bot_id, bot.newest_incarnation, reason)
        self.remember(bot)

    def refused(self, bot: Bot, reason: str) -> None:
        """A bot is beyond the limit."""
        logger.bind(bot_id=bot.bot_id).warning("Bot {} ({}) is not started: {}", bot.bot_id, bot.name, reason)
        sentence = f"{bot.name} is not started: {reason}; raise BOTVISOR_MAX_BOTS or stop another bot"
        self._incident(
            bot, None, "warning", "limit", sentence, key=f"refused:{bot.bot_id}:{self._clock.now().isoformat()}"
        )

    def config_error(self, bot: Bot) -> None:
        """The row's config cannot run; told once for each config."""
        if bot.error is None or bot.row is None or bot.reported_generation == bot.generation:
            return
        bot.reported_generation = bot.generation
        if bot.life is not None:
            self._write_error(bot, bot.error, count=1)
        key = f"config:{bot.bot_id}:{bot.generation}"
        sentence = f"{bot.name}: {bot.error}"
        self._incident(bot, bot.life, "error", "configuration", sentence, key=key, category=ErrorClass.CONFIGURATION)
        self.recoveries.config_refused(bot.bot_id, bot.generation, bot.error)

    def remember(self, bot: Bot, observed_generation: str | None = None) -> None:
        """Write the supervisor's memory of the bot when it changed."""
        if bot.row is None:
            return
        memory = replace(
            bot.supervision,
            generation=bot.generation,
            observed_generation=observed_generation or bot.supervision.observed_generation,
            failures=bot.history.failures,
        )
        if memory != bot.written_supervision:
            bot.supervision = bot.written_supervision = memory
            self._recorder.submit(WriteSupervision(memory))

    def publish(self, bot: Bot, desired: DesiredBot, now: float, *, stopping: bool) -> None:
        """Have the row's status say what is the case, if it does not yet."""
        wish = bot.wish
        if wish is None or bot.row is None or bot.status_in_flight:
            return
        undecided = bot.check in (Check.UNKNOWN, Check.PENDING) and bot.life is None
        if undecided and wish.on:
            if not stopping:
                return
            desired = replace(desired, generation=bot.generation)  # nothing is known against its config
        status = status_of(wish, desired, bot.observed(), now, stopping=stopping)
        if status is None:
            return
        marks = marks_of(status, wish, desired, bot.observed())
        if not _is_news(bot, status, marks):
            return
        reasons = (bot.refusal, bot.error, bot.supervision.quarantine_reason)
        error = next((reason for reason in reasons if reason), None) if status == "error" else None
        bot.status_in_flight, bot.marks_in_flight, bot.generation_in_flight = True, marks, bot.generation
        self._recorder.submit(
            WriteStatus(
                bot_id=bot.bot_id,
                expected=bot.status,
                status=status,
                generation=bot.generation,
                at=self._clock.now(),
                started_at=bot.life.born_at if bot.life and status == "running" else None,
                error=error,
                count_error=int(bot.check is Check.FAILED),
                metadata_set={key: value for key, value in marks.items() if value is not None},
                metadata_remove=tuple(key for key, value in marks.items() if value is None),
            )
        )

    def status_written(self, bot: Bot, answer: StatusWritten) -> bool:
        """The answer to `publish`; False when somebody else changed the row meanwhile."""
        marks, bot.marks_in_flight = bot.marks_in_flight, {}
        bot.status_in_flight = False
        if not answer.done or answer.status is None:
            return answer.done
        bot.status = answer.status
        merged = bot.metadata | marks
        bot.metadata = {key: value for key, value in merged.items() if key not in marks or value is not None}
        written, generation = bot.written_supervision or bot.supervision, bot.generation_in_flight
        bot.supervision = replace(bot.supervision, last_status=answer.status, observed_generation=generation)
        bot.written_supervision = replace(written, last_status=answer.status, observed_generation=generation)
        return True

    def forgive(self, bot: Bot) -> None:
        """The bot has been healthy for long: its errors are forgotten."""
        bot.error_count = 0
        bot.history = replace(bot.history, failures=0)
        self._recorder.submit(
            WriteStatus(bot_id=bot.bot_id, expected=None, status=None, at=self._clock.now(), reset_errors=True)
        )
        self.remember(bot)

    def heartbeats(self, roster: Roster) -> None:
        """One batch of the newest heartbeats."""
        beats = [
            Beat(bot_id=life.bot_id, at=life.heartbeat_at, tick_at=life.heartbeat.last_bar_at)
            for life in roster.lives()
            if life.heartbeat is not None and life.heartbeat_at is not None
        ]
        if beats:
            self._recorder.submit(WriteHeartbeats(tuple(beats)))

    def incident(
        self, severity: str, error_class: str, message: str, key: str, category: ErrorClass | None = None
    ) -> None:
        """Something about the service itself."""
        self._incident(None, None, severity, error_class, message, key=key, category=category)

    def database_away(self, reason: str) -> None:
        """The database cannot be reached or written; told once for each time."""
        began = self.recoveries.database_away(reason)
        if began is not None:
            sentence = f"the database is away: {reason}; bots go on, what happens is written when it is back"
            key = f"database:{began.isoformat()}"
            self.incident("error", "database", sentence, key, ErrorClass.DATABASE)

    def _complete(self, bot: Bot | None, life: Life, sentence: str, category: ErrorClass | None) -> None:
        """The watchdog's incident of this life, now with its end and with the stacks that it left."""
        key = f"watchdog:{life.incarnation}"
        self._incident(
            bot,
            life,
            "error",
            "watchdog",
            sentence,
            key=key,
            output_file=life.output_file,
            completes=True,
            category=category,
        )

    def _write_error(self, bot: Bot, error: str, *, count: int) -> None:
        self._recorder.submit(
            WriteStatus(
                bot_id=bot.bot_id, expected=None, status=None, at=self._clock.now(), error=error, count_error=count
            )
        )

    def _incident(
        self,
        bot: Bot | None,
        life: Life | None,
        severity: str,
        error_class: str,
        message: str,
        *,
        key: str,
        output_file: Path | None = None,
        details: Mapping[str, Any] | None = None,
        completes: bool = False,
        category: ErrorClass | None = None,
    ) -> None:
        self._meter.incident(severity, error_class)
        if severity in ERRORS:
            self.on_error()
        self._recorder.submit(
            RecordIncident(
                key=key,
                bot_id=bot.bot_id if bot else (life.bot_id if life else None),
                incarnation=life.incarnation if life else None,
                severity=severity,  # type: ignore[arg-type]
                error_class=error_class,
                message=message,
                at=self._clock.now(),
                output_file=output_file,
                category=category,
                details=details or {},
                completes=completes,
            )
        )


def _is_news(bot: Bot, status: str, marks: Mapping[str, Any]) -> bool:
    row = RowView(bot_id=bot.bot_id, status=bot.status, extra_metadata=bot.metadata)
    return needs_write(status, marks, row, SupervisionView(last_status=bot.supervision.last_status))
