"""What a source of bars is, and which one a bot's data section names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from common.errors import ConfigurationError
from common.spec import DataSpec
from worker.feeds.bar import Bar
from worker.feeds.file import FileReplay
from worker.feeds.simulated import SimulatedMarket


class Source(Protocol):
    """A numbered sequence of closed bars that is the same each time it is read."""

    @property
    def length(self) -> int | None:
        """Number of bars; None when there is no end."""

    @property
    def warm_up_limit(self) -> int | None:
        """How many bars before a point are enough to warm up on; None: all of them."""

    @property
    def live_from(self) -> int | None:
        """Number of the first bar that may be traded in a market that goes on by itself; None: a recorded one."""

    def rows_until(self, moment: datetime) -> int:
        """How many bars have a timestamp (their open) at or before `moment` (aware UTC)."""

    def bars(self, start: int = 0) -> Iterator[Bar]:
        """The bars from number `start` on."""


def open_source(data: DataSpec) -> Source:
    """The source that `data` names. Raises ConfigurationError when it cannot be read."""
    if data.source == "exchange":
        raise ConfigurationError("the candles of an exchange are not recorded: name a file, or 'simulated'")
    return FileReplay.load(data) if data.source == "file" else SimulatedMarket(data)
