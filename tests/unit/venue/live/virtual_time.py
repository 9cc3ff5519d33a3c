"""An asyncio loop that does not wait: when nothing is ready, its clock jumps to the next deadline."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Impatient(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits for something that will never happen")
        self.time += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at second 0."""

    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        return self._impatient.time


def run_virtually(scene: Callable[[VirtualLoop], Coroutine[Any, Any, None]]) -> None:
    """Run `scene` to its end; what an unfollowed task or callback raises is raised here."""
    loop = VirtualLoop()
    unforeseen: list[BaseException] = []
    loop.set_exception_handler(lambda _, context: unforeseen.append(context.get("exception") or Exception(context)))
    try:
        loop.run_until_complete(scene(loop))
        others = asyncio.all_tasks(loop)
        for task in others:
            task.cancel()
        if others:
            loop.run_until_complete(asyncio.wait(others))
    finally:
        loop.close()
    if unforeseen:
        raise unforeseen[0]
