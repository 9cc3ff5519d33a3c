"""Processes that a dead life left behind outside its process group.

A process that made itself a session of its own, or whose parent ended first, escapes the group. As an orphan it
becomes a child of the fork server or the supervisor (both are subreapers). It still carries the mark of its life:
programs in their environment, forks in their process title.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Container
from pathlib import Path

MARK_VARIABLE = "BOTVISOR_LIFE_PID"
_IN_ENVIRONMENT = re.compile(rb"(?:^|\0)" + MARK_VARIABLE.encode() + rb"=(\d+)(?:\0|$)")
_IN_TITLE = re.compile(rb"\(child of (\d+)\)[\0 ]*$")
_TASKS = Path("/proc/self/task")


def title_of_fork(title: str, leader: int) -> str:
    """Process title of a fork of the life led by pid `leader`, by which it is known later."""
    return f"{title} (child of {leader})"


def kill_strays(living: Container[int]) -> list[int]:
    """Kill the children of this process that descend from a life whose pid is not in `living`.

    Returns the pids that were alive and are now dying. Finds nothing where /proc does not list children.
    """
    killed = []
    for pid in children():
        leader = None if pid in living else _leader_of(pid)
        if leader is not None and leader not in living:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    return killed


def children() -> list[int]:
    """Pids of this process's children, dead and unreaped ones included; empty where /proc does not list them."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(_TASKS):
            found += [int(pid) for pid in (_TASKS / task / "children").read_bytes().split()]
    return found


def _leader_of(pid: int) -> int | None:
    try:
        process = Path(f"/proc/{pid}")
        found = _IN_ENVIRONMENT.search((process / "environ").read_bytes()) or _IN_TITLE.search(
            (process / "cmdline").read_bytes()
        )
    except OSError:
        return None
    return int(found.group(1)) if found else None
