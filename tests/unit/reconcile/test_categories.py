"""The class of error that ended a life."""

from __future__ import annotations

import pytest

from common.error_class import ErrorClass
from supervisor.reconcile.categories import class_of_end
from supervisor.reconcile.exits import ExitCause
from supervisor.reconcile.states import Rung, StopLadder, StopReason


@pytest.mark.parametrize(
    ("cause", "code", "said", "expected"),
    [
        (ExitCause.FAILED, 1, "strategy", ErrorClass.STRATEGY),
        (ExitCause.FAILED, 1, "network", ErrorClass.NETWORK),
        (ExitCause.FAILED, 1, "a newer class", ErrorClass.SYSTEM),
        (ExitCause.FAILED, 3, None, ErrorClass.SYSTEM),
        (ExitCause.CRASHED, None, None, ErrorClass.SYSTEM),
        (ExitCause.KILLED, None, "strategy", ErrorClass.SYSTEM),
        (ExitCause.UNBORN, None, None, ErrorClass.SYSTEM),
        (ExitCause.HOPELESS, 78, None, ErrorClass.CONFIGURATION),
        (ExitCause.HOPELESS, 78, "configuration", ErrorClass.CONFIGURATION),
        (ExitCause.HOPELESS, 77, None, ErrorClass.AUTHENTICATION),
        (ExitCause.DRAINED, 0, None, None),
        (ExitCause.FINISHED, 64, None, None),
        (ExitCause.ORPHANED, 76, None, None),
        (ExitCause.LOCKED, 75, None, None),
    ],
)
def test_an_end_has_the_class_of_its_last_words_or_of_what_was_seen(
    cause: ExitCause, code: int | None, said: str | None, expected: ErrorClass | None
) -> None:
    assert class_of_end(cause, code, said) is expected


@pytest.mark.parametrize(
    ("reason", "expected"), [(StopReason.HUNG, ErrorClass.STRATEGY), (StopReason.SILENT, ErrorClass.SYSTEM)]
)
def test_a_loop_that_hangs_is_the_strategy_s_and_a_silent_process_the_system_s(
    reason: StopReason, expected: ErrorClass
) -> None:
    stop = StopLadder(rung=Rung.KILL, since=0.0, reason=reason)
    assert class_of_end(ExitCause.WATCHDOG, None, None, stop) is expected
