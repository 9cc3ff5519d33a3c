"""Lives that an earlier supervisor started: watched until they end, the cause unknown."""

from __future__ import annotations

import contextlib
import os

from common.process import bury
from supervisor.processes.port import UNKNOWN_EXIT, Exited, ExitReport, ProcessIdentity
from supervisor.processes.signals import kill_remnants
from supervisor.processes.watch import Watch, a_watch


class AdoptedLives:
    """Survivors that are not our children; also children that became ours when their fork server died.

    Descriptor and events as in `port.Launcher`.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch or a_watch()
        self._incarnations: dict[ProcessIdentity, int] = {}

    def adopt(self, incarnation: int, identity: ProcessIdentity) -> None:
        """Watch a life. One that has ended already is told by the next `events`."""
        self._incarnations[identity] = incarnation
        self._watch.add(identity)

    def events(self) -> list[Exited]:
        """Lives that ended since the last call; what was left of their process groups is killed."""
        return [Exited(self._incarnations.pop(identity), lay_to_rest(identity)) for identity in self._watch.ended()]

    def filenos(self) -> list[int]:
        """Readable when there may be events."""
        return [self._watch.fileno()]

    def close(self) -> None:
        """Stop watching; lives go on living."""
        self._watch.close()


def lay_to_rest(identity: ProcessIdentity) -> ExitReport:
    """Clear up after a process that has ended: its true end when it is our child, else unknown."""
    death = None
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            death = bury(identity.pid)
    if death is not None:
        return ExitReport.of(death)
    kill_remnants(identity)
    return UNKNOWN_EXIT
