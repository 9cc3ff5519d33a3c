"""What was asked of the exchange, for those who compare it with what a bot believes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_SECRET = ("signature", "apiKey")


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request. Times in ms since the epoch."""

    number: int
    kind: str
    over: str
    """rest or websocket."""
    at: int
    params: dict[str, str]
    account: str | None = None
    fault: str | None = None
    """What went wrong by intention."""
    acted: bool = False
    """Whether the exchange carried it out."""
    status: int | None = None
    """HTTP status of the answer; None: none was given."""
    code: int | None = None
    """The exchange's number of a refusal."""
    answered_at: int | None = None


class RequestLog:
    """The newest 20 000."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=20_000)
        self._count = 0

    def begin(self, kind: str, over: str, params: Mapping[str, str], at: int) -> Entry:
        """Note a request when it arrives."""
        self._count += 1
        shown = {name: value for name, value in params.items() if name not in _SECRET}
        entry = Entry(number=self._count, kind=kind, over=over, at=at, params=shown)
        self._entries.append(entry)
        return entry

    def shown(self, since: int = 0) -> list[dict[str, Any]]:
        """Those with a number above `since`, oldest first."""
        return [asdict(entry) for entry in self._entries if entry.number > since]
