"""Walls of the kernel around the workers: one control group (version 2) per bot, where they were delegated to us.

The watch from outside stays in charge of a bot's limits: it warns, diagnoses and replaces. The walls stand half as far
again behind it, for what is faster than the watch, and cost nothing.

They are built beside the supervisor's own group, and only when that is a leaf called `supervisor` of a group that is
ours and holds no process itself (`Delegate=` with `DelegateSubgroup=supervisor` in a unit, from systemd 254). A group
with processes of its own cannot have limited children, and systemd could not start the next supervisor in it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from loguru import logger

MOUNT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
LEAF = "supervisor"
"""Name of the group that the service manager puts the supervisor in."""
CONTROLLERS = ("memory", "cpu")

_WALL = 1.5
"""Where the kernel's wall stands, times the limit."""
_PERIOD = 100_000
"""Microseconds over which the use of the processor is counted."""


class ControlGroups:
    """The groups of all bots. Belongs to the control loop; each call is a few writes to the kernel."""

    def __init__(self, home: Path, controllers: frozenset[str]) -> None:
        """`home`: the group that was delegated; `controllers`: what its children can be limited in."""
        self._home = home
        self._controllers = controllers

    def group_of(self, bot_id: int, *, memory: int | None, cpu_percent: float | None) -> Path | None:
        """The group that the bot's next life shall enter, with its walls; None when it needs none or has none.

        `memory`: bytes; None = no limit. A life is born without its walls rather than not at all.
        """
        group = self._home / f"bot-{bot_id}"
        if memory is None and cpu_percent is None:
            return None
        try:
            group.mkdir(exist_ok=True)
            if "memory" in self._controllers:
                (group / "memory.max").write_text("max" if memory is None else str(int(memory * _WALL)))
            if "cpu" in self._controllers:
                share = "max" if cpu_percent is None else str(int(cpu_percent / 100 * _PERIOD * _WALL))
                (group / "cpu.max").write_text(f"{share} {_PERIOD}")
        except OSError as error:
            logger.bind(bot_id=bot_id).warning(
                "Bot {}: no control group {}: {}; its limits are watched from outside alone", bot_id, group, error
            )
            return None
        return group

    def sweep(self) -> None:
        """Remove the groups that nobody lives in."""
        for group in self._home.glob("bot-*"):
            with contextlib.suppress(OSError):  # somebody lives there
                group.rmdir()


def find_control_groups(mount: Path = MOUNT, own: Path = OWN) -> ControlGroups | str:
    """What was delegated to this process, or why there is nothing."""
    try:
        (path,) = [line.split("::", 1)[1] for line in own.read_text().splitlines() if line.startswith("0::")]
        leaf = mount / path.lstrip("/")
        home = leaf.parent
        if leaf.name != LEAF:
            return f"the supervisor's own control group {path} is not a leaf called {LEAF}"
        offered = frozenset((home / "cgroup.controllers").read_text().split()) & frozenset(CONTROLLERS)
        if not offered or not os.access(home / "cgroup.subtree_control", os.W_OK):
            return f"neither memory nor cpu is delegated in {home}"
        if (home / "cgroup.procs").read_text().strip():
            return f"{home} holds processes itself"
        (home / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(offered)))
    except (OSError, ValueError) as error:
        return f"this host has no control groups of version 2 for us: {error}"
    return ControlGroups(home, offered)
