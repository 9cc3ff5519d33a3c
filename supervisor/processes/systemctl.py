"""Runs systemctl, where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

_SECONDS = 60.0


def manager_runs(*, user: bool) -> bool:
    """Whether a systemd answers that could run the service."""
    if shutil.which("systemctl") is None:
        return False
    return user or Path("/run/systemd/system").is_dir()


def manager_version() -> int:
    """The version of the systemd that is installed; 0 when there is none, or it does not tell."""
    try:
        done = subprocess.run(
            ["systemctl", "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"systemd (\d+)", done.stdout)
    return int(found.group(1)) if found else 0


def systemctl(*words: str, user: bool) -> str | None:
    """Run it; None when it did what was asked, else what it complained of."""
    command = ["systemctl", *(["--user"] if user else []), *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(command)}: {error}"
    return None if done.returncode == 0 else f"{' '.join(command)}: {done.stderr.strip() or done.returncode}"
