"""What is told of the running service, and the meter that takes no notice."""

from __future__ import annotations

from typing import Any, Protocol


class Meter(Protocol):
    """Told by the control loop; `committed` and `statement` by the recorder's thread, of news by the postman's."""

    @property
    def listens(self) -> bool:
        """False when telling is in vain, so that nobody prepares what nobody reads."""

    def turned(self, now: float, *, database_up: bool, started: bool, stopping: bool) -> None:
        """The control loop has taken a turn at the monotonic time `now`."""

    def fleet(self, document: dict[str, Any]) -> None:
        """The fleet as it is, as the control socket tells it."""

    def life_opened(self, bot_id: int) -> None:
        """A life was asked for."""

    def life_running(self, bot_id: int, now: float) -> None:
        """A life trades."""

    def life_closed(self, bot_id: int, cause: str, now: float) -> None:
        """A life ended."""

    def incident(self, severity: str, error_class: str) -> None:
        """An incident was recorded."""

    def entry_received(self, incarnation: int, now: float) -> None:
        """A journal entry of this life has come in."""

    def entries_acknowledged(self, incarnation: int, now: float) -> None:
        """Entries of this life were acknowledged, after their COMMIT."""

    def committed(self, entries: int, seconds: float, connections: int) -> None:
        """The ledger committed `entries` journal entries in one transaction; so many connections are in use."""

    def statement(self, seconds: float) -> None:
        """The database took so long for one statement."""

    def notified(self, channel: str, outcome: str) -> None:
        """A notification was `delivered`, `retried` or `failed`."""

    def news_waiting(self, count: int) -> None:
        """So many notifications wait."""


class SilentMeter:
    """Takes no notice of anything."""

    listens = False

    def turned(self, now: float, *, database_up: bool, started: bool, stopping: bool) -> None:
        """Nothing."""

    def fleet(self, document: dict[str, Any]) -> None:
        """Nothing."""

    def life_opened(self, bot_id: int) -> None:
        """Nothing."""

    def life_running(self, bot_id: int, now: float) -> None:
        """Nothing."""

    def life_closed(self, bot_id: int, cause: str, now: float) -> None:
        """Nothing."""

    def incident(self, severity: str, error_class: str) -> None:
        """Nothing."""

    def entry_received(self, incarnation: int, now: float) -> None:
        """Nothing."""

    def entries_acknowledged(self, incarnation: int, now: float) -> None:
        """Nothing."""

    def committed(self, entries: int, seconds: float, connections: int) -> None:
        """Nothing."""

    def statement(self, seconds: float) -> None:
        """Nothing."""

    def notified(self, channel: str, outcome: str) -> None:
        """Nothing."""

    def news_waiting(self, count: int) -> None:
        """Nothing."""


SILENT = SilentMeter()
