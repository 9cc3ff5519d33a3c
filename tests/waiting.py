"""Waiting for a thing with a deadline, never for a time: the one patience of all tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that a healthy but very busy machine may take for anything that is expected at once."""


def wait_until(what: str, condition: Callable[[], T], within: float = PATIENCE, pause: float = 0.02) -> T:
    """The first truthy answer of `condition`; AssertionError naming `what` and the last answer when there is none."""
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {within:g} s; last answer {answer!r}")
        time.sleep(pause)


def holds_for(seconds: float, what: str, condition: Callable[[], object]) -> None:
    """`condition` stays truthy for `seconds`: how an absence is observed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        assert answer, f"{what}: no longer so ({answer!r})"
        time.sleep(0.05)
