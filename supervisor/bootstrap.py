"""The composition root: the one file that knows every class."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loguru import logger

from common.clock import Clock, SystemClock
from supervisor.adoption import adopt_lives
from supervisor.control import ControlSocket, control_path
from supervisor.deeds import Deeds
from supervisor.enrolment import Enrolment
from supervisor.intake.endpoint import ipc_endpoint, loopback_endpoint, remember_port
from supervisor.intake.keys import load_keys
from supervisor.intake.poller import Poller
from supervisor.intake.router import Router
from supervisor.loop import Supervisor, policy_of
from supervisor.news import BLOCK, News
from supervisor.observation import Observation
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.child import boot_id, create_time, is_alive
from supervisor.processes.forkserver import ForkServerLauncher
from supervisor.processes.interpreter import InterpreterLauncher
from supervisor.processes.lives import LifeRecords
from supervisor.processes.port import Launcher, ProcessIdentity
from supervisor.record import Record
from supervisor.roster import Roster
from supervisor.settings import Settings
from supervisor.signals import SignalInbox
from supervisor.stacks import StackQuestions
from supervisor.state_folder import StateFolder
from supervisor.store.claims import Claimant
from supervisor.store.recorder import Recorder, RecorderOptions
from supervisor.ticketing import TicketOffice


@contextmanager
def assemble(settings: Settings, signals: SignalInbox) -> Iterator[Supervisor]:
    """A supervisor ready to run; on the way out everything it holds is let go. Raises BotvisorError."""
    clock = SystemClock()
    with ExitStack() as stack:
        folder = stack.enter_context(StateFolder(settings.state_dir, settings.runtime_dir, settings.logs_dir))
        logger.info("State folder {}, run folder {}", settings.state_dir, settings.runtime_dir)
        router = Router(clock)
        stack.callback(router.close)
        recorder = Recorder(_recorder_options(settings, folder))
        launcher = _launcher(settings)
        stack.callback(launcher.close)
        yield _wire(settings, clock, stack, folder, router, recorder, launcher, signals)


def _wire(
    settings: Settings,
    clock: Clock,
    stack: ExitStack,
    folder: StateFolder,
    router: Router,
    recorder: Recorder,
    launcher: Launcher,
    signals: SignalInbox,
) -> Supervisor:
    policy = policy_of(settings)
    roster = Roster()
    record = Record(recorder, clock)
    records = LifeRecords(settings.state_dir / "lives")
    adopted = AdoptedLives()
    stack.callback(adopted.close)
    endpoint, server_key = _open(router, settings)
    office = TicketOffice(settings, folder, "", endpoint, server_key)
    enrolment = Enrolment(settings, roster, launcher)
    news = News(roster, enrolment, router, record, recorder, folder, office)
    deeds = Deeds(roster, office, launcher, router, records, record, clock, news.next_incarnation)
    stacks = StackQuestions(roster, router, record)
    observation = Observation(
        roster, enrolment, deeds, router, adopted, records, record, recorder, policy, clock, settings.lease, stacks
    )
    answering: list[Supervisor] = []
    control = ControlSocket(control_path(settings.runtime_dir), lambda request: answering[0].answer(request))
    stack.callback(control.close)
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
    )
    answering.append(supervisor)
    adopt_lives(roster, records, router, adopted, observation, clock)
    return supervisor


def _open(router: Router, settings: Settings) -> tuple[str, str | None]:
    """Bind the workers' socket; returns its endpoint and, for TCP, our public key."""
    if settings.transport == "ipc":
        return router.bind(ipc_endpoint(settings.runtime_dir)), None
    keys = load_keys(settings.state_dir)
    endpoint = router.bind(loopback_endpoint(settings.state_dir), keys)
    remember_port(settings.state_dir, endpoint)
    return endpoint, keys.public


def _launcher(settings: Settings) -> Launcher:
    return ForkServerLauncher() if settings.launcher == "forkserver" else InterpreterLauncher()


def _host() -> str:
    """This machine: many are called localhost."""
    try:
        machine = Path("/etc/machine-id").read_text().strip()[:12]
    except OSError:
        machine = ""
    return f"{socket.gethostname()}/{machine}" if machine else socket.gethostname()


def _recorder_options(settings: Settings, folder: StateFolder) -> RecorderOptions:
    own = os.getpid()
    return RecorderOptions(
        url=settings.database_url,
        upgrade=settings.auto_migrate,
        claimant=Claimant(
            host=_host(),
            boot_id=boot_id(),
            pid=own,
            pid_created=create_time(own) or 0.0,
            state_dir=str(settings.state_dir),
        ),
        is_alive=lambda pid, created: is_alive(ProcessIdentity(pid, created)),
        expected_uuid=folder.remembered_database(),
        incarnation_block=BLOCK,
        poll_interval=settings.poll_interval,
    )
