"""Why a life ended: what exit code, signal, last words and our own stop ladder say together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from common.error_class import ErrorClass
from common.exit_status import HOPELESS, ExitStatus
from common.wire.launch import NOT_STARTED
from supervisor.reconcile.states import AILMENTS, LiveWorker, Rung, StopLadder

SIGHUP, SIGKILL, SIGTERM = 1, 9, 15
"""POSIX numbers; named here because not every platform's signal module has them."""


class ExitCause(StrEnum):
    """Why a life ended."""

    DRAINED = "drained"
    TERMINATED = "terminated"
    HANGUP = "hangup"
    FINISHED = "finished"
    ORPHANED = "orphaned"
    UNSETTLED = "unsettled"
    """Stopped for good, while the exchange still owed an answer."""
    LOCKED = "locked"
    """Another life of the bot holds its lock."""
    UNBORN = "unborn"
    """The process could not be made; the bot never lived."""
    HOPELESS = "hopeless"
    """Its spec or its credentials cannot work; a restart cannot cure that."""
    FAILED = "failed"
    """An error exit."""
    CRASHED = "crashed"
    """Ended by a signal that nobody sent on purpose."""
    WATCHDOG = "watchdog"
    """We ended it for silence, a hang, a start that took too long, or its use of memory or processor."""
    STUBBORN = "stubborn"
    """We wanted it to end, it did not heed, and was ended by a signal."""
    KILLED = "killed"
    """SIGKILL from outside."""
    UNKNOWN = "unknown"
    """An adopted life is gone and nobody knows why."""


FAULTS = frozenset({ExitCause.FAILED, ExitCause.CRASHED, ExitCause.WATCHDOG})
"""Causes that always count as a failure of the bot."""

FROM_OUTSIDE = frozenset({ExitCause.KILLED, ExitCause.UNKNOWN})
"""Causes that are no failure of a life that had recorded progress."""

NEVER_LIVED = frozenset({ExitCause.LOCKED, ExitCause.UNBORN})
"""Causes that say nothing of the bot: it is tried again after a while, for as long as it takes."""

_CAUSE_OF_STATUS: dict[int, ExitCause] = {
    ExitStatus.FINISHED: ExitCause.FINISHED,
    ExitStatus.UNSETTLED: ExitCause.UNSETTLED,
    ExitStatus.LOCKED: ExitCause.LOCKED,
    ExitStatus.ORPHANED: ExitCause.ORPHANED,
    NOT_STARTED: ExitCause.UNBORN,
    **dict.fromkeys(HOPELESS, ExitCause.HOPELESS),
}
_CAUSE_OF_GOODBYE = {
    "drained": ExitCause.DRAINED,
    "terminated": ExitCause.TERMINATED,
    "hangup": ExitCause.HANGUP,
    "finished": ExitCause.FINISHED,
    "orphaned": ExitCause.ORPHANED,
    "unsettled": ExitCause.UNSETTLED,
    "bad_spec": ExitCause.HOPELESS,
    "locked": ExitCause.LOCKED,
    "failed": ExitCause.FAILED,
}
_CAUSE_OF_STRAY_SIGNAL = {SIGKILL: ExitCause.KILLED, SIGTERM: ExitCause.TERMINATED, SIGHUP: ExitCause.HANGUP}


def cause_of(
    code: int | None, signal: int | None, goodbye: str | None = None, stop: StopLadder | None = None
) -> ExitCause:
    """Why a life ended, from what is known of it.

    `code` is its exit code, `signal` the number of the signal that ended it; both None when nobody could tell
    (an adopted life). `goodbye` is the cause of its last words, `stop` how far we had gone to end it.
    """
    if signal is not None:
        return _cause_of_signal(signal, stop)
    said = _CAUSE_OF_GOODBYE.get(goodbye or "")
    ailing = stop is not None and stop.reason in AILMENTS
    if ailing and (code == ExitStatus.OK or (code is None and (said is None or said in _GRACEFUL))):
        return ExitCause.WATCHDOG
    if code is None:
        return said or (_pushed(stop) if stop is not None else ExitCause.UNKNOWN)
    if code == ExitStatus.OK:
        if said in _GRACEFUL:
            return said
        # A worker that leaves in good order says so. A strategy that ends the process by 0 must not do it for ever.
        return ExitCause.DRAINED if stop else ExitCause.FAILED
    known = _CAUSE_OF_STATUS.get(code)
    return known or (ExitCause.WATCHDOG if stop and stop.reason.by_watchdog else ExitCause.FAILED)


_GRACEFUL = frozenset({ExitCause.DRAINED, ExitCause.TERMINATED, ExitCause.HANGUP})


def _cause_of_signal(signal: int, stop: StopLadder | None) -> ExitCause:
    stray = _CAUSE_OF_STRAY_SIGNAL.get(signal, ExitCause.CRASHED)
    if stop is None or stop.rung < Rung.TERMINATE:
        return stray
    if signal == SIGKILL and stop.rung < Rung.KILL:
        return stray
    return _pushed(stop)


def _pushed(stop: StopLadder) -> ExitCause:
    return ExitCause.WATCHDOG if stop.reason.by_watchdog else ExitCause.STUBBORN


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitView:
    """The end of one life, as far as the next one depends on it."""

    cause: ExitCause
    generation: str
    reached_running: bool = False
    healthy_for: float = 0.0
    """Seconds between its first RUNNING and its end."""
    recorded_progress: bool = False
    asked: bool = False
    """We had begun to stop it for a reason that is not its fault."""
    settled: bool = False
    """It was drained with its stop policy, and left in peace."""
    settle: bool = False
    """It was a settle life."""
    category: ErrorClass | None = None
    """Class of the error that ended it; None when nothing is known of one."""
    detail: str | None = None
    """What is known beyond the cause, in plain words; ends up in the verdict."""


def view_exit(
    worker: LiveWorker,
    cause: ExitCause,
    now: float,
    detail: str | None = None,
    category: ErrorClass | None = None,
) -> ExitView:
    """The end of `worker` at `now` for `cause`."""
    stop = worker.stop
    return ExitView(
        cause=cause,
        generation=worker.generation,
        reached_running=worker.running_since is not None,
        healthy_for=0.0 if worker.running_since is None else max(0.0, now - worker.running_since),
        recorded_progress=worker.recorded_progress,
        asked=stop is not None and not stop.reason.by_watchdog,
        settled=cause is ExitCause.DRAINED and stop is not None and stop.apply_on_stop,
        settle=worker.settle,
        category=category,
        detail=detail,
    )
