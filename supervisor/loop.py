"""The control loop: observe, decide, act, record. The page to read first.

One thread owns the sockets, the processes and the timers. It waits in one place and never for the database,
a worker or a client. Everything that happened is taken in; then, if anything of weight changed or a deadline
came, `decide` is asked once for the whole fleet and its answer is carried out.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from loguru import logger

from common.clock import Clock
from supervisor.control.live_status import LiveStatus
from supervisor.ending import Ending
from supervisor.fleet.enrolment import Enrolment
from supervisor.fleet.roster import Roster
from supervisor.inlets import Inlets
from supervisor.lives.observation import Observation
from supervisor.monitoring.failover import FailoverSwitch
from supervisor.monitoring.host_watch import HostWatch
from supervisor.monitoring.watchdog import Watchdog
from supervisor.news import News
from supervisor.reconciliation import Reconciliation
from supervisor.record.pen import Record
from supervisor.service_manager.report import ServiceReport
from supervisor.signals import SignalInbox
from supervisor.store.claims import ClaimLost
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import Meter

_LONGEST_WAIT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What takes its turn in the control loop; `supervisor.wiring` puts it together."""

    clock: Clock
    roster: Roster
    recorder: Recorder
    signals: SignalInbox
    inlets: Inlets
    news: News
    enrolment: Enrolment
    observation: Observation
    host: HostWatch
    watchdog: Watchdog
    failover: FailoverSwitch
    reconciliation: Reconciliation
    ending: Ending
    record: Record
    status: LiveStatus
    report: ServiceReport
    meter: Meter


class Supervisor:
    """The order in which the parts of the control loop take their turns."""

    def __init__(self, parts: Parts, heartbeat_interval: float) -> None:
        """Every `heartbeat_interval` seconds the newest heartbeats are written and the slow checks made."""
        self._parts = parts
        self._interval = heartbeat_interval
        self._beats_due = parts.clock.monotonic() + heartbeat_interval
        self._last_turn = parts.clock.monotonic()

    def run(self) -> int:
        """Run until stopped; the exit code. Raises BotvisorError when the database refuses us for good."""
        parts = self._parts
        with parts.signals.listening():
            parts.recorder.start()
            while not parts.news.recorder_ended:
                self.turn(parts.inlets.wait(self._patience()))
            if isinstance(parts.news.refused, ClaimLost):
                self._withdraw()
        if parts.news.refused is not None:
            raise parts.news.refused
        logger.info("The supervisor {}", "leaves the workers running" if parts.ending.leaving else "has stopped")
        return 0

    def _withdraw(self) -> None:
        """Another supervisor has the database: none of our lives may trade on beside those that it started."""
        self._parts.ending.withdraw()
        self.turn()
        while self._parts.roster.lives():
            self.turn(self._parts.inlets.wait(self._patience()))

    def turn(self, ready: AbstractSet[Any] | None = None) -> None:
        """Take in what is ready (None: look everywhere), then decide if there is reason to."""
        parts = self._parts
        now = parts.clock.monotonic()
        self._excuse_silence(now)
        beats_due = now >= self._beats_due
        changed = parts.inlets.take(parts.inlets.everything() if ready is None else ready, now, processes=beats_due)
        changed |= self._look_round(now)
        if changed or beats_due or self._time_has_come(now):
            parts.reconciliation.run(now)
        if beats_due:
            self._beat(now)
        parts.meter.turned(
            now,
            database_up=parts.news.database_up,
            started=parts.news.rows_known,
            stopping=parts.ending.stopping,
        )
        parts.report.turn(now, parts.status.summary)

    def _excuse_silence(self, now: float) -> None:
        """After a turn that came late (a stopped process, a paused machine) nobody could be heard: listen anew."""
        if now - self._last_turn > _LONGEST_WAIT + self._interval:
            logger.warning("The control loop stood still for {:.1f} s; silence counts from now", now - self._last_turn)
            for life in self._parts.roster.lives():
                life.worker = life.worker.heard(now, now)
        self._last_turn = now

    def _look_round(self, now: float) -> bool:
        """The rounds whose time has come; True when something of weight was found."""
        parts = self._parts
        changed = False
        if now >= parts.host.due:
            parts.host.look(now)
        if now >= parts.watchdog.due and not parts.inlets.more_waiting:
            changed = parts.watchdog.round(now)
        return parts.failover.turn(now) or changed

    def _time_has_come(self, now: float) -> bool:
        """Whether a deadline has; heartbeats that wait unread may say that a life is well whose deadline that is."""
        due = self._parts.reconciliation.due()
        return due is not None and now >= due and not self._parts.inlets.more_waiting

    def _beat(self, now: float) -> None:
        """What is done once per heartbeat interval."""
        parts = self._parts
        self._beats_due = now + self._interval
        parts.observation.forget_departed(now)
        parts.enrolment.examine_again(now)
        parts.record.rows.heartbeats(parts.roster)
        parts.reconciliation.forgive(now)
        if parts.meter.listens:
            parts.meter.fleet(parts.status.document())

    def _patience(self) -> float:
        parts = self._parts
        if parts.inlets.more_waiting:
            return 0.0
        now = parts.clock.monotonic()
        moments = [now + _LONGEST_WAIT, self._beats_due, parts.watchdog.due, parts.host.due]
        for moment in (parts.reconciliation.due(), parts.inlets.wake_at(), parts.report.wake_at()):
            if moment is not None:
                moments.append(moment)
        return max(0.0, min(moments) - now)
