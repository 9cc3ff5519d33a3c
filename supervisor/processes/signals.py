"""Signals to a life, and never to whoever got its number after it.

The first step of the stop ladder, drain, is a message and not made here.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from common.errors import BotvisorError
from supervisor.processes.child import create_time, is_alive
from supervisor.processes.port import ProcessIdentity


class SignalRefusedError(BotvisorError):
    """The system does not let us signal a process that is ours by (pid, create time)."""


def terminate(identity: ProcessIdentity) -> bool:
    """SIGTERM: end this life gracefully (TerminateProcess on Windows). False when the life is gone."""
    return _send(identity, "SIGTERM")


def hang_up(identity: ProcessIdentity) -> bool:
    """SIGHUP: end this life gracefully, to be restarted with fresh config. False when the life is gone."""
    return _send(identity, "SIGHUP")


def abort(identity: ProcessIdentity) -> bool:
    """SIGABRT, which dumps the stacks; then SIGCONT, so that a stopped process dies of it too. False when gone."""
    return _send(identity, "SIGABRT") and (_send(identity, "SIGCONT") or True)


def kill(identity: ProcessIdentity) -> bool:
    """SIGKILL for the whole process group. False when the life is gone."""
    if not hasattr(os, "killpg"):
        return _send(identity, "SIGTERM")
    with _held(identity) as grip:
        if not grip.alive:
            return False
        try:
            os.killpg(identity.pid, signal.SIGKILL)
        except ProcessLookupError:
            # Between its fork and its setsid a child leads no group yet.
            return _send(identity, "SIGKILL")
        except PermissionError as error:
            raise _refused(identity, "SIGKILL") from error
        return True


def kill_remnants(identity: ProcessIdentity) -> None:
    """SIGKILL for what is left of the group of a leader that has ended and that somebody else reaps.

    A number is not given away while a group bears it: if another process has it now, the group is gone.
    """
    if hasattr(os, "killpg") and create_time(identity.pid) in (None, identity.create_time):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(identity.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class _Grip:
    """A life held still for one signal."""

    alive: bool
    pidfd: int | None


def _send(identity: ProcessIdentity, name: str) -> bool:
    number = getattr(signal, name, signal.SIGTERM)
    with _held(identity) as grip:
        if not grip.alive:
            return False
        try:
            if grip.pidfd is not None:
                signal.pidfd_send_signal(grip.pidfd, number)
            else:
                psutil.Process(identity.pid).send_signal(number)
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False
        except (PermissionError, psutil.AccessDenied) as error:
            raise _refused(identity, name) from error
        return True


@contextlib.contextmanager
def _held(identity: ProcessIdentity) -> Iterator[_Grip]:
    """The pidfd is opened before the create time is compared, so both speak of the same process."""
    descriptor = open_pidfd(identity.pid)
    try:
        yield _Grip(is_alive(identity), descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def open_pidfd(pid: int) -> int | None:
    """A descriptor of the process, readable when it ends; None when it is gone or the system has no such thing."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _refused(identity: ProcessIdentity, name: str) -> SignalRefusedError:
    return SignalRefusedError(
        f"process {identity.pid} refuses {name}: it belongs to another user; "
        f"run the supervisor as the user of its workers"
    )
