"""The composition root: the one file that knows every class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from loguru import logger

from common.clock import Clock, SystemClock
from supervisor.adoption import adopt_lives
from supervisor.control import ControlSocket
from supervisor.control_place import ControlListener, control_path, listen_tcp, listen_unix
from supervisor.deeds import Deeds
from supervisor.enrolment import Enrolment
from supervisor.exchange_access import ExchangeAccess
from supervisor.exchange_environment import ExchangeEnvironment
from supervisor.host_name import host_name
from supervisor.host_watch import HostWatch
from supervisor.intake.endpoint import ipc_endpoint, loopback_endpoint, remember_port
from supervisor.intake.keys import load_keys
from supervisor.intake.poller import Poller
from supervisor.intake.router import Router
from supervisor.intent import Intent, write_intent
from supervisor.loop import Supervisor, policy_of
from supervisor.news import BLOCK, News
from supervisor.observation import Observation
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.child import boot_id, create_time, is_alive
from supervisor.processes.forkserver import ForkServerLauncher
from supervisor.processes.interpreter import InterpreterLauncher
from supervisor.processes.lives import LifeRecords
from supervisor.processes.port import Launcher, ProcessIdentity
from supervisor.processes.usage import HostMeter
from supervisor.record import Record
from supervisor.roster import Roster
from supervisor.secret_keys import secret_keys
from supervisor.service_manager.report import ServiceReport
from supervisor.service_manager.systemd import manager_from
from supervisor.settings import Settings
from supervisor.signals import SignalInbox
from supervisor.stacks import StackQuestions
from supervisor.state_folder import StateFolder
from supervisor.store.claims import Claimant
from supervisor.store.recorder import Recorder, RecorderOptions
from supervisor.telemetry.endpoint import TelemetryEndpoint
from supervisor.telemetry.meter import SILENT, Meter
from supervisor.telemetry.prometheus import PrometheusMeter
from supervisor.thresholds import health_policy_of, pressure_policy_of
from supervisor.ticketing import TicketOffice
from supervisor.watchdog import Watchdog


@contextmanager
def assemble(settings: Settings, signals: SignalInbox) -> Iterator[Supervisor]:
    """A supervisor ready to run; on the way out everything it holds is let go. Raises BotvisorError."""
    clock = SystemClock()
    environment = ExchangeEnvironment.of(os.environ)
    with ExitStack() as stack:
        folder = stack.enter_context(StateFolder(settings.state_dir, settings.runtime_dir, settings.logs_dir))
        _note(settings, Intent.STARTING)
        logger.info("State folder {}, run folder {}", settings.state_dir, settings.runtime_dir)
        router = Router(clock)
        stack.callback(router.close)
        meter = _meter(settings, clock, stack)
        recorder = Recorder(_recorder_options(settings, folder, meter))
        launcher = _launcher(settings)
        stack.callback(launcher.close)
        yield _wire(settings, clock, stack, folder, router, recorder, launcher, signals, meter, environment)


def _wire(
    settings: Settings,
    clock: Clock,
    stack: ExitStack,
    folder: StateFolder,
    router: Router,
    recorder: Recorder,
    launcher: Launcher,
    signals: SignalInbox,
    meter: Meter,
    environment: ExchangeEnvironment,
) -> Supervisor:
    policy = policy_of(settings)
    roster = Roster()
    record = Record(recorder, clock, meter)
    records = LifeRecords(settings.state_dir / "lives")
    adopted = AdoptedLives()
    stack.callback(adopted.close)
    endpoint, server_key = _open(router, settings)
    office = TicketOffice(settings, folder, "", endpoint, server_key)
    access = ExchangeAccess(environment, folder.rate_folder())
    enrolment = Enrolment(settings, roster, launcher, access)
    news = News(roster, enrolment, router, record, recorder, folder, office, meter, clock)
    deeds = Deeds(roster, office, launcher, router, records, record, clock, news.next_incarnation)
    stacks = StackQuestions(roster, router, record)
    watchdog = Watchdog(roster, router, record, health_policy_of(settings), settings.health_check_interval, clock)
    host = HostWatch(
        roster,
        router,
        record,
        HostMeter(settings.state_dir),
        pressure_policy_of(settings),
        interval=min(settings.heartbeat_interval, settings.health_check_interval),
        pause=settings.throttle_pause,
        clock=clock,
    )
    observation = Observation(
        roster,
        enrolment,
        deeds,
        router,
        adopted,
        records,
        record,
        recorder,
        policy,
        clock,
        settings.lease,
        stacks,
        watchdog,
        host,
        meter,
    )
    answering: list[Supervisor] = []
    control = ControlSocket(_control_place(settings), lambda request: answering[0].answer(request))
    stack.callback(control.close)
    report = ServiceReport(*manager_from(os.environ), stop_timeout=settings.stop_timeout, note=partial(_note, settings))
    stack.callback(report.close)
    supervisor = Supervisor(
        settings=settings,
        policy=policy,
        clock=clock,
        roster=roster,
        recorder=recorder,
        router=router,
        poller=Poller(),
        launcher=launcher,
        adopted=adopted,
        signals=signals,
        control=control,
        enrolment=enrolment,
        observation=observation,
        deeds=deeds,
        news=news,
        record=record,
        stacks=stacks,
        watchdog=watchdog,
        host=host,
        meter=meter,
        report=report,
    )
    answering.append(supervisor)
    adopt_lives(roster, records, router, adopted, observation, clock)
    return supervisor


def _note(settings: Settings, intent: Intent) -> None:
    try:
        write_intent(settings.state_dir, intent)
    except OSError as error:  # a full disk must not keep the service from stopping
        logger.warning("It cannot be written down that the service is {}: {}", intent, error.strerror)


def _open(router: Router, settings: Settings) -> tuple[str, str | None]:
    """Bind the workers' socket; returns its endpoint and, for TCP, our public key."""
    if settings.transport == "ipc":
        return router.bind(ipc_endpoint(settings.runtime_dir)), None
    keys = load_keys(settings.state_dir)
    endpoint = router.bind(loopback_endpoint(settings.state_dir), keys)
    remember_port(settings.state_dir, endpoint)
    return endpoint, keys.public


def _control_place(settings: Settings) -> ControlListener:
    if settings.control == "tcp":
        return listen_tcp(settings.runtime_dir)
    return listen_unix(control_path(settings.runtime_dir))


def _launcher(settings: Settings) -> Launcher:
    return ForkServerLauncher() if settings.launcher == "forkserver" else InterpreterLauncher()


def _meter(settings: Settings, clock: Clock, stack: ExitStack) -> Meter:
    """A service whose metrics cannot be read runs all the same."""
    if not settings.metrics_address:
        return SILENT
    host, _, port = settings.metrics_address.rpartition(":")
    meter = PrometheusMeter()
    try:
        endpoint = TelemetryEndpoint(host.strip("[]"), int(port), meter, clock)
    except OSError as error:
        logger.error(
            "BOTVISOR_METRICS_ADDRESS={}: nothing can listen there ({}); the service runs without metrics",
            settings.metrics_address,
            error.strerror or error,
        )
        return SILENT
    stack.callback(endpoint.close)
    return meter


def _recorder_options(settings: Settings, folder: StateFolder, meter: Meter) -> RecorderOptions:
    own = os.getpid()
    return RecorderOptions(
        url=settings.database_url,
        upgrade=settings.auto_migrate,
        claimant=Claimant(
            host=host_name(),
            boot_id=boot_id(),
            pid=own,
            pid_created=create_time(own) or 0.0,
            state_dir=str(settings.state_dir),
        ),
        is_alive=lambda pid, created: is_alive(ProcessIdentity(pid, created)),
        expected_uuid=folder.remembered_database(),
        incarnation_block=BLOCK,
        poll_interval=settings.poll_interval,
        keys=partial(secret_keys, settings),
        meter=meter if meter.listens else None,
    )
