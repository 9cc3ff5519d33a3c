"""The host: folders, socket paths, disk, memory, limits, fork server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from supervisor.control.place import LONGEST_SOCKET_PATH, control_path
from supervisor.doctor.finding import Finding, bad, doubtful, fine
from supervisor.processes.limits import HostLimits
from supervisor.settings import Settings

_MB = 1_000_000
_LEAST_DISK = 200 * _MB
_ENOUGH_DISK = 1000 * _MB
FILES_PER_BOT = 4
"""Descriptors of the supervisor for each bot: process, connection, log file, and one to spare."""
FILES_OF_ITS_OWN = 100
MEMORY_PER_BOT = 25 * _MB
"""Upper end of what a trading bot has of its own."""


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether the folders can be written and have room."""
    for name, folder in (
        ("state folder", settings.state_dir),
        ("run folder", settings.runtime_dir),
        ("log folder", settings.logs_dir),
    ):
        yield _folder(name, folder)
    for plugins in settings.plugin_dirs:
        if plugins.is_dir():
            yield fine("plugin folder", str(plugins))
        else:
            yield bad("plugin folder", f"{plugins} does not exist", "make it, or correct BOTVISOR_PLUGIN_DIRS")


def _folder(name: str, folder: Path) -> Finding:
    variable = f"BOTVISOR_{name.split()[0].upper()}_DIR"
    if not folder.exists():
        return doubtful(name, f"{folder} does not exist yet", "`botctl init` or the first start makes it")
    probe = folder / f".writable.{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        remedy = f"make it writable for this user, or name another by {variable}"
        return bad(name, f"{folder} cannot be written: {error.strerror}", remedy)
    free = shutil.disk_usage(folder).free
    found = f"{folder}, {free // _MB:,} MB free"
    if free < _LEAST_DISK:
        return bad(name, found, "free some disk: journals and logs need room, a full disk makes bots wait")
    if free < _ENOUGH_DISK:
        return doubtful(name, found, "free some disk before journals and logs fill it")
    return fine(name, found)


def socket_paths(settings: Settings) -> Iterator[Finding]:
    """Whether socket files fit into the system's limit of a path."""
    length = len(os.fsencode(control_path(settings.runtime_dir)))
    found = f"{length} of {LONGEST_SOCKET_PATH} bytes"
    if length > LONGEST_SOCKET_PATH:
        yield bad("socket path", found, "set BOTVISOR_RUN_DIR to a shorter folder, such as /run/botvisor")
    else:
        yield fine("socket path", found)


def limits(found: HostLimits, bots: int) -> Iterator[Finding]:
    """Whether descriptors, processes and memory suffice for `bots` bots."""
    yield from _countable("open files", found.open_files, FILES_OF_ITS_OWN + FILES_PER_BOT * bots, "ulimit -n", bots)
    yield from _countable("processes", found.processes, 50 + 4 * bots, "ulimit -u", bots)
    need = MEMORY_PER_BOT * bots
    words = f"{found.memory_available // _MB:,} of {found.memory_total // _MB:,} MB available"
    if need > found.memory_available:
        remedy = f"{bots} bots take up to {need // _MB:,} MB; stop some, set BOTVISOR_MAX_BOTS, or add memory"
        yield doubtful("memory", words, remedy)
    else:
        yield fine("memory", words)


def _countable(name: str, limit: int | None, need: int, command: str, bots: int) -> Iterator[Finding]:
    if limit is None:
        yield fine(name, "no limit")
    elif limit < need:
        yield bad(name, f"the limit is {limit}", f"{bots} bots need about {need}; raise it ({command}, LimitNOFILE=)")
    else:
        yield fine(name, f"the limit is {limit}, about {need} are needed")


def secrets_of_host(settings: Settings) -> Iterator[Finding]:
    """Whether other users can look into the state folder."""
    if not hasattr(os, "getuid") or not settings.state_dir.exists():
        return
    mode = settings.state_dir.stat().st_mode & 0o777
    if mode & 0o077:
        yield doubtful("privacy", f"the state folder has mode {mode:o}", f"chmod 700 {settings.state_dir}")
    else:
        yield fine("privacy", f"the state folder has mode {mode:o}")
