"""A systemd of the test's own: a user manager in a mount and control-group namespace, and nothing of the host's."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from waiting import PATIENCE, wait_until

_MANAGERS = (Path("/lib/systemd/systemd"), Path("/usr/lib/systemd/systemd"))
_INSIDE = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system
umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
exec "$0" --user --unit=default.target
"""


def why_not() -> str | None:
    """What keeps a manager of our own from running here; None when nothing does."""
    if not any(path.exists() for path in _MANAGERS) or shutil.which("systemctl") is None:
        return "systemd is not installed (package systemd)"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "namespaces and control groups of our own need root"
    if _hierarchy() is None:
        return "no writable control-group hierarchy of version 2"
    trial = ["unshare", "--mount", "--cgroup", "sh", "-c", "mount -t tmpfs tmpfs /run"]
    if shutil.which("unshare") is None or subprocess.run(trial, capture_output=True, check=False).returncode != 0:
        return "this system does not let us make namespaces"
    return None


def _hierarchy() -> Path | None:
    for mount in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        if (mount / "cgroup.controllers").exists() and os.access(mount / "cgroup.procs", os.W_OK):
            return mount
    return None


class UserSystemd:
    """Runs units from one folder; `close` ends everything that ever ran in it."""

    def __init__(self, folder: Path) -> None:
        hierarchy = _hierarchy()
        assert hierarchy is not None
        self.home, self.runtime = folder / "home", folder / "x"
        self.units = self.home / ".config/systemd/user"
        for place in (self.units, self.runtime):
            place.mkdir(parents=True, mode=0o700)
        for target in ("default", "basic", "shutdown"):
            (self.units / f"{target}.target").write_text("[Unit]\nDescription=nothing\n")
        self._group = hierarchy / f"botvisor-test-{os.getpid()}-{folder.name}"
        self._group.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "SYSTEMD_UNIT_PATH": str(self.units),
            "SYSTEMD_GENERATOR_PATH": "/nowhere",
            "SYSTEMD_ENVIRONMENT_GENERATOR_PATH": "/nowhere",
        }
        join = f'echo $$ > "{self._group}/cgroup.procs"; exec unshare --mount --cgroup sh -c "$1" "$0"'
        manager = next(str(path) for path in _MANAGERS if path.exists())
        with (folder / "systemd.out").open("wb") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", join, manager, _INSIDE],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until("the manager to answer", lambda: self.ctl("list-units").returncode == 0)

    def ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["systemctl", "--user", "--no-pager", *words]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
        )

    def show(self, unit: str, field: str) -> str:
        return self.ctl("show", unit, "--value", "--property", field).stdout.strip()

    def close(self) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with contextlib.suppress(OSError):
            (self._group / "cgroup.kill").write_text("1")
        self._process.wait(PATIENCE)
        groups = sorted((path for path in self._group.rglob("*") if path.is_dir()), reverse=True)
        for group in [*groups, self._group]:
            wait_until(f"{group} to be empty", lambda group=group: _removed(group))


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
