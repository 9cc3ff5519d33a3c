"""Which signals were seen already, so that none is followed twice."""

from __future__ import annotations

from collections.abc import Iterable

from common.trading.order import Side

REMEMBERED_IDS = 256
"""Newest ids of a bot's signals that are kept, across its lives."""


class SignalMemory:
    """Sides asked for on the current bar, and the newest ids."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._ids: dict[str, None] = dict.fromkeys(ids)
        self._sides: set[Side] = set()
        self._bar: int | None = None

    def turn_to(self, bar: int) -> None:
        """A new bar begins; what was asked for on the one before is over."""
        if bar != self._bar:
            self._bar = bar
            self._sides.clear()

    def add(self, side: Side, signal_id: str | None) -> None:
        """A signal was found sound."""
        self._sides.add(side)
        if signal_id is not None:
            self._ids[signal_id] = None
            while len(self._ids) > REMEMBERED_IDS:
                del self._ids[next(iter(self._ids))]

    def has_side(self, side: Side) -> bool:
        """Whether that side was asked for on this bar."""
        return side in self._sides

    def has_id(self, signal_id: str) -> bool:
        """Whether a signal of that id is remembered."""
        return signal_id in self._ids

    def ids(self) -> list[str]:
        """The remembered ids, oldest first."""
        return list(self._ids)
