"""`python -m supervisor.windows install|remove|start|stop`: the service in Windows' list of services."""

from __future__ import annotations

import argparse
import sys

from common.errors import ConfigurationError
from supervisor.windows.plan import (
    ARGUMENTS,
    DESCRIPTION,
    DISPLAY_NAME,
    SERVICE,
    SETTINGS_OPTION,
    Plan,
    settings_of,
)


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; the exit code."""
    given = _parser().parse_args(arguments)
    try:
        plan = Plan(sys.executable, settings_of(given.settings)) if given.do == "install" else None
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 78
    if plan is not None and given.dry_run:
        sys.stdout.write("\n".join(plan.lines()) + "\n")
        return 0
    if sys.platform != "win32":
        sys.stderr.write("this is for Windows; elsewhere `botctl install-service` installs a systemd unit\n")
        return 1
    return _carry_out(given.do, plan)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m supervisor.windows", description=__doc__)
    commands = parser.add_subparsers(dest="do", required=True)
    install = commands.add_parser("install", help="add the service, to be started with Windows")
    install.add_argument("settings", nargs="*", metavar="BOTVISOR_NAME=VALUE", help="settings of the service")
    install.add_argument("--dry-run", action="store_true", help="show what would be done")
    for name, text in (("remove", "stop and remove it"), ("start", "start it"), ("stop", "stop it")):
        commands.add_parser(name, help=text)
    commands.add_parser("serve", help="what Windows calls")
    return parser


def _carry_out(do: str, plan: Plan | None) -> int:
    if sys.platform == "win32":
        import win32serviceutil

        from supervisor.windows.service import host

        match do:
            case "serve":
                host()
            case "install" if plan is not None:
                _install(plan)
            case "start":
                win32serviceutil.StartService(SERVICE)
            case "stop":
                win32serviceutil.StopService(SERVICE)
            case "remove":
                win32serviceutil.RemoveService(SERVICE)
    return 0


def _install(plan: Plan) -> None:
    if sys.platform == "win32":
        import win32service
        import win32serviceutil

        win32serviceutil.InstallService(
            "supervisor.windows.service.BotvisorService",
            SERVICE,
            DISPLAY_NAME,
            startType=win32service.SERVICE_AUTO_START,
            exeName=f'"{plan.python}"',
            exeArgs=ARGUMENTS,
            description=DESCRIPTION,
        )
        win32serviceutil.SetServiceCustomOption(SERVICE, SETTINGS_OPTION, plan.settings_text())
        _restart_on_failure()


def _restart_on_failure() -> None:
    if sys.platform == "win32":
        import win32service

        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_ALL_ACCESS)
        service = win32service.OpenService(manager, SERVICE, win32service.SERVICE_ALL_ACCESS)
        again = (win32service.SC_ACTION_RESTART, 1000)
        actions = {"ResetPeriod": 86_400, "RebootMsg": "", "Command": "", "Actions": [again] * 3}
        win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS, actions)
        win32service.CloseServiceHandle(service)
        win32service.CloseServiceHandle(manager)


if __name__ == "__main__":
    sys.exit(main())
