"""How the parts of the control loop are put together, on whatever ground they are given.

Knows every class of the loop and opens nothing itself but the control socket's end. One method for each layer,
from memory up to the loop: a part knows those of the layers below it and its own.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from common.clock import Clock
from supervisor.control.live_status import LiveStatus
from supervisor.control.place import ControlListener
from supervisor.control.requests import Requests
from supervisor.control.socket import ControlSocket
from supervisor.ending import Ending
from supervisor.fleet.enrolment import Enrolment
from supervisor.fleet.exchange_access import ExchangeAccess
from supervisor.fleet.roster import Roster
from supervisor.fleet.ticketing import TicketOffice
from supervisor.host.state_folder import StateFolder
from supervisor.inlets import Inlets
from supervisor.intake.router import Router
from supervisor.lives.adoption import adopt_lives
from supervisor.lives.deeds import Deeds
from supervisor.lives.observation import Observation
from supervisor.lives.write_offs import WriteOffs
from supervisor.loop import Parts, Supervisor
from supervisor.monitoring.failover import FailoverSwitch
from supervisor.monitoring.host_watch import HostWatch
from supervisor.monitoring.stacks import StackQuestions
from supervisor.monitoring.watchdog import Watchdog
from supervisor.news import News
from supervisor.policies import failover_rule_of, health_policy_of, policy_of, pressure_policy_of
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.lives import LifeRecords
from supervisor.processes.port import Launcher
from supervisor.processes.usage import HostMeter
from supervisor.reconciliation import Reconciliation
from supervisor.record.pen import Record
from supervisor.service_manager.report import ServiceReport
from supervisor.settings import Settings
from supervisor.signals import SignalInbox
from supervisor.store.recorder import Recorder
from supervisor.telemetry.meter import SILENT, Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the control loop stands on: everything of it that touches the world outside."""

    settings: Settings
    clock: Clock
    folder: StateFolder
    signals: SignalInbox
    recorder: Recorder
    router: Router
    launcher: Launcher
    adopted: AdoptedLives
    records: LifeRecords
    office: TicketOffice
    access: ExchangeAccess
    host_meter: HostMeter
    control_place: ControlListener
    report: ServiceReport
    meter: Meter = SILENT


def put_together(ground: Ground, stack: ExitStack) -> Supervisor:
    """The supervisor, with the lives that an earlier one left taken over; `stack` lets go of what it holds."""
    wiring = Wiring(ground)
    stack.callback(wiring.control.close)
    adopt_lives(wiring.roster, ground.records, ground.router, ground.adopted, wiring.observation, ground.clock)
    return wiring.supervisor


class Wiring:
    """The parts, each made once."""

    def __init__(self, ground: Ground) -> None:
        self.policy = policy_of(ground.settings)
        self._remember(ground)
        self._look(ground)
        self._handle_lives(ground)
        self._decide(ground)
        self._answer(ground)
        self._turn(ground)

    def _remember(self, ground: Ground) -> None:
        """What is known of the bots, and the pen that writes it down."""
        self.roster = Roster()
        self.record = Record(ground.recorder, ground.clock, ground.meter)
        self.enrolment = Enrolment(ground.settings, self.roster, ground.launcher, ground.access)
        self.news = News(
            self.roster,
            self.enrolment,
            ground.router,
            self.record,
            ground.recorder,
            ground.folder,
            ground.office,
            ground.meter,
            ground.clock,
        )

    def _look(self, ground: Ground) -> None:
        """The rounds."""
        settings, roster, router, record, clock = ground.settings, self.roster, ground.router, self.record, ground.clock
        self.stacks = StackQuestions(roster, router, record)
        self.failover = FailoverSwitch(failover_rule_of(settings), record, clock)
        self.watchdog = Watchdog(
            roster, router, record, health_policy_of(settings), settings.health_check_interval, clock
        )
        self.host = HostWatch(
            roster,
            router,
            record,
            ground.host_meter,
            pressure_policy_of(settings),
            interval=min(settings.heartbeat_interval, settings.health_check_interval),
            pause=settings.throttle_pause,
            clock=clock,
        )

    def _handle_lives(self, ground: Ground) -> None:
        """Hands and ears."""
        self.deeds = Deeds(
            self.roster,
            ground.office,
            ground.launcher,
            ground.router,
            ground.records,
            self.record,
            ground.clock,
            self.news.next_incarnation,
        )
        self.observation = Observation(
            self.roster,
            self.enrolment,
            self.deeds,
            ground.router,
            ground.adopted,
            ground.records,
            self.record,
            ground.recorder,
            self.policy,
            ground.clock,
            ground.settings.lease,
            self.stacks,
            self.watchdog,
            self.host,
            ground.meter,
        )

    def _decide(self, ground: Ground) -> None:
        """What follows from what is known."""
        self.ending = Ending(
            self.roster,
            self.deeds,
            self.news,
            ground.recorder,
            ground.report,
            ground.clock,
            stop_timeout=ground.settings.stop_timeout,
        )
        self.reconciliation = Reconciliation(
            self.policy,
            self.roster,
            self.enrolment,
            self.news,
            self.deeds,
            self.record,
            self.watchdog,
            self.failover,
            self.ending,
        )

    def _answer(self, ground: Ground) -> None:
        """The operator's way in."""
        self.status = LiveStatus(
            self.roster, self.news, ground.recorder, self.host, self.failover, self.ending, ground.clock
        )
        self.requests = Requests(
            self.roster,
            ground.recorder,
            self.ending,
            self.status,
            self.stacks,
            self.failover,
            WriteOffs(self.roster, ground.router),
        )
        self.control = ControlSocket(ground.control_place, self.requests.answer)

    def _turn(self, ground: Ground) -> None:
        """The loop itself."""
        inlets = Inlets(
            signals=ground.signals,
            recorder=ground.recorder,
            router=ground.router,
            launcher=ground.launcher,
            adopted=ground.adopted,
            control=self.control,
            news=self.news,
            observation=self.observation,
            requests=self.requests,
        )
        parts = Parts(
            clock=ground.clock,
            roster=self.roster,
            recorder=ground.recorder,
            signals=ground.signals,
            inlets=inlets,
            news=self.news,
            enrolment=self.enrolment,
            observation=self.observation,
            host=self.host,
            watchdog=self.watchdog,
            failover=self.failover,
            reconciliation=self.reconciliation,
            ending=self.ending,
            record=self.record,
            status=self.status,
            report=ground.report,
            meter=ground.meter,
        )
        self.supervisor = Supervisor(parts, ground.settings.heartbeat_interval)
