"""Waiting that ends early when an exchange is being left."""

from __future__ import annotations

import asyncio


class Waiting:
    """Pauses of the tasks of one exchange. Belongs to its event loop."""

    def __init__(self) -> None:
        self._over = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return self._over.is_set()

    def end(self) -> None:
        """Let everybody who waits go on, now and from now on."""
        self._over.set()

    async def pause(self, seconds: float) -> bool:
        """Wait; True when it was cut short by the end."""
        if seconds > 0.0:
            try:
                await asyncio.wait_for(self._over.wait(), seconds)
            except TimeoutError:
                return False
        return self._over.is_set()
