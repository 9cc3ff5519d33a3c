"""What the operating system knows of a process: when it was born, and how it died.

Both the fork server and the supervisor bury children, and both must mean the same by "the same process";
therefore this stands in `common`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_DEAD_STATES = "ZXx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a child ended: by an exit code or by a signal, never both."""

    exit_code: int | None = None
    signal: int | None = None
    core_dumped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFacts:
    """One line of the kernel's process table (Linux)."""

    state: str
    """One letter as in `ps`: R, S, D, T, Z ..."""
    created: float
    """Seconds from boot to birth; unlike wall time it does not move when the clock is set."""
    cpu_seconds: float
    """Processor time used since birth, in user and kernel mode."""
    resident: int
    """Bytes of memory that are in use."""

    @property
    def dead(self) -> bool:
        """Whether it has ended and only waits to be reaped."""
        return self.state in _DEAD_STATES


def facts_of(pid: int) -> ProcessFacts | None:
    """What /proc tells of `pid`; None when there is no such process or no /proc."""
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may itself hold spaces and parentheses: fields are counted from the last one.
    fields = line[line.rindex(b")") + 2 :].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return ProcessFacts(
        state=fields[0].decode(),
        created=int(fields[19]) / ticks,
        cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
        resident=int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
    )


def next_dead_child() -> int | None:
    """Pid of a child that has ended and is not reaped yet; None when there is none."""
    return _peek(os.P_ALL, 0)


def bury(pid: int) -> Death | None:
    """Reap the child `pid` if it has ended, killing first what is left of its process group.

    While the leader is unreaped its number cannot be given to anybody else, so the group that is killed is
    certainly its own. None while the child lives. Raises ChildProcessError when `pid` is no child of ours.
    """
    if _peek(os.P_PID, pid) is None:
        return None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return Death(signal=os.WTERMSIG(status), core_dumped=os.WCOREDUMP(status))
    return Death(exit_code=os.WEXITSTATUS(status))


def _peek(id_type: int, number: int) -> int | None:
    try:
        seen = os.waitid(id_type, number, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        if id_type == os.P_ALL:
            return None
        raise
    return None if seen is None else seen.si_pid


def become_subreaper(wanted: bool = True) -> bool:
    """Let orphaned descendants of this process become its children instead of init's (Linux).

    Returns whether the system agreed; False where it knows no such thing.
    """
    return _prctl(_PR_SET_CHILD_SUBREAPER, int(wanted))


def hide_memory() -> bool:
    """Let no core file of this process be written and no other process of its user read its memory (Linux).

    Signals, exit codes and what `facts_of` tells stay as they are, and so do dumps of Python's stacks; root sees
    all. Programs that it starts have a memory of their own and are not concerned. Returns whether the system agreed.
    """
    return _prctl(_PR_SET_DUMPABLE, 0)


def forbid_core_files() -> bool:
    """`hide_memory`, and a limit of 0 on core files for this process and all that it starts.

    Returns whether the system knows either.
    """
    agreed = hide_memory()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        agreed = True
    return agreed


def _prctl(option: int, value: int) -> bool:
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        return bool(libc.prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


_NO_PROCESS = {
    errno.EAGAIN: "the limit on processes is reached; raise it (ulimit -u, TasksMax= of the unit, pids cgroup)",
    errno.ENOMEM: "there is not enough memory for one more process; stop bots, or give the host more",
    errno.EMFILE: "this process has too many files open; raise the limit (ulimit -n)",
    errno.ENFILE: "the host has too many files open; raise fs.file-max",
}


def why_no_process(error: OSError | MemoryError) -> str:
    """Why a process could not be made, and what to do about it."""
    if isinstance(error, MemoryError):
        return _NO_PROCESS[errno.ENOMEM]
    return _NO_PROCESS.get(error.errno or 0) or error.strerror or str(error)
