"""Waiting for a condition with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_for(what: str, condition: Callable[[], Value | None], within: float, every: float = 0.005) -> Value:
    """Ask `condition` each `every` seconds until it answers something true. Raises TimeoutError naming `what`."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within:g} s in vain for {what}")
        time.sleep(every)
    return answer
