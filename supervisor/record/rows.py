"""What stands in the rows and beside them: the status, the last error, the heartbeat, the supervisor's memory of a bot.

Belongs to the control loop; every method only hands a command over and returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from loguru import logger

from common.clock import Clock
from supervisor.fleet.roster import Bot, Check, Roster
from supervisor.reconcile.desire import RowView, SupervisionView
from supervisor.reconcile.states import DesiredBot
from supervisor.reconcile.status import marks_of, needs_write, status_of
from supervisor.store.commands import Beat, WriteHeartbeats, WriteStatus, WriteSupervision, WriteWish
from supervisor.store.events import StatusWritten, WishWritten
from supervisor.store.recorder import Recorder


class Rows:
    """The pen for the rows. A status goes by compare-and-set, so that nobody else's word is written over."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock

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

    def written(self, bot: Bot, answer: StatusWritten) -> bool:
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

    def forgive(self, bot: Bot) -> None:
        """The bot has been healthy for long: its errors are forgotten."""
        bot.error_count = 0
        bot.history = replace(bot.history, failures=0)
        self._recorder.submit(
            WriteStatus(bot_id=bot.bot_id, expected=None, status=None, at=self._clock.now(), reset_errors=True)
        )
        self.remember(bot)

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

    def heartbeats(self, roster: Roster) -> None:
        """One batch of the newest heartbeats."""
        beats = [
            Beat(bot_id=life.bot_id, at=life.heartbeat_at, tick_at=life.heartbeat.last_bar_at)
            for life in roster.lives()
            if life.heartbeat is not None and life.heartbeat_at is not None
        ]
        if beats:
            self._recorder.submit(WriteHeartbeats(tuple(beats)))

    def error(self, bot: Bot, error: str, *, count: int) -> None:
        """Leave what went wrong in the row, and count it."""
        self._recorder.submit(
            WriteStatus(
                bot_id=bot.bot_id, expected=None, status=None, at=self._clock.now(), error=error, count_error=count
            )
        )


def _is_news(bot: Bot, status: str, marks: Mapping[str, Any]) -> bool:
    row = RowView(bot_id=bot.bot_id, status=bot.status, extra_metadata=bot.metadata)
    return needs_write(status, marks, row, SupervisionView(last_status=bot.supervision.last_status))
