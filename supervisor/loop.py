"""The control loop: observe, decide, act, record. The page to read first.

One thread owns the sockets, the processes and the timers. It waits in one place and never for the database,
a worker or a client. Everything that happened is taken in; then, if anything of weight changed or a deadline
came, `decide` is asked once for the whole fleet and its answer is carried out.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from loguru import logger

from common.clock import Clock
from supervisor.control import ControlSocket
from supervisor.deeds import Deeds
from supervisor.enrolment import Enrolment
from supervisor.failover import FailoverSwitch
from supervisor.host_watch import HostWatch
from supervisor.intake.poller import Poller
from supervisor.intake.router import Router
from supervisor.live_status import status_document, status_lines
from supervisor.news import News
from supervisor.observation import Observation
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.port import Launcher
from supervisor.reconcile.decide import decide, next_deadline
from supervisor.reconcile.failover import FailoverRule
from supervisor.reconcile.states import DesiredBot, ObservedBot, Policy
from supervisor.record import Record
from supervisor.roster import Bot, Roster
from supervisor.service_manager.report import ServiceReport, summary_of
from supervisor.settings import Settings
from supervisor.signals import SignalInbox
from supervisor.stacks import StackQuestions
from supervisor.store.commands import RefreshBots
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import SILENT, Meter
from supervisor.watchdog import Watchdog

_LONGEST_WAIT = 1.0
_RECORDER_FLUSH = 10.0
_SAME_REQUEST = 0.01
"""Seconds within which a second signal is the first one, sent to the process and to its group (as `timeout` does)."""


class Supervisor:
    """The parts of the control loop, and the order in which they take their turns."""

    def __init__(
        self,
        *,
        settings: Settings,
        policy: Policy,
        clock: Clock,
        roster: Roster,
        recorder: Recorder,
        router: Router,
        poller: Poller,
        launcher: Launcher,
        adopted: AdoptedLives,
        signals: SignalInbox,
        control: ControlSocket,
        enrolment: Enrolment,
        observation: Observation,
        deeds: Deeds,
        news: News,
        record: Record,
        stacks: StackQuestions,
        watchdog: Watchdog,
        host: HostWatch,
        report: ServiceReport,
        meter: Meter = SILENT,
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._clock = clock
        self._roster = roster
        self._recorder = recorder
        self._router = router
        self._poller = poller
        self._launcher = launcher
        self._adopted = adopted
        self._signals = signals
        self._control = control
        self._enrolment = enrolment
        self._observation = observation
        self._deeds = deeds
        self._news = news
        self._record = record
        self._stacks = stacks
        self._watchdog = watchdog
        self._host = host
        self._meter = meter
        self._failover = FailoverSwitch(failover_rule_of(settings), record, clock)
        self._report = report
        self._stop_since: float | None = None
        self._kill_now = False
        self._leaving = False
        self._flushing = False
        self._deadline: float | None = None
        self._process_descriptors = {*launcher.filenos(), *adopted.filenos()}
        self._descriptors = {recorder.fileno(), signals.fileno(), control.fileno(), *self._process_descriptors}
        self._beats_due = clock.monotonic() + settings.heartbeat_interval
        self._last_turn = clock.monotonic()

    def run(self) -> int:
        """Run until stopped; the exit code. Raises BotvisorError when the database refuses us for good."""
        self._register()
        with self._signals.listening():
            self._recorder.start()
            while not self._news.recorder_ended:
                self._turn(self._poller.wait(self._patience()))
        if self._news.refused is not None:
            raise self._news.refused
        logger.info("The supervisor {}", "leaves the workers running" if self._leaving else "has stopped")
        return 0

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request on the control socket."""
        match request:
            case {"do": "status"}:
                return self._status()
            case {"do": "stop"}:
                return self._stop_by_request(now=request.get("now") is True)
            case {"do": "stack", "bot": int(bot_id)}:
                return self._stacks.ask(bot_id)
            case {"do": "stacks", "bot": int(bot_id), "question": int(question)}:
                return self._stacks.answer(bot_id, question)
            case {"do": "failover", "on": bool(on)}:
                return self._failover.switch(on)
        raise ValueError(f"unknown request {request.get('do')!r}; known: status, stop, stack, stacks, failover")

    def _register(self) -> None:
        self._poller.register(self._router)
        for descriptor in self._descriptors:
            self._poller.register(descriptor)

    def _turn(self, ready: set[Any] | None = None) -> None:
        """Take in what is ready (None: look everywhere), then decide if there is reason to."""
        now = self._clock.monotonic()
        self._excuse_silence(now)
        if ready is None:
            ready = {self._router, *self._descriptors}
        changed = self._signals.fileno() in ready and self._take_signals()
        if self._recorder.fileno() in ready:
            changed |= self._news.take(self._recorder.events())
        if self._router in ready or self._router.more_waiting:
            for received in self._router.receive():
                changed |= self._observation.message(received)
        if self._processes_stir(ready, now):
            for event in (*self._launcher.events(), *self._adopted.events()):
                changed |= self._observation.process_event(event)
        changed |= self._observation.bury_speechless(now)
        self._serve_control(ready)
        if now >= self._host.due:
            self._host.look(now)
        if now >= self._watchdog.due and not self._router.more_waiting:
            changed |= self._watchdog.round(now)
        changed |= self._failover.turn(now)
        # Heartbeats that wait unread may say that a life is well whose deadline has come.
        timed = self._deadline is not None and now >= self._deadline and not self._router.more_waiting
        if changed or timed or now >= self._beats_due:
            self._reconcile(now)
        if now >= self._beats_due:
            self._observation.forget_departed(now)
            self._enrolment.examine_again(now)
            self._beats_due = now + self._settings.heartbeat_interval
            self._record.heartbeats(self._roster)
            self._forgive(now)
            if self._meter.listens:
                self._meter.fleet(self._status())
        self._meter.turned(
            now, database_up=self._news.database_up, started=self._news.rows_known, stopping=self._stopping
        )
        self._report.turn(now, self._summary)

    def _excuse_silence(self, now: float) -> None:
        """After a turn that came late (a stopped process, a paused machine) nobody could be heard: listen anew."""
        if now - self._last_turn > _LONGEST_WAIT + self._policy.heartbeat_interval:
            logger.warning("The control loop stood still for {:.1f} s; silence counts from now", now - self._last_turn)
            for life in self._roster.lives():
                life.worker = life.worker.heard(now, now)
        self._last_turn = now

    def _processes_stir(self, ready: set[Any], now: float) -> bool:
        """Whether births or deaths may be told; with each round of heartbeats the launcher cleans up after strays."""
        wake = self._launcher.wake_at()
        return bool(self._process_descriptors & ready) or now >= self._beats_due or (wake is not None and now >= wake)

    def _reconcile(self, now: float) -> None:
        desired, observed = self._picture()
        actions = decide(desired, observed, self._policy, now, stopping=self._stopping, hands_off=self._hands_off)
        self._watchdog.given_up(actions)
        self._deeds.carry_out(actions)
        if actions:
            desired, observed = self._picture()
        self._deadline = next_deadline(
            desired, observed, self._policy, now, stopping=self._stopping, hands_off=self._hands_off
        )
        if self._news.rows_known and not self._leaving:
            self._publish(desired, now)
        self._finish_stop(now)

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
            self._record.publish(bot, desired[bot.bot_id], now, stopping=self._stopping)

    def _forget_if_over(self, bot: Bot) -> None:
        if bot.life is None and not (self._policy.settle and bot.supervision.unsettled and bot.accepted):
            self._roster.remove(bot.bot_id)

    def _forgive(self, now: float) -> None:
        for bot in self._roster:
            worker = bot.life.worker if bot.life else None
            since = worker.running_since if worker else None
            if bot.error_count and since is not None and now - since >= self._policy.stable_after:
                self._record.forgive(bot)

    @property
    def _stopping(self) -> bool:
        return self._stop_since is not None

    @property
    def _hands_off(self) -> bool:
        return self._leaving or not (self._news.rows_known or self._stopping)

    def _patience(self) -> float:
        if self._router.more_waiting:
            return 0.0
        now = self._clock.monotonic()
        moments = [now + _LONGEST_WAIT, self._beats_due, self._watchdog.due, self._host.due]
        if self._deadline is not None:
            moments.append(self._deadline)
        for moment in (self._launcher.wake_at(), self._observation.next_burial(), self._report.wake_at()):
            if moment is not None:
                moments.append(moment)
        return max(0.0, min(moments) - now)

    def _take_signals(self) -> bool:
        taken = self._signals.take()
        for number in taken:
            self._act_on(number)
        return bool(taken)

    def _act_on(self, number: signal.Signals) -> None:
        match number.name:
            case "SIGTERM" | "SIGINT":
                self._ask_to_stop(number.name)
            case "SIGHUP":
                logger.info("SIGHUP: reading all rows again")
                self._recorder.submit(RefreshBots(whole=True))
            case "SIGUSR1":
                for line in status_lines(self._status()):
                    logger.info("{}", line)
            case "SIGUSR2":
                logger.info("SIGUSR2: leaving the workers to the next supervisor")
                self._leaving = True
                self._report.leaving()
                self._flush()

    def _ask_to_stop(self, name: str) -> None:
        if self._stop_since is None:
            logger.info("{}: stopping all bots", name)
            self._stop_since = self._clock.monotonic()
            self._report.stopping()
        elif self._clock.monotonic() - self._stop_since > _SAME_REQUEST:
            logger.warning("{} again: killing what is left", name)
            self._kill_now = True

    def _stop_by_request(self, *, now: bool) -> dict[str, Any]:
        """Asked on the control socket: asking again changes nothing, unless what is left shall be killed."""
        if self._stop_since is None:
            self._ask_to_stop("Request on the control socket")
        self._kill_now |= now
        self._deadline = self._clock.monotonic()  # decide in this very turn
        return {"pid": os.getpid(), "stopping": True, "lives": sum(1 for _ in self._roster.lives())}

    def _finish_stop(self, now: float) -> None:
        """While stopping: look after the time limit, and end once no life is left and every status is written."""
        if self._stop_since is None or self._flushing:
            return
        limit = self._stop_since + self._settings.stop_timeout
        if self._kill_now or now >= limit:
            self._deeds.stop_now()
        if self._roster.lives():
            self._deadline = min(self._deadline or limit, limit if now < limit else now + 0.5)
            return
        if self._news.database_up and any(bot.status_in_flight for bot in self._roster):
            return
        self._flush()

    def _flush(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._recorder.request_stop(_RECORDER_FLUSH)

    def _serve_control(self, ready: set[Any]) -> None:
        if self._control.fileno() in ready:
            for descriptor in self._control.accept():
                self._poller.register(descriptor)
                ready.add(descriptor)
        for descriptor in self._control.clients() & ready:
            if not self._control.serve(descriptor):
                self._poller.unregister(descriptor)

    def _summary(self) -> str:
        return summary_of(
            running=sum(1 for _ in self._roster.lives()),
            in_error=sum(1 for bot in self._roster if bot.status == "error"),
            known=self._news.rows_known,
            database=self._news.database_state,
            stopping=self._stopping,
        )

    def _status(self) -> dict[str, Any]:
        return status_document(
            self._roster,
            now=self._clock.monotonic(),
            wall=self._clock.now(),
            database=self._news.database_state,
            backlog=self._recorder.backlog(),
            host=self._host.document(),
            failover=self._failover.document(),
        )


def failover_rule_of(settings: Settings) -> FailoverRule:
    """The limits of failover mode that the settings ask for."""
    return FailoverRule(
        errors=settings.failover_errors, window=settings.failover_window, cooldown=settings.failover_cooldown
    )


def policy_of(settings: Settings) -> Policy:
    """The limits of supervision that the settings ask for."""
    return Policy(
        heartbeat_interval=settings.heartbeat_interval,
        misses=settings.heartbeat_misses,
        start_timeout=settings.start_timeout,
        drain_grace=settings.drain_grace,
        term_grace=settings.term_grace,
        abort_grace=settings.abort_grace,
        restart_limit=settings.restart_limit,
        stable_after=settings.stable_after,
        kill_limit=settings.kill_limit,
        kill_window=settings.kill_window,
        backoff_base=settings.restart_delay,
        backoff_cap=settings.restart_delay_max,
        max_bots=settings.max_bots,
    )
