"""Entering the control group that a ticket names, so that the kernel keeps the life's limits."""

from __future__ import annotations

import sys
from pathlib import Path


def enter(group: Path | None) -> None:
    """Move this process there. One that cannot goes on without: it is watched from outside as well."""
    if group is None:
        return
    try:
        (group / "cgroup.procs").write_text("0")
    except OSError as error:
        sys.stderr.write(f"control group {group} cannot be entered: {error}\n")
