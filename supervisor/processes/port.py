"""What the control loop may ask of the processes, and what they tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from common.process import Death
from common.wire.ticket import RowFacts, Ticket


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process for ever: its number alone is given to others after its death."""

    pid: int
    create_time: float
    """As `child.create_time` tells it: seconds since boot on Linux, since the epoch elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReport:
    """How a process ended."""

    exit_code: int | None = None
    signal: int | None = None
    core_dumped: bool = False
    known: bool = True
    """False when the process was no child of ours, so that nobody could tell us how it ended."""

    @classmethod
    def of(cls, death: Death) -> ExitReport:
        """The report of a buried child."""
        return cls(exit_code=death.exit_code, signal=death.signal, core_dumped=death.core_dumped)


UNKNOWN_EXIT = ExitReport(known=False)


@dataclass(frozen=True, slots=True)
class Spawned:
    """A life has a process."""

    incarnation: int
    child: ProcessIdentity


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """A life has no process and never had one."""

    incarnation: int
    reason: str


@dataclass(frozen=True, slots=True)
class Exited:
    """A life's process is gone: ended, reaped, its process group killed."""

    incarnation: int
    report: ExitReport


@dataclass(frozen=True, slots=True)
class Checked:
    """A config was examined; exactly one of the two is given."""

    request_id: str
    problems: tuple[dict[str, str], ...] | None
    """The fields of `common.spec.Problem`, as text."""
    failure: str | None
    """Why there is no finding."""


ProcessEvent = Spawned | SpawnFailed | Exited | Checked


class Launcher(Protocol):
    """Makes processes. Nothing here blocks; answers come as events, each request gets exactly one first answer."""

    def spawn(self, ticket: Ticket) -> None:
        """Start a life: Spawned and later Exited, or SpawnFailed."""

    def check(self, request_id: str, row: RowFacts, config: Any, plugin_dirs: Sequence[Path] = ()) -> None:
        """Examine a config's strategy in a short-lived process with a time limit: one Checked."""

    def events(self) -> list[ProcessEvent]:
        """What has happened since the last call, in order.

        Call it when a descriptor is readable or `wake_at` has come.
        """

    def filenos(self) -> list[int]:
        """Descriptors that are readable when there may be events. They stay the same for the launcher's life."""

    def wake_at(self) -> float | None:
        """Monotonic time at which `events` wants to be called although nothing is readable; None: never."""

    def close(self) -> None:
        """Let go: no more events. Lives go on living."""
