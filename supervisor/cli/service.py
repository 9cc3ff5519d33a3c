"""`botctl install-service`, `uninstall-service`, and what systemd calls after the service has ended."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from common.errors import ConfigurationError
from supervisor.cli.options import Json
from supervisor.cli.output import fail, say
from supervisor.cli.session import configured
from supervisor.host.intent import read_intent, workers_shall_end
from supervisor.host.state_folder import is_held
from supervisor.processes.strays import end_recorded_lives
from supervisor.processes.systemctl import manager_runs, manager_version, systemctl
from supervisor.service_manager.unit import Service, environment_text, unit_text
from supervisor.settings import Settings

Name = Annotated[str, typer.Option("--name", help="Name of the service.")]
User = Annotated[bool, typer.Option("--user", help="A service of this user alone, run by the user's own manager.")]


def install(
    user: User = False,
    name: Name = "botvisor",
    account: Annotated[str, typer.Option("--account", help="User the system's service runs as.")] = "trading",
    credential: Annotated[
        list[str] | None,
        typer.Option("--credential", metavar="NAME:PATH", help="A setting systemd reads from a file, such as a URL."),
    ] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print the unit and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Write a systemd unit and its environment file, and say what to do next."""
    with configured(as_json) as settings:
        service = _service(settings, name=name, user=user, account=account, credentials=tuple(credential or ()))
        if only_print:
            typer.echo(unit_text(service), nl=False)
            return
        _require_systemd(as_json)
        kept = service.environment_file.exists()
        _write(service.unit_file, unit_text(service), mode=0o644)
        if not kept:
            _write(service.environment_file, environment_text(service), mode=0o640)
            _hand_over(service)
    complaint = systemctl("daemon-reload", user=user) if manager_runs(user=user) else "no systemd runs here"
    told = f"wrote {service.unit_file}" + (
        f"; {service.environment_file} stays as it is" if kept else f" and {service.environment_file}"
    )
    steps = _next_steps(service, complaint)
    say(
        "\n".join([told, "Next:", *(f"  {step}" for step in steps)]),
        as_json=as_json,
        unit=str(service.unit_file),
        environment=str(service.environment_file),
        next=steps,
    )


def uninstall(user: User = False, name: Name = "botvisor", as_json: Json = False) -> None:
    """Stop the service, remove its unit, and leave settings, state and logs as they are."""
    with configured(as_json) as settings:
        service = _service(settings, name=name, user=user, account="", credentials=())
        if not service.unit_file.exists():
            raise ConfigurationError(f"there is no {service.unit_file}; is the service named otherwise (--name)?")
        complaint = None
        if manager_runs(user=user):
            complaint = systemctl("disable", "--now", service.unit_file.name, user=user)
        if complaint is not None:
            fail(f"{complaint}; nothing was removed", as_json=as_json)
        try:
            service.unit_file.unlink()
        except OSError as error:
            raise ConfigurationError(f"{service.unit_file} cannot be removed: {error.strerror}") from None
    if manager_runs(user=user):
        systemctl("daemon-reload", user=user)
    say(
        f"removed {service.unit_file}; {service.environment_file} and {service.state_dir} stay",
        as_json=as_json,
        unit=str(service.unit_file),
    )


def end_strays(as_json: Json = False) -> None:
    """End workers that outlived an intended stop of the service; after a crash they live on to be adopted."""
    with configured(as_json) as settings:
        state = settings.state_dir
        told = [os.environ.get(name, "") for name in ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS")]
        if not workers_shall_end(read_intent(state), *told):
            say("the service was not stopped for good; its workers live on", as_json=as_json, ended=[])
            return
        if is_held(state):
            fail(f"a supervisor works on {state}; its workers are no strays", as_json=as_json)
        ended = end_recorded_lives(state / "lives", term_grace=settings.term_grace, abort_grace=settings.abort_grace)
        say(f"ended the workers of {len(ended)} bots", as_json=as_json, ended=ended)


def _service(settings: Settings, *, name: str, user: bool, account: str, credentials: tuple[str, ...]) -> Service:
    return Service(
        name=name,
        python=sys.executable,
        stop_timeout=settings.stop_timeout,
        user=user,
        account=account,
        home=Path.home(),
        systemd=manager_version(),
        credentials=credentials,
    )


def _require_systemd(as_json: bool) -> None:
    if os.name == "nt":
        fail("systemd is not for Windows: python -m supervisor.windows install", as_json=as_json)


def _write(path: Path, text: str, *, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.write_text(text, encoding="utf-8")
        draft.chmod(mode)
        draft.replace(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror}); run this as root, or with --user for a service of your own"
        ) from None


def _hand_over(service: Service) -> None:
    """The account may read its settings: whoever uses botctl as that account needs them."""
    if service.user:
        return
    try:
        shutil.chown(service.environment_file, group=service.account)
    except (LookupError, OSError):
        return  # the account is yet to be made; systemd reads the file as root in any case


def _next_steps(service: Service, complaint: str | None) -> list[str]:
    scope = "systemctl --user" if service.user else "systemctl"
    steps = [] if service.user else _account_steps(service.account)
    steps.append(f"look into {service.environment_file}: database, limits")
    if complaint is not None:
        steps.append(f"{scope} daemon-reload   # {complaint}")
    steps += [f"{scope} enable --now {service.name}", f"{scope} status {service.name}"]
    if service.user:
        steps.append("loginctl enable-linger   # or it ends with your session")
    return steps


def _account_steps(account: str) -> list[str]:
    import pwd

    try:
        pwd.getpwnam(account)
    except KeyError:
        return [f"useradd --system --user-group --shell /usr/sbin/nologin {account}"]
    return []
