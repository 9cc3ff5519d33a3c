"""Looks at every life: quickly for silence, thoroughly at the check interval; condemns those that may not go on.

Belongs to the control loop. It measures and asks, has the pure assessment judge, logs what changed, and notes its
verdict in the life, from where `decide` takes it. It stops nobody itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from loguru import logger

from common.clock import Clock
from common.wire.messages import Heartbeat, Probe
from supervisor.fleet.roster import Bot, Life, Roster
from supervisor.intake.router import Router
from supervisor.policies import with_limits_of
from supervisor.processes.usage import shares_of, usage_of
from supervisor.reconcile.actions import Abort, Action
from supervisor.reconcile.health import Checkup, Health, HealthPolicy, condemned, examined, looked_at, lost
from supervisor.reconcile.states import LifePhase, StopReason
from supervisor.record.pen import Record

_WEIGH_AGAIN_AT = 0.8
"""Part of the memory limit at which a thorough check is made before its time."""
_SHARES_ROUND, _SHARES_PAUSE = 300.0, 10.0
"""Seconds in which the long look at memory goes once through many lives; most that pass between two looks at few."""


class Watchdog:
    """The control loop's eye on its lives."""

    def __init__(
        self, roster: Roster, router: Router, record: Record, policy: HealthPolicy, check_interval: float, clock: Clock
    ) -> None:
        self._roster = roster
        self._router = router
        self._record = record
        self._policy = policy
        self._interval = check_interval
        self._period = min(policy.heartbeat_interval / 2, check_interval)
        self._next_shares = 0
        self._shares_due = 0.0
        self.due = clock.monotonic() + self._period
        """Monotonic time of the next round."""

    def round(self, now: float) -> bool:
        """Look at every life that trades; whether one was condemned."""
        self.due = now + self._period
        verdicts = [self._look(life, now) for life in self._roster.lives() if _trades(life)]
        if now >= self._shares_due:
            self._look_at_shares(now)
        return any(verdicts)

    def heard(self, life: Life, heartbeat: Heartbeat, now: float) -> None:
        """What a heartbeat tells of errors and answers."""
        if heartbeat.answered is not None:
            life.signs.answered(heartbeat.answered, now)

    def given_up(self, actions: Iterable[Action]) -> None:
        """`decide` has lives aborted for silence or a loop that stands still: the last of their checks has failed."""
        for action in actions:
            if not isinstance(action, Abort) or action.reason not in (StopReason.SILENT, StopReason.HUNG):
                continue
            bot = self._roster.bot(action.bot_id)
            if bot is not None and bot.life is not None and bot.life.worker.stop is None:
                life = bot.life
                self._note(bot, life, lost(life.signs.checkup, action.reason, self._policy_of(bot, life)))

    def _look(self, life: Life, now: float) -> bool:
        bot, signs, worker = self._roster.bot(life.bot_id), life.signs, life.worker
        if bot is None or bot.row is None:  # of an adopted life the config, and so its limits, is not known yet
            return False
        policy = self._policy_of(bot, life)
        if now >= signs.examine_at or self._too_heavy(life, policy, now):
            return self._examine(bot, life, policy, now)
        late = now - min(worker.last_heard_at, worker.last_progress_at) > policy.heartbeat_interval
        if late or signs.checkup.pulse.health is not Health.HEALTHY:
            vitals = signs.vitals(worker.last_heard_at, worker.last_progress_at, now)
            self._note(bot, life, looked_at(signs.checkup, vitals, policy))
        return False

    def _examine(self, bot: Bot, life: Life, policy: HealthPolicy, now: float) -> bool:
        signs, worker = life.signs, life.worker
        signs.examine_at = now + self._interval
        self._measure(life, now)
        vitals = signs.vitals(worker.last_heard_at, worker.last_progress_at, now)
        checkup = examined(signs.checkup, vitals, policy)
        verdict = condemned(checkup, vitals, policy)
        self._note(bot, life, checkup)
        self._ask(life, now)
        if verdict is None or worker.condemned is not None:
            return False
        life.worker = replace(worker, condemned=verdict)
        return True

    def _measure(self, life: Life, now: float) -> None:
        signs = life.signs
        usage = None if life.identity is None else usage_of(life.identity)
        if usage is not None:
            if signs.measured_at is None and not life.worker.adopted:
                signs.measured_at = life.worker.started_at
            signs.take(usage, now)
        if life.heartbeat is not None and life.heartbeat.errors is not None:
            if not signs.errors and not life.worker.adopted:
                signs.count_errors(0, life.worker.started_at)
            signs.count_errors(life.heartbeat.errors, now)

    def _too_heavy(self, life: Life, policy: HealthPolicy, now: float) -> bool:
        """Memory can be used up long before the next check: where it is limited it is looked at with each heartbeat."""
        signs, limit = life.signs, policy.memory_limit
        if limit is None or life.identity is None or now < signs.weigh_at:
            return False
        signs.weigh_at = now + policy.heartbeat_interval
        usage = usage_of(life.identity)
        if usage is None:
            return False
        signs.memory_bytes = usage.resident
        known = signs.checkup.condition.health is not Health.HEALTHY
        return usage.resident > limit or (usage.resident > limit * _WEIGH_AGAIN_AT and not known)

    def _ask(self, life: Life, now: float) -> None:
        """The trading loop is asked to answer, unless it owes an answer or does not know the question."""
        heartbeat = life.heartbeat
        if heartbeat is not None and heartbeat.answered is not None and life.signs.asked_at is None:
            self._router.send(life.incarnation, Probe(number=life.signs.asked(now)))

    def _look_at_shares(self, now: float) -> None:
        """The long look at memory is taken at one life at a time, in turn."""
        lives = self._roster.lives()
        if lives:
            new = any(life.signs.shares is None for life in lives if _trades(life))
            self._shares_due = now if new else now + min(_SHARES_PAUSE, _SHARES_ROUND / len(lives))
            self._next_shares = (self._next_shares + 1) % len(lives)
            life = lives[self._next_shares]
            if life.identity is not None and _trades(life):
                life.signs.shares = shares_of(life.identity)

    def _policy_of(self, bot: Bot, life: Life) -> HealthPolicy:
        if life.signs.policy is None:
            life.signs.policy = with_limits_of(self._policy, _config_of(bot, life))
        return life.signs.policy

    def _note(self, bot: Bot, life: Life, after: Checkup) -> None:
        """Keep it, and say what has changed."""
        before, life.signs.checkup = life.signs.checkup, after
        policy = self._policy_of(bot, life)
        log = logger.bind(bot_id=bot.bot_id, incarnation=life.incarnation)
        said = "; ".join(after.assessment.reasons)
        failures = (
            (before.missed, after.missed, policy.misses),
            (before.failed, after.failed, policy.failed_checks),
        )
        for earlier, count, limit in failures:
            if count > earlier:
                log.warning("Bot {} ({}): check failed, {} of {}: {}", bot.bot_id, bot.name, count, limit, said)
        if after.health is not before.health:
            level = "WARNING" if after.health > before.health else "INFO"
            sentence = f"is {after.health.word}, was {before.health.word}" + (f": {said}" if said else "")
            log.log(level, "Bot {} ({}) {}", bot.bot_id, bot.name, sentence)
        if after.condition.health > before.condition.health:
            self._record.ailing(bot, life, after.condition)


def _trades(life: Life) -> bool:
    worker = life.worker
    return worker.phase is LifePhase.RUNNING and worker.stop is None and not worker.settle


def _config_of(bot: Bot, life: Life) -> object:
    """The config the life runs; the row's present one where that is not known any more."""
    accepted = bot.accepted
    return accepted.config if accepted is not None and accepted.generation == life.worker.generation else bot.config
