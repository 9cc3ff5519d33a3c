"""A host on which no more processes can be made."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

_CONTROLLER = Path("/sys/fs/cgroup/pids")


@contextmanager
def no_more_processes(pid: int) -> Iterator[None]:
    """The process may make no further one. A limit of its user binds all but root; root is bound by a cgroup."""
    with _limited(psutil.Process(pid)) if os.geteuid() else _confined(pid):
        yield


@contextmanager
def _limited(process: psutil.Process) -> Iterator[None]:
    soft, hard = process.rlimit(resource.RLIMIT_NPROC)
    process.rlimit(resource.RLIMIT_NPROC, (0, hard))
    try:
        yield
    finally:
        process.rlimit(resource.RLIMIT_NPROC, (soft, hard))


@contextmanager
def _confined(pid: int) -> Iterator[None]:
    group = _CONTROLLER / f"botvisor-test-{pid}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("needs a user other than root, or a pids controller that may be written")
    try:
        (group / "pids.max").write_text("1")
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for member in (group / "cgroup.procs").read_text().split():
            (_CONTROLLER / "cgroup.procs").write_text(member)
        group.rmdir()
