"""The class of error that ended a life. Pure."""

from __future__ import annotations

from common.error_class import ErrorClass, error_class_of
from common.exit_status import ExitStatus
from supervisor.reconcile.exits import FAULTS, ExitCause
from supervisor.reconcile.states import StopLadder, StopReason

_BY_STATUS: dict[int, ErrorClass] = {
    ExitStatus.BAD_SPEC: ErrorClass.CONFIGURATION,
    ExitStatus.BAD_CREDENTIALS: ErrorClass.AUTHENTICATION,
}
_ERRORS = FAULTS | {ExitCause.KILLED, ExitCause.UNKNOWN, ExitCause.STUBBORN, ExitCause.UNBORN, ExitCause.HOPELESS}


def class_of_end(
    cause: ExitCause, code: int | None, said: str | None, stop: StopLadder | None = None
) -> ErrorClass | None:
    """The class of the error that ended a life; None when it ended as it should.

    `said` is the class in its last words. A trading loop that did not move is the strategy's; whatever else
    ends a process from outside is the system's.
    """
    if cause not in _ERRORS:
        return None
    own = error_class_of(said) if cause in (ExitCause.FAILED, ExitCause.HOPELESS) else None
    if own is not None:
        return own
    if cause is ExitCause.HOPELESS:
        return _BY_STATUS.get(code or 0, ErrorClass.CONFIGURATION)
    hung = stop is not None and stop.reason is StopReason.HUNG
    return ErrorClass.STRATEGY if cause is ExitCause.WATCHDOG and hung else ErrorClass.SYSTEM
