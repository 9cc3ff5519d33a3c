"""From rows to wishes: reads each changed row, has its strategy checked, and keeps what the bot shall do up to date.

Belongs to the control loop. Reading a config is pure; the check of strategy and parameters runs in a
short-lived worker process, whose answer is kept for the generation it was given for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loguru import logger

from common import logs
from common.errors import ConfigurationError
from common.spec import Problem, generation_of, read_spec
from common.spec.credentials import blanked, named_credentials
from supervisor.fleet.exchange_access import ExchangeAccess
from supervisor.fleet.roster import Accepted, Bot, Check, Roster
from supervisor.fleet.ticketing import row_facts
from supervisor.processes.port import Checked, Launcher
from supervisor.reconcile.desire import LEFT_ALONE, RowView, SupervisionView, Wish, heed, wish_of
from supervisor.reconcile.restarts import lift
from supervisor.reconcile.states import DesiredBot
from supervisor.settings import Settings
from supervisor.store.bots import BotRow
from supervisor.store.secrets import Secrets
from supervisor.store.supervision import Supervision

_EXAMINE_AGAIN = 10.0
"""Seconds after which a config that could not be examined (its check was killed, say) is handed in again."""
_MARKS = ("stopped_by", "finished")
"""Keys of extra_metadata that keep a stopped bot off."""


class Enrolment:
    """Keeps `Bot.wish`, `Bot.accepted` and `Bot.error` true to the rows."""

    def __init__(self, settings: Settings, roster: Roster, launcher: Launcher, access: ExchangeAccess) -> None:
        self._settings = settings
        self._roster = roster
        self._launcher = launcher
        self._access = access
        self._unexamined: dict[int, tuple[str, float | None]] = {}
        self.crash_start = False
        """Set when the supervisor before this one did not stop cleanly."""

    def take(self, row: BotRow) -> Bot:
        """Take in a row that is new or was changed by somebody else."""
        bot = self._roster.bot(row.id)
        if bot is None:
            bot = Bot(
                bot_id=row.id,
                name=f"Bot {row.id}",
                row=None,
                supervision=row.supervision,
                status=row.status,
                metadata=dict(row.extra_metadata),
            )
            self._roster.add(bot)
        if bot.row is None:
            self._remember_past(bot, row)
        elif bot.life is None and bot.checkpoint is None:  # a person may have mended the trades we take over
            bot.checkpoint, bot.trades = row.recovery.checkpoint, row.recovery.trades
        bot.metadata = _marks_kept(bot, row) | dict(row.extra_metadata)
        bot.row, bot.created_at = row, row.created_at
        bot.status = row.status
        bot.error_count = row.error_count
        self._read(bot, row)
        self.renew_wish(bot)
        return bot

    def take_secrets(self, secrets: Secrets) -> None:
        """The stored credentials changed: bots that name a changed one get another generation."""
        self._access.take(secrets)
        for bot in self._roster:
            if bot.row is not None and named_credentials(bot.row.config) is not None:
                self._read(bot, bot.row)
                self.renew_wish(bot)

    def forget(self, bot_id: int) -> None:
        """The row is gone: the bot is stopped for good, and forgotten once nothing of it is left."""
        bot = self._roster.bot(bot_id)
        if bot is not None:
            bot.row = None
            bot.wish = None

    def judge(self, answer: Checked) -> None:
        """The answer of a check."""
        bot_id, _, generation = answer.request_id.partition(":")
        bot = self._roster.bot(int(bot_id))
        if bot is None or bot.generation != generation or bot.row is None:
            return
        problems = [_problem(item) for item in answer.problems or ()]
        errors = [problem for problem in problems if problem.severity == "error"]
        for problem in problems:
            if problem.severity == "warning":
                logger.bind(bot_id=bot.bot_id).warning("Bot {}: {}", bot.bot_id, problem.message)
        if answer.failure is not None:
            self._fail(bot, [f"its strategy could not be examined: {answer.failure}"])
            self._unexamined[bot.bot_id] = (generation, None)
        elif errors:
            self._fail(bot, [problem.message for problem in errors])
        else:
            bot.check, bot.error = Check.PASSED, None
            bot.accepted = self._accepted(bot, bot.row, generation)
        self.renew_wish(bot)

    def examine_again(self, now: float) -> None:
        """Hand in once more what could not be examined: that says nothing about the config."""
        for bot_id, (generation, due) in list(self._unexamined.items()):
            if due is None or now < due:
                self._unexamined[bot_id] = (generation, due or now + _EXAMINE_AGAIN)
                continue
            del self._unexamined[bot_id]
            bot = self._roster.bot(bot_id)
            if bot is not None and bot.generation == generation and bot.check is Check.FAILED:
                bot.check = Check.UNKNOWN
                self.renew_wish(bot)

    def renew_wish(self, bot: Bot) -> None:
        """Work out anew what the bot's row asks for."""
        row = bot.row
        if row is None:
            return
        if self._settings.user_id is not None and row.user_id != self._settings.user_id:
            bot.wish = LEFT_ALONE
            return
        bot.wish = wish_of(
            self._view(bot),
            _supervision_view(bot.supervision),
            crash_start=self.crash_start,
            resume=self._settings.resume,
        )
        self._note_warnings(bot)
        was_lifted = bot.heed.lifted
        bot.heed = heed(bot.wish, bot.heed, bot.newest_incarnation)
        if bot.heed.lifted and not was_lifted:
            self._lift(bot)
        if self._needs_check(bot, bot.wish):
            bot.check = Check.PENDING
            self._launcher.check(
                f"{bot.bot_id}:{bot.generation}", row_facts(bot), bot.config, self._settings.plugin_dirs
            )

    def _needs_check(self, bot: Bot, wish: Wish) -> bool:
        """Also a bot that is off may get a life, to apply its stop policy."""
        wanted = wish.on or (wish.apply_on_stop and bot.supervision.unsettled and bot.accepted is None)
        return wanted and bot.check is Check.UNKNOWN and bot.generation is not None

    def desired(self, bot: Bot) -> DesiredBot:
        """What `decide` is told of the bot."""
        wish = bot.wish
        accepted = bot.accepted
        generation = accepted.generation if accepted else None
        if wish is None:
            return DesiredBot(bot_id=bot.bot_id, on=False, generation=generation)
        if bot.check is not Check.PASSED and bot.life is None and wish.on:
            generation = None  # a life would be born with a config that the row has no more
        return DesiredBot(
            bot_id=bot.bot_id,
            on=wish.on,
            generation=generation,
            paused=bot.paused,
            restart_token=bot.heed.restart_token,
            priority=wish.priority,
            apply_on_stop=wish.apply_on_stop,
        )

    def _remember_past(self, bot: Bot, row: BotRow) -> None:
        """A row seen for the first time: take over what the database remembers; an adopted life may know more."""
        unsettled = row.supervision.unsettled or bot.supervision.unsettled
        bot.supervision = replace(row.supervision, unsettled=unsettled)
        bot.written_supervision = row.supervision
        if bot.checkpoint is None or bot.life is None:
            bot.checkpoint = row.recovery.checkpoint
        bot.trades = row.recovery.trades

    def _read(self, bot: Bot, row: BotRow) -> None:
        facts = row_facts(bot)
        generation = generation_of(row.config, facts, self._access.version_of(row.config))
        if generation == bot.generation and bot.check is not Check.UNKNOWN:
            return
        bot.generation, bot.check, bot.error = generation, Check.UNKNOWN, None
        logs.register_secrets_of(row.config)
        reading = read_spec(row.config, facts)
        bot.config_enabled = reading.enabled
        for problem in reading.warnings:
            logger.bind(bot_id=bot.bot_id).warning("Bot {}: {}", bot.bot_id, problem.message)
        if reading.spec is None:
            self._fail(bot, [problem.message for problem in reading.errors])
            return
        bot.config = blanked(reading.spec.raw)
        bot.name = reading.spec.name
        bot.exchange = None
        try:
            bot.exchange = self._access.ticket(reading.spec)
        except ConfigurationError as error:
            self._fail(bot, [str(error)])

    def _accepted(self, bot: Bot, row: BotRow, generation: str) -> Accepted:
        return Accepted(
            generation=generation,
            config=bot.config,
            name=bot.name,
            description=row.description,
            user_id=row.user_id,
            exchange=bot.exchange,
        )

    def _fail(self, bot: Bot, messages: list[str]) -> None:
        bot.check = Check.FAILED
        bot.error = messages[0] if messages else "the config is invalid"
        for message in messages:
            logger.bind(bot_id=bot.bot_id).error("Bot {} ({}): {}", bot.bot_id, bot.name, message)

    def _lift(self, bot: Bot) -> None:
        lifted = lift(bot.observed())
        bot.history = lifted.history
        bot.quarantine(None, None)
        if bot.check is Check.FAILED and bot.row is not None:
            bot.check = Check.UNKNOWN  # what was missing may be there now: a data file, a plugin
            self._read(bot, bot.row)

    def _view(self, bot: Bot) -> RowView:
        return RowView(
            bot_id=bot.bot_id,
            status=bot.status,
            config_enabled=bot.config_enabled,
            extra_metadata=bot.metadata,
            generation=bot.generation,
            valid=bot.check is not Check.FAILED,
            error=bot.error,
        )

    def _note_warnings(self, bot: Bot) -> None:
        assert bot.wish is not None
        for warning in bot.wish.warnings:
            if warning not in bot.warned:
                bot.warned.add(warning)
                logger.bind(bot_id=bot.bot_id).warning("{}", warning)


def _marks_kept(bot: Bot, row: BotRow) -> dict[str, Any]:
    """Why the bot is stopped, also when its row cannot hold it: only a status or a config starts a stopped bot."""
    if bot.row is None or not bot.status == row.status == "stopped":
        return {}
    return {key: bot.metadata[key] for key in _MARKS if key in bot.metadata}


def _supervision_view(supervision: Supervision) -> SupervisionView:
    return SupervisionView(
        last_status=supervision.last_status,
        quarantined_generation=supervision.quarantined_generation,
        observed_generation=supervision.observed_generation,
        unsettled=supervision.unsettled,
        stopped_by=supervision.stopped_by,
    )


def _problem(item: dict[str, str]) -> Problem:
    return Problem.model_validate(item)
