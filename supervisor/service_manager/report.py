"""What the control loop tells its service manager, and when.

Asked once per turn; nearly every answer is that nothing is due. The sign of life comes from the control loop itself,
so a loop that hangs is a service that hangs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from supervisor.host.intent import Intent
from supervisor.service_manager.systemd import NotifySocket

STATUS_INTERVAL = 3.0
"""Least seconds between two looks at the fleet for the status line."""
STOP_MARGIN = 15.0
"""Seconds a stop may take beyond its time limit: for the kernel to end what was killed, and for the last statuses."""


def _unnoted(intent: Intent) -> None:
    """Where nobody clears up after the service nothing is written down."""


class ServiceReport:
    """READY once, STATUS when it has changed, WATCHDOG in time, STOPPING in the end. Without a manager: nothing."""

    def __init__(
        self,
        socket: NotifySocket | None,
        watchdog: float | None = None,
        *,
        stop_timeout: float = 0.0,
        note: Callable[[Intent], None] = _unnoted,
    ) -> None:
        """`watchdog` is the interval, in seconds, within which the manager wants a sign of life.

        `stop_timeout` is the longest graceful stop, for which the manager is asked to have patience.
        `note` writes down what the service is about.
        """
        self._socket = socket
        self._pulse = watchdog / 2 if watchdog else inf
        self._note = note
        self._patience = int((stop_timeout + STOP_MARGIN) * 1_000_000)
        self._begun = False
        self._due = -inf
        self._pulse_due = -inf
        self._look_due = -inf
        self._told: str | None = None
        self._ready = False
        self._stopping = False

    def wake_at(self) -> float | None:
        """When the next sign of life is due, on the monotonic clock; None when none is."""
        return self._pulse_due if self._socket is not None and self._ready and self._pulse < inf else None

    def turn(self, now: float, summary: Callable[[], str]) -> None:
        """One turn of the control loop has been done. `summary` is asked at most every few seconds."""
        if now < self._due:
            return
        if not self._begun:
            self._begun = True
            if not self._stopping:
                self._note(Intent.RUNNING)
        if self._socket is None:
            self._due = inf
            return
        said = {} if self._ready else {"READY": "1"}
        if self._pulse < inf and now >= self._pulse_due:
            said["WATCHDOG"] = "1"
        if now >= self._look_due:
            self._look_due = now + STATUS_INTERVAL
            text = " ".join(summary().split())
            if text != self._told:
                said["STATUS"] = text
        if said and self._socket.send(**said):
            self._ready, self._told = True, said.get("STATUS", self._told)
            self._pulse_due = now + self._pulse if "WATCHDOG" in said else self._pulse_due
        self._due = min(self._look_due, self._pulse_due if self._pulse < inf else inf)

    def stopping(self) -> None:
        """The service has begun to stop, and its workers with it."""
        self._end(Intent.STOPPING)

    def leaving(self) -> None:
        """The service ends and leaves its workers running."""
        self._end(Intent.LEAVING)

    def _end(self, intent: Intent) -> None:
        self._stopping = True
        self._note(intent)
        if self._socket is not None:
            self._socket.send(STOPPING="1", EXTEND_TIMEOUT_USEC=str(self._patience))

    def close(self) -> None:
        """Nothing more is told."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._due = inf


def summary_of(*, running: int, in_error: int, known: bool, database: str, stopping: bool) -> str:
    """The status line: how many bots run, how many are in error, how the database is, what is waited for."""
    if stopping:
        return f"stopping; {_count(running)} still running"
    if not known:
        return f"{_count(running)} running; waiting for the database ({database})"
    return f"{_count(running)} running, {in_error} in error; database {database}"


def _count(bots: int) -> str:
    return f"{bots} bot{'' if bots == 1 else 's'}"
