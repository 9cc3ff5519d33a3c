"""Bots whose writes wait because somebody else has locked their rows, and when each is tried again."""

from __future__ import annotations

from collections.abc import Iterable

from loguru import logger

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0

EVERYBODY = None
"""In place of a bot: a lock that holds up all of them, on a whole table for one."""


class Holds:
    """Pauses that grow while a lock lasts. Times are monotonic seconds. Not safe for two threads."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._pauses: dict[int | None, float] = {}
        self._due: dict[int | None, float] = {}

    def hold(self, bots: Iterable[int | None], now: float) -> None:
        """These met a lock just now."""
        for bot in bots:
            if bot not in self._pauses:
                self._tell(bot)
            self._pauses[bot] = min(_LONGEST_PAUSE, self._pauses.get(bot, _FIRST_PAUSE / 2) * 2)
            self._due[bot] = now + self._pauses[bot]

    def free(self, bots: Iterable[int | None]) -> None:
        """These were written: nothing is in their way any more."""
        for bot in bots:
            if self._pauses.pop(bot, None) is not None:
                del self._due[bot]
                logger.bind(bot_id=bot).info(
                    "the lock on rows of {} is gone; its {} are written", _name(bot), self._what
                )

    def held(self, now: float) -> frozenset[int | None]:
        """Those that are not to be tried yet."""
        return frozenset(bot for bot, due in self._due.items() if due > now)

    def __contains__(self, bot: int | None) -> bool:
        """Whether it met a lock and has not been written since."""
        return bot in self._pauses

    def next_due(self) -> float | None:
        """When the first of them is tried again; None when nobody is held."""
        return min(self._due.values(), default=None)

    def _tell(self, bot: int | None) -> None:
        logger.bind(bot_id=bot).warning(
            "another session has locked rows of {}: its {} wait for the end of that transaction", _name(bot), self._what
        )


def _name(bot: int | None) -> str:
    return "all bots" if bot is EVERYBODY else f"bot {bot}"
