"""The unit by which systemd starts the service, and the environment file beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from common.errors import ConfigurationError
from supervisor.processes.control_groups import CONTROLLERS, LEAF
from supervisor.service_manager.report import STOP_MARGIN

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_CREDENTIAL = re.compile(r"[A-Za-z0-9_]+:/.+")
_HARDENING = """\
# No private /tmp, no private users, no private processes: each start would see others than the workers that it adopts.
ProtectSystem=strict
ReadWritePaths=/tmp /var/tmp
ProtectHome=read-only
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
CapabilityBoundingSet=
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM"""

_DELEGATES_SUBGROUPS = 254
"""The version since when the supervisor can be started in a leaf of what is delegated to it."""
_DELEGATION = f"""\
# The limits of each bot become limits of the kernel.
Delegate={" ".join(CONTROLLERS)}
DelegateSubgroup={LEAF}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the unit is made of."""

    name: str
    python: str
    """Interpreter of the environment botvisor is installed in."""
    stop_timeout: float
    """Longest graceful stop of the whole service, seconds."""
    user: bool
    """Whether a user's own manager runs it, instead of the system's."""
    account: str
    """Whom the system's manager runs it as; a user's manager runs everything as that user."""
    home: Path
    """Home of the user, for a user's own service."""
    systemd: int = 0
    """Version of the manager that will run it; 0 = not known, then nothing newer than common is asked of it."""
    credentials: tuple[str, ...] = ()
    """NAME:/path of each secret handed over by systemd, NAME as in the environment."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"--name {self.name!r}: a service is named by letters, digits, _ and -, and begins with no sign"
            )
        for credential in self.credentials:
            if not _CREDENTIAL.fullmatch(credential):
                raise ConfigurationError(f"--credential {credential!r}: name it as NAME:/absolute/path")

    @property
    def unit_file(self) -> Path:
        """Where systemd looks for the unit."""
        folder = self.home / ".config/systemd/user" if self.user else Path("/etc/systemd/system")
        return folder / f"{self.name}.service"

    @property
    def environment_file(self) -> Path:
        """Settings of the service, for systemd and for the shell of whoever uses `botctl`."""
        return (self.home / ".config" if self.user else Path("/etc")) / f"{self.name}.env"

    @property
    def state_dir(self) -> Path:
        """The state folder."""
        return self.home / ".local/state" / self.name if self.user else Path("/var/lib") / self.name

    @property
    def log_dir(self) -> Path:
        """The log folder."""
        return self.state_dir / "log" if self.user else Path("/var/log") / self.name


def unit_text(service: Service) -> str:
    """The whole unit."""
    template = files("supervisor.service_manager").joinpath("botvisor.service").read_text(encoding="utf-8")
    python = quoted(service.python)
    parts = {
        "USERS_OWN": " (of one user)" if service.user else "",
        "ORDER": _order(service),
        "COMMAND": f"{python} -m supervisor",
        "END_STRAYS": f"{python} -m supervisor end-strays",
        "STOP_TIMEOUT": f"{service.stop_timeout + STOP_MARGIN:g}",
        "IDENTITY": _identity(service),
        "NAME": service.name,
        "ENVIRONMENT": _environment(service),
        "ENVIRONMENT_FILE": str(service.environment_file).replace("%", "%%"),
        "CREDENTIALS": "\n".join(f"LoadCredential={item.replace('%', '%%')}" for item in service.credentials),
        "DELEGATION": _DELEGATION if service.systemd >= _DELEGATES_SUBGROUPS else "",
        "HARDENING": "" if service.user else _HARDENING,
        "TARGET": "default.target" if service.user else "multi-user.target",
    }
    text = re.sub(r"@([A-Z_]+)@", lambda match: parts[match.group(1)], template)
    return re.sub(r"\n{3,}", "\n\n", text)


def environment_text(service: Service) -> str:
    """The environment file as it is first written: where things are, and room for what the operator sets."""
    run = f"/run/{service.name}" if not service.user else f"$XDG_RUNTIME_DIR/{service.name}"
    return (
        f"# Settings of {service.name}, read at each start. For botctl: set -a; . {service.environment_file}\n"
        f"BOTVISOR_STATE_DIR={service.state_dir}\n"
        f"BOTVISOR_LOG_DIR={service.log_dir}\n"
        + (f"BOTVISOR_RUN_DIR={run}\n" if not service.user else f"# botctl also needs BOTVISOR_RUN_DIR={run}\n")
        + "# BOTVISOR_DATABASE_URL=postgresql://user:password@host:5432/botvisor\n"
    )


def quoted(word: str) -> str:
    """A word of a command line as systemd reads it."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if re.search(r"[\s\"';\\]", word) else plain


def _order(service: Service) -> str:
    if service.user:
        return ""
    return "Wants=network-online.target\nAfter=network-online.target postgresql.service time-sync.target"


def _identity(service: Service) -> str:
    if service.user:
        return ""
    lines = [f"User={service.account}", f"StateDirectory={service.name}", "StateDirectoryMode=0700"]
    return "\n".join([*lines, f"LogsDirectory={service.name}", "LogsDirectoryMode=0700"])


def _environment(service: Service) -> str:
    state = f"%h/.local/state/{service.name}" if service.user else f"%S/{service.name}"
    logs = f"{state}/log" if service.user else f"%L/{service.name}"
    return f"Environment=BOTVISOR_STATE_DIR={state} BOTVISOR_LOG_DIR={logs} BOTVISOR_RUN_DIR=%t/{service.name}"
