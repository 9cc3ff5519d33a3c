"""One decision for the whole fleet: what should be, what is, what follows; carried out and put into the rows.

Belongs to the control loop. `decide` is pure; this is where its answer meets the world.
"""

from __future__ import annotations

from supervisor.ending import Ending
from supervisor.fleet.enrolment import Enrolment
from supervisor.fleet.roster import Bot, Roster
from supervisor.lives.deeds import Deeds
from supervisor.monitoring.failover import FailoverSwitch
from supervisor.monitoring.watchdog import Watchdog
from supervisor.news import News
from supervisor.reconcile.decide import decide, next_deadline
from supervisor.reconcile.states import DesiredBot, ObservedBot, Policy
from supervisor.record.pen import Record


class Reconciliation:
    """Asks `decide`, and has done what it says."""

    def __init__(
        self,
        policy: Policy,
        roster: Roster,
        enrolment: Enrolment,
        news: News,
        deeds: Deeds,
        record: Record,
        watchdog: Watchdog,
        failover: FailoverSwitch,
        ending: Ending,
    ) -> None:
        self._policy = policy
        self._roster = roster
        self._enrolment = enrolment
        self._news = news
        self._deeds = deeds
        self._record = record
        self._watchdog = watchdog
        self._failover = failover
        self._ending = ending
        self._deadline: float | None = None

    def due(self) -> float | None:
        """Monotonic time at which there is something to decide although nothing happened; None when there is not."""
        moments = [moment for moment in (self._deadline, self._ending.due) if moment is not None]
        return min(moments, default=None)

    def run(self, now: float) -> None:
        """Decide, carry out, and have the rows say what is the case."""
        stopping, hands_off = self._ending.stopping, self._hands_off
        desired, observed = self._picture()
        actions = decide(desired, observed, self._policy, now, stopping=stopping, hands_off=hands_off)
        self._watchdog.given_up(actions)
        self._deeds.carry_out(actions)
        if actions:
            desired, observed = self._picture()
        self._deadline = next_deadline(desired, observed, self._policy, now, stopping=stopping, hands_off=hands_off)
        if self._news.rows_known and not self._ending.leaving:
            self._publish(desired, now)
        self._ending.look_after(now)

    def forgive(self, now: float) -> None:
        """Forget the errors of those that have been healthy for long."""
        for bot in self._roster:
            worker = bot.life.worker if bot.life else None
            since = worker.running_since if worker else None
            if bot.error_count and since is not None and now - since >= self._policy.stable_after:
                self._record.rows.forgive(bot)

    @property
    def _hands_off(self) -> bool:
        return self._ending.leaving or not (self._news.rows_known or self._ending.stopping)

    def _picture(self) -> tuple[dict[int, DesiredBot], dict[int, ObservedBot]]:
        for bot in self._roster:
            bot.held = self._failover.active
        if self._news.rows_known:
            desired = {bot.bot_id: self._enrolment.desired(bot) for bot in self._roster}
        else:  # nobody said that a bot shall be off: a service that stops now keeps what they hold
            desired = {bot.bot_id: DesiredBot(bot_id=bot.bot_id, on=True) for bot in self._roster}
        observed = {bot.bot_id: bot.observed() for bot in self._roster}
        return desired, observed

    def _publish(self, desired: dict[int, DesiredBot], now: float) -> None:
        for bot in list(self._roster):
            if bot.row is None:
                self._forget_if_over(bot)
                continue
            if bot.error is not None and bot.wish is not None and bot.wish.on:
                self._record.config_error(bot)
            self._record.rows.publish(bot, desired[bot.bot_id], now, stopping=self._ending.stopping)

    def _forget_if_over(self, bot: Bot) -> None:
        if bot.life is None and not (self._policy.settle and bot.supervision.unsettled and bot.accepted):
            self._roster.remove(bot.bot_id)
