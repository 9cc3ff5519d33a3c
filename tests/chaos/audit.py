"""What may never be seen while an installation is disturbed, and what must be so at its end."""

from __future__ import annotations

import os
import re
from collections import Counter

import psutil
from world import World

_TITLE = re.compile(r"botvisor: bot (\d+) ")


class Doubles:
    """Looks for two processes of one bot. A stranger that finds the lock taken leaves at once, so two looks count."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: set[tuple[int, ...]] = set()
        self.found: list[str] = []

    def look(self) -> None:
        """Compare this moment with the last one."""
        by_bot: dict[int, list[int]] = {}
        self._world.remember_processes()
        for process in self._world.left_behind():
            match = _TITLE.match(self._world.title(process.pid))
            if match:
                by_bot.setdefault(int(match[1]), []).append(process.pid)
        now = {tuple(sorted(pids)) for pids in by_bot.values() if len(pids) > 1}
        self.found += [f"one bot in the processes {pids}" for pids in now & self._seen]
        self._seen = now


def zombies(world: World) -> list[str]:
    """Dead children that nobody has buried, below the supervisor."""
    family = psutil.Process(world.pid).children(recursive=True)
    return [f"zombie {child.pid}" for child in family if child.status() == psutil.STATUS_ZOMBIE]


def descriptors(world: World) -> Counter[str]:
    """The supervisor's open descriptors by kind: files and kinds of sockets, without their numbers."""
    folder = f"/proc/{world.pid}/fd"
    found: Counter[str] = Counter()
    for name in _names(folder):
        target = _target(f"{folder}/{name}")
        found[re.sub(r"\d+", "N", target)] += bool(target)
    return found


def _names(folder: str) -> list[str]:
    return os.listdir(folder)


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""
