"""The composition root: opens what touches the world outside, and has the control loop put together on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from loguru import logger

from common.clock import Clock, SystemClock
from supervisor.control.place import ControlListener, control_path, listen_tcp, listen_unix
from supervisor.fleet.exchange_access import ExchangeAccess
from supervisor.fleet.ticketing import TicketOffice
from supervisor.host.exchange_environment import ExchangeEnvironment
from supervisor.host.intent import Intent, write_intent
from supervisor.host.name import host_name
from supervisor.host.secret_keys import secret_keys
from supervisor.host.state_folder import StateFolder
from supervisor.intake.endpoint import socket_path
from supervisor.intake.router import Router
from supervisor.loop import Supervisor
from supervisor.news import BLOCK
from supervisor.notify.postman import Postman
from supervisor.notify.sender import AppriseSender
from supervisor.notify.terms import service_of, terms_of
from supervisor.notify.wish_book import WishBook
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.child import boot_id, create_time, is_alive
from supervisor.processes.control_groups import ControlGroups, find_control_groups
from supervisor.processes.forkserver import ForkServerLauncher
from supervisor.processes.interpreter import InterpreterLauncher
from supervisor.processes.lives import LifeRecords
from supervisor.processes.port import Launcher, ProcessIdentity
from supervisor.processes.usage import HostMeter
from supervisor.service_manager.report import ServiceReport
from supervisor.service_manager.systemd import manager_from
from supervisor.settings import Settings
from supervisor.signals import SignalInbox
from supervisor.store.claims import Claimant
from supervisor.store.recorder import Recorder, RecorderOptions
from supervisor.telemetry.endpoint import TelemetryEndpoint
from supervisor.telemetry.meter import SILENT, Meter
from supervisor.telemetry.prometheus import PrometheusMeter
from supervisor.wiring import Ground, put_together


@contextmanager
def assemble(settings: Settings, signals: SignalInbox) -> Iterator[Supervisor]:
    """A supervisor ready to run; on the way out everything it holds is let go. Raises BotvisorError."""
    clock = SystemClock()
    environment = ExchangeEnvironment.of(os.environ)
    with ExitStack() as stack:
        folder = stack.enter_context(StateFolder(settings.state_dir, settings.runtime_dir, settings.logs_dir))
        _note(settings, Intent.STARTING)
        logger.info("State folder {}, run folder {}", settings.state_dir, settings.runtime_dir)
        yield put_together(_ground(settings, signals, folder, clock, environment, stack), stack)


def _ground(
    settings: Settings,
    signals: SignalInbox,
    folder: StateFolder,
    clock: Clock,
    environment: ExchangeEnvironment,
    stack: ExitStack,
) -> Ground:
    """Open what the control loop stands on; `stack` lets go of it."""
    router = _router(settings)
    stack.callback(router.close)
    meter = _meter(settings, clock, stack)
    book = _news(settings, clock, meter, stack)
    recorder = Recorder(_recorder_options(settings, folder, meter, book))
    launcher = _launcher(settings)
    stack.callback(launcher.close)
    adopted = AdoptedLives()
    stack.callback(adopted.close)
    report = ServiceReport(*manager_from(os.environ), stop_timeout=settings.stop_timeout, note=partial(_note, settings))
    stack.callback(report.close)
    return Ground(
        settings=settings,
        clock=clock,
        folder=folder,
        signals=signals,
        recorder=recorder,
        router=router,
        launcher=launcher,
        adopted=adopted,
        records=LifeRecords(settings.state_dir / "lives"),
        office=TicketOffice(settings, folder, "", router.endpoint, router.server_key, _control_groups()),
        access=ExchangeAccess(environment, folder.rate_folder()),
        host_meter=HostMeter(settings.state_dir),
        control_place=_control_place(settings),
        report=report,
        meter=meter,
    )


def _control_groups() -> ControlGroups | None:
    found = find_control_groups()
    if isinstance(found, str):
        logger.debug("Limits of bots are watched from outside alone: {}", found)
        return None
    logger.info("Limits of bots are kept by the kernel, too: control groups were delegated")
    found.sweep()
    return found


def _note(settings: Settings, intent: Intent) -> None:
    try:
        write_intent(settings.state_dir, intent)
    except OSError as error:  # a full disk must not keep the service from stopping
        logger.warning("It cannot be written down that the service is {}: {}", intent, error.strerror)


def _router(settings: Settings) -> Router:
    """The workers' socket, open where the settings want it."""
    if settings.transport == "ipc":
        return Router.bind_ipc(socket_path(settings.runtime_dir))
    return Router.bind_tcp(settings.state_dir)


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


def _news(settings: Settings, clock: Clock, meter: Meter, stack: ExitStack) -> WishBook:
    """The desk that the recorder asks what is news, with a postman behind it."""
    terms = terms_of(settings)
    book = WishBook(service_of(settings))
    postman = Postman(settings.database_url, terms, book, AppriseSender(terms.telegram_api), meter, clock)
    book.wake = postman.wake
    postman.start()
    stack.callback(postman.stop)
    return book


def _recorder_options(settings: Settings, folder: StateFolder, meter: Meter, book: WishBook) -> RecorderOptions:
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
        desk=book,
    )
